"""One keep-alive connection: the median time of a request, through every door in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.client import Client, Door, expect_200, request
from tests.bench.doors import NGINX, OURS
from tests.bench.processes import pinned
from tests.bench.stats import median, ratios, turns
from tests.bench.table import Row, absent, micros, ratio_cell

if TYPE_CHECKING:
    from tests.bench.doors import Doors
    from tests.bench.ground import Ground

WHAT = "request p50, 1 connection"
WARM_REQUESTS = 50


def measure(ground: Ground, doors: Doors) -> list[Row]:
    medians: dict[str, list[float]] = {door.name: [] for door in doors.open}
    with pinned(ground.cores.load):
        for number in range(ground.size.rounds):
            for turn in turns(len(doors.open), number):
                door = doors.open[turn]
                medians[door.name].append(_round_ns(door, ground.size.requests))
    rows = [_row(door, medians) for door in doors.open if door.name != OURS]
    return rows + [absent(WHAT, *peer) for peer in doors.missing.items()]


def _round_ns(door: Door, count: int) -> float:
    """Return the median of a round on a connection of its own, after a few requests to warm it.

    Servers close what is idle for long (Node.js after 5 s), so none is kept between rounds.
    """
    with Client(door) as client:
        _p50_ns(client, WARM_REQUESTS)
        return _p50_ns(client, count)


def _p50_ns(client: Client, count: int) -> float:
    wanted = request(client.door)
    samples = []
    for _ in range(count):
        elapsed, answer = client.exchange(wanted)
        expect_200(answer, client.door.name)
        samples.append(elapsed)
    return median(samples)


def _row(door: Door, medians: dict[str, list[float]]) -> Row:
    each = ratios(medians[OURS], medians[door.name])
    return Row(
        WHAT,
        micros(median(medians[OURS])),
        f"{door.name} {micros(median(medians[door.name]))}",
        ratio_cell(each),
        "≤ 1.5" if door.name == NGINX else "",
        "x",
        median(each),
    )
