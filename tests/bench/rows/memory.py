"""Memory: what the sidecar has resident over 100,000 requests and over a 1 GB upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.client import Client, Door, expect_200, is_whole, request
from tests.bench.phantom import hold
from tests.bench.processes import BenchError, pinned, resident_bytes
from tests.bench.rows.load import burst
from tests.bench.table import Row, mebibytes

if TYPE_CHECKING:
    from tests.bench.ground import Ground
    from tests.bench.phantom import Held

PIECE = bytes(1 << 20)
FLAT_BYTES = 2 << 20  # what the allocator may keep and still be called flat
WARM_REQUESTS = 1_000  # over as many connections as there will be: each has its buffers
LIMIT = "≤ 40"


def measure(ground: Ground) -> list[Row]:
    held = hold(ground, ground.upstream_port, on=ground.cores.proxy)
    door = Door("phantomrun", held.port, held.prefix, held.phantom, held.sidecar)
    with Client(door) as client:
        expect_200(client.exchange(request(door))[1], door.name)
    fresh, _ = _resident(held)
    warm = _soak(ground, door, WARM_REQUESTS)
    before, _ = _resident(held)
    made = _soak(ground, door, ground.size.soak_requests)
    after, highest = _resident(held)
    ground.stage.stop(held.process)
    what = f"after 1, {warm:,} and {warm + made:,} requests"
    return [_row(what, [fresh, before, after], highest), _upload_row(ground)]


def _soak(ground: Ground, door: Door, wanted: int) -> int:
    made = 0
    while made < wanted:
        made += burst(ground, door, 1).requests
    return made


def _upload_row(ground: Ground) -> Row:
    held = hold(ground, ground.stream_port, on=ground.cores.proxy)
    door = Door("phantomrun", held.port, held.prefix, held.phantom)
    length = ground.size.upload_bytes
    with pinned(ground.cores.load), Client(door) as client:
        _upload(client, len(PIECE))
        before, _ = _resident(held)
        _upload(client, length)
    after, highest = _resident(held)
    ground.stage.stop(held.process)
    return _row(f"before and after a {length >> 20:,} MB upload", [before, after], highest)


def _upload(client: Client, length: int) -> None:
    """Send a body and see that the upstream counted every byte of it."""
    extra = f"Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n"
    client.send(request(client.door, method="POST", path="/v1/files", extra=extra))
    for _ in range(length // len(PIECE)):
        client.send(PIECE)
    answer = b""
    while not is_whole(answer):
        answer += client.receive()
    if b'{"bytes":%d}' % length not in answer:
        raise BenchError(f"the upload of {length} bytes ended in {answer[:300]!r}")


def _resident(held: Held) -> tuple[int, int]:
    sizes = [resident_bytes(pid) for pid in held.sidecar]
    return sum(now for now, _ in sizes), sum(most for _, most in sizes)


def _row(what: str, sizes: list[int], highest: int) -> Row:
    """Say what was resident at each point; flat is what did not grow between the last two."""
    grown = sizes[-1] - sizes[-2]
    steady = "flat" if grown <= FLAT_BYTES else f"**grew {mebibytes(grown)}**"
    return Row(
        f"sidecar's resident memory {what}",
        ", ".join(mebibytes(size) for size in sizes),
        "itself",
        f"{steady}, {mebibytes(highest)} at most",
        LIMIT,
        "MB at most",
        highest / 2**20,
    )
