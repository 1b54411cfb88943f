"""doctor: look for what is wrong here, and say how to mend it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from phantomrun.cli import checkup, surroundings
from phantomrun.cli.invocation import Invocation, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from phantomrun.cli.finding import Finding

COLOURS = {"ok": "green", "warn": "yellow", "FAIL": "red"}


@verb("doctor")
@click.pass_obj
def command(asked: Invocation) -> int:
    """Look for what is wrong here, and say how to mend it; exit 1 if something has to be.

    Opens the vault if it may, names only variables and secrets, and never shows a value.
    """
    problems = warnings = 0
    for finding in _findings(asked):
        problems += finding.level == "FAIL"
        warnings += finding.level == "warn"
        _tell(asked, finding)
    if not asked.json:
        asked.terminal.out(_sum(problems, warnings))
    return 1 if problems else 0


def _findings(asked: Invocation) -> Iterator[Finding]:
    scene, about_vault = checkup.vault(asked)
    yield from about_vault
    yield from checkup.providers(asked, scene)
    yield from surroundings.project(asked, scene)
    yield from surroundings.credentials(asked, scene)
    yield from surroundings.base_urls(asked, scene)
    yield from surroundings.dotenv_file(asked, scene)
    yield from surroundings.proxies(asked)
    yield from checkup.leftovers(asked, os.getcwd())
    yield from checkup.kernel()
    yield from checkup.start_up(asked, scene)


def _tell(asked: Invocation, finding: Finding) -> None:
    if asked.json:
        asked.terminal.object("doctor", finding._asdict())
        return
    asked.terminal.mark(finding.level, finding.what, colour=COLOURS[finding.level])
    if finding.fix:
        asked.terminal.out(f"      fix   {finding.fix}")


def _sum(problems: int, warnings: int) -> str:
    counted = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((problems, "problem"), (warnings, "warning"))
        if count
    ]
    return (", ".join(counted) or "No problems") + "."
