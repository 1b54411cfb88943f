"""`python -m tests.bench`: measure, and print one Markdown table."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from tests.bench import sizes
from tests.bench.doors import open_all
from tests.bench.ground import lay
from tests.bench.processes import BenchError, Stage, machine_busy_s, own_s, required
from tests.bench.remarks import remarks
from tests.bench.rows import closing, events, load, memory, requests, start
from tests.bench.table import Row, markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.doors import Doors
    from tests.bench.ground import Ground
    from tests.bench.sizes import Size

ALONE: dict[str, Callable[[Ground], list[Row]]] = {
    "start": start.measure,
    "closing": closing.measure,
    "events": events.measure,
    "memory": memory.measure,
}
BESIDE: dict[str, Callable[[Ground, Doors], list[Row]]] = {
    "requests": requests.measure,
    "load": load.measure,
}
ROWS = ("start", "requests", "load", "events", "memory", "closing")


def main() -> int:
    chosen = _options().parse_args()
    size: Size = chosen.size
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(size.limit_s)
    wanted = [chosen.only] if chosen.only else list(ROWS)
    try:
        report = _measured(size, wanted)
    except (BenchError, OSError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    sys.stdout.write(report)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    amount = parser.add_mutually_exclusive_group()
    for name in ("smoke", "quick", "full"):
        amount.add_argument(
            f"--{name}", dest="size", action="store_const", const=getattr(sizes, name.upper())
        )
    parser.set_defaults(size=sizes.FULL)
    parser.add_argument("--only", metavar="ROW", choices=list(ROWS))
    return parser


def _measured(size: Size, wanted: list[str]) -> str:
    """Measure the wanted rows, alone ones first, and return the table in the order of ROWS."""
    begun, busy_s, own = time.monotonic(), machine_busy_s(), own_s()
    for program in ("nginx", "wrk"):
        required(program)
    found: dict[str, list[Row]] = {}
    doors: Doors | None = None
    with tempfile.TemporaryDirectory(prefix="phantomrun-bench-") as folder, Stage() as stage:
        ground = lay(stage, folder, size=size)
        for name in [name for name in wanted if name in ALONE]:
            found[name] = ALONE[name](ground)
        for name in [name for name in wanted if name in BESIDE]:
            doors = doors or open_all(ground)
            found[name] = BESIDE[name](ground, doors)
    took_s = time.monotonic() - begun
    others_s = max(0.0, machine_busy_s() - busy_s - (own_s() - own))
    below = remarks(ground, doors, took_s=took_s, others=others_s / took_s / (os.cpu_count() or 1))
    return f"{markdown([row for name in ROWS for row in found.get(name, [])])}\n\n{below}\n"


def _out_of_time(*_: object) -> None:
    raise BenchError("out of time")


if __name__ == "__main__":
    sys.exit(main())
