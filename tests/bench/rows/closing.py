"""Closing: how long after the command's end its port still accepts connections."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.bench.client import Client, Door, expect_200, request
from tests.bench.ground import is_open
from tests.bench.phantom import BASE_URL_NAME, Held, first_line, hold, key_file_vault, program
from tests.bench.processes import STOP_S, BenchError, await_orphans, polls, required
from tests.bench.stats import median, worst_of
from tests.bench.table import Row, millis

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.ground import Ground

LIMIT = "≤ 20"


def measure(ground: Ground) -> list[Row]:
    ways: dict[str, Callable[[Ground], int]] = {
        "ends by itself": lambda ground: _held(ground, _ends),
        "is killed with -9": lambda ground: _held(ground, _is_killed),
        "ends at once (`printenv`)": _ends_at_once,
    }
    rows = []
    for way, once in ways.items():
        samples = []
        for _ in range(ground.size.closings):
            samples.append(once(ground))
            await_orphans(ground.stage.pids())
        rows.append(_row(way, samples))
    return rows


def _held(ground: Ground, end: Callable[[Held], None]) -> int:
    """End a run that has served a request; return how long its port outlived the command, in ns."""
    held = hold(ground, ground.upstream_port, on=frozenset(os.sched_getaffinity(0)))
    door = Door("phantomrun", held.port, held.prefix, held.phantom)
    with Client(door) as client:
        expect_200(client.exchange(request(door))[1], door.name)
        watch = os.pidfd_open(held.process.pid)
        end(held)
        over = _ended_ns(watch)
        elapsed = _closed_ns(held.port) - over
    ground.stage.stop(held.process)
    return elapsed


def _ends(held: Held) -> None:
    assert held.process.stdin is not None
    held.process.stdin.close()


def _is_killed(held: Held) -> None:
    held.process.send_signal(signal.SIGKILL)


def _ends_at_once(ground: Ground) -> int:
    process = ground.stage.start(
        [program(), "--", required("printenv"), BASE_URL_NAME],
        on=frozenset(os.sched_getaffinity(0)),
        environ=key_file_vault(ground, ground.upstream_port),
        stdout=subprocess.PIPE,
    )
    watch = os.pidfd_open(process.pid)
    over = _ended_ns(watch)
    port = urlsplit(first_line(process, "phantomrun").decode().strip()).port
    assert port is not None
    elapsed = _closed_ns(port) - over
    ground.stage.stop(process)
    return elapsed


def _ended_ns(watch: int) -> int:
    """Return the moment at which the kernel says that the process has ended."""
    ready, _, _ = select.select([watch], [], [], STOP_S)
    now = time.perf_counter_ns()
    os.close(watch)
    if not ready:
        raise BenchError("the command did not end")
    return now


def _closed_ns(port: int) -> int:
    for _ in polls(STOP_S, what=f"port {port} stayed open", every_s=0.0001):
        if not is_open(port):
            return time.perf_counter_ns()
    raise BenchError("unreachable")


def _row(way: str, samples: list[int]) -> Row:
    tail = worst_of(samples, 0.99)
    return Row(
        f"port closed after the command {way}",
        f"{millis(median(samples))}, p99 {millis(tail)}",
        f"its end ({len(samples)} times)",
        f"{millis(max(samples))} at most",
        LIMIT,
        "ms p99",
        tail / 1e6,
    )
