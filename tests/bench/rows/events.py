"""Server-sent events: how much later each one arrives through phantomrun than straight."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.bench.client import Client, Door, request
from tests.bench.phantom import hold
from tests.bench.processes import BenchError, pinned
from tests.bench.stats import differences, median, spread, worst_of
from tests.bench.table import Row, micros

if TYPE_CHECKING:
    from tests.bench.ground import Ground

GAP_US = 2000  # between two events: 500 a second, well above any model's token rate
STAMP = re.compile(rb'"t":(\d+),')


def measure(ground: Ground) -> list[Row]:
    held = hold(ground, ground.stream_port, on=ground.cores.proxy)
    ours = Door("phantomrun", held.port, held.prefix, held.phantom)
    direct = Door("direct TLS", ground.stream_port, "", ground.secret, ca_file=ground.ca_file)
    delays: dict[str, list[list[float]]] = {ours.name: [], direct.name: []}
    with pinned(ground.cores.load), Client(ours) as through, Client(direct) as straight:
        for number in range(ground.size.streams + 1):
            for client in (through, straight):
                sample = _delays_ns(client, ground.size.events)
                if number > 0:  # the first pair warms up
                    delays[client.door.name].append(sample)
    ground.stage.stop(held.process)
    return [_row(share, delays[ours.name], delays[direct.name]) for share in (0.5, 0.99)]


def _delays_ns(client: Client, count: int) -> list[float]:
    """Read one stream; a delay is the time from an event's stamp to its last byte here."""
    client.send(request(client.door, path=f"/v1/events?count={count}&gap_us={GAP_US}"))
    delays: list[float] = []
    buffer = b""
    while not buffer.endswith(b"0\r\n\r\n"):
        data = client.receive()
        now = time.monotonic_ns()
        buffer += data
        *whole, rest = buffer.split(b"\n\n")
        for event in whole:
            stamp = STAMP.search(event)
            if stamp is not None:
                delays.append(now - int(stamp[1]))
        buffer = rest
    if len(delays) != count:
        raise BenchError(f"{client.door.name} delivered {len(delays)} of {count} events")
    return delays


def _row(share: float, ours: list[list[float]], direct: list[list[float]]) -> Row:
    mine = [worst_of(stream, share) for stream in ours]
    other = [worst_of(stream, share) for stream in direct]
    added = differences(mine, other)
    low, middle, high = spread(added)
    return Row(
        f"delay of an event (SSE), p{share * 100:.0f}",
        micros(median(mine)),
        f"direct TLS {micros(median(other))}",
        f"+{micros(middle)} ({micros(low)}-{micros(high)})",
        "≤ 1000" if share > 0.5 else "",
        "µs added",
        middle / 1e3,
    )
