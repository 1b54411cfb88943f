"""Start-up: `phantomrun -- true` against a bare interpreter, from spawn to exit."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from tests.bench.phantom import key_file_vault, passphrase_vault, program
from tests.bench.processes import BenchError, await_orphans, required
from tests.bench.stats import median, ratios
from tests.bench.table import Row, millis, ratio_cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.ground import Ground

BARE = "`python -I -c pass`"


def measure(ground: Ground) -> list[Row]:
    vaults = {
        "key file": (key_file_vault(ground, ground.upstream_port), "≤ 5"),
        "passphrase, default Argon2id": (passphrase_vault(ground), ""),
    }
    return [_row(ground, kind, *vault) for kind, vault in vaults.items()]


def _row(ground: Ground, kind: str, environ: Mapping[str, str], limit: str) -> Row:
    ours: list[float] = []
    bare: list[float] = []
    for turn in range(ground.size.starts + 1):
        mine = _wall_ns([program(), "--", required("true")], environ)
        await_orphans(ground.stage.pids())
        other = _wall_ns([sys.executable, "-I", "-c", "pass"], environ)
        if turn > 0:  # the first pair fills the page cache
            ours.append(mine)
            bare.append(other)
    each = ratios(ours, bare)
    return Row(
        f"`phantomrun -- true`, {kind}",
        millis(median(ours)),
        f"{BARE} {millis(median(bare))}",
        ratio_cell(each),
        limit,
        "x",
        median(each),
    )


def _wall_ns(command: list[str], environ: Mapping[str, str]) -> int:
    start = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, environ)
    _, status = os.waitpid(pid, 0)
    elapsed = time.perf_counter_ns() - start
    if status != 0:
        raise BenchError(f"{command[0]} ended with status {status}")
    return elapsed
