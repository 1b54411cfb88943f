"""32 connections under wrk: requests per second, and what a request costs the proxy's processor."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.doors import NGINX, OURS
from tests.bench.ground import await_listener, free_port
from tests.bench.processes import BenchError, cpu_s, pinned, required
from tests.bench.stats import median, ratios, turns
from tests.bench.table import Row, absent, ratio_cell

if TYPE_CHECKING:
    from tests.bench.client import Door
    from tests.bench.doors import Doors
    from tests.bench.ground import Ground

WHAT = "requests/s, 32 connections"
COST = "proxy's processor time per request, 32 connections"
CONNECTIONS = 32


class Score(NamedTuple):
    """What one burst of wrk brought."""

    requests: int
    per_s: float
    cpu_us: float  # the proxy's processor time per request


def measure(ground: Ground, doors: Doors) -> list[Row]:
    if ground.size.load_s > 1:
        for door in doors.open:
            burst(ground, door, 1)  # connections up, caches warm
    scores: dict[str, list[Score]] = {door.name: [] for door in doors.open}
    for number in range(ground.size.load_rounds):
        for turn in turns(len(doors.open), number):
            door = doors.open[turn]
            scores[door.name].append(burst(ground, door, ground.size.load_s))
    others = [door for door in doors.open if door.name != OURS]
    rows = [_rate_row(door, scores) for door in others]
    rows += [absent(WHAT, *peer) for peer in doors.missing.items()]
    return rows + [_cost_row(door, scores) for door in others if door.pids]


def burst(ground: Ground, door: Door, seconds: int) -> Score:
    """Run wrk once through a door; anything but 200 is an error, not a sample."""
    port = _plain_port(ground, door)
    scheme = "https" if door.ca_file else "http"
    command = [required("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-H", f"Authorization: Bearer {door.credential}"]
    command += [f"{scheme}://127.0.0.1:{port}{door.prefix}/v1/models"]
    before = cpu_s(set(door.pids))
    with pinned(ground.cores.load):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + 30, check=False
        )
    used = cpu_s(set(door.pids)) - before
    requests, per_s = parsed(done.stdout, door.name)
    return Score(requests, per_s, used * 1e6 / requests)


def parsed(report: str, name: str) -> tuple[int, float]:
    if "Non-2xx" in report or "Socket errors" in report:
        raise BenchError(f"{name} failed under load: {report.strip()}")
    requests = re.search(r"(\d+) requests in", report)
    per_s = re.search(r"Requests/sec:\s*([\d.]+)", report)
    if requests is None or per_s is None or int(requests[1]) == 0:
        raise BenchError(f"{name}: wrk reported nothing: {report.strip()}")
    return int(requests[1]), float(per_s[1])


_relays: dict[int, int] = {}


def _plain_port(ground: Ground, door: Door) -> int:
    """Return a port that wrk, which knows no forward proxies, can use: socat asks for the tunnel.

    The sandbox-runtime puts two socats between its command and its proxy on Linux; this is one.
    """
    if not door.tunnel_port:
        return door.port
    if door.tunnel_port not in _relays:
        port = free_port()
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=128"
        tunnel = f"PROXY:127.0.0.1:127.0.0.1:{door.port},proxyport={door.tunnel_port},nodelay"
        auth = f",proxyauth=srt:{door.tunnel_token}"
        ground.stage.start([required("socat"), listen, tunnel + auth], on=ground.cores.load)
        await_listener(ground.stage, port)
        _relays[door.tunnel_port] = port
    return _relays[door.tunnel_port]


def _rate_row(door: Door, scores: dict[str, list[Score]]) -> Row:
    ours, theirs = ([score.per_s for score in scores[name]] for name in (OURS, door.name))
    each = ratios(ours, theirs)
    return Row(
        WHAT,
        f"{median(ours):,.0f}",
        f"{door.name} {median(theirs):,.0f}",
        ratio_cell(each),
        "≥ 0.7" if door.name == NGINX else "",
        "x",
        median(each),
    )


def _cost_row(door: Door, scores: dict[str, list[Score]]) -> Row:
    ours, theirs = ([score.cpu_us for score in scores[name]] for name in (OURS, door.name))
    return Row(
        COST,
        f"{median(ours):.0f} µs",
        f"{door.name} {median(theirs):.0f} µs",
        ratio_cell(ratios(ours, theirs)),
    )
