"""Transcripts: what a person types and sees, kept as text and run for real.

    $ command            run by sh, in the same directory as the one before
    > more               the command goes on
    expected output      standard output and error together; `...` stands for anything
    ? 3                  the exit code, where it is not 0

Everything before the first `$` is prose, and so is a paragraph that begins with `#`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPTS = os.path.dirname(sys.executable)
DEADLINE_S = 60.0
_EXPORT = re.compile(r"export ([A-Z_]+)=(.*)")
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """One command, and what it must print and end with."""

    line: int
    command: str
    expected: str
    code: int


def parse(text: str) -> list[Step]:
    """Return the steps of a transcript."""
    steps: list[Step] = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        last = steps[-1] if steps else None
        if line.startswith("$ "):
            steps.append(Step(number, line[2:], "", 0))
        elif last is None or (line.startswith("# ") and not lines[number - 2]):
            continue
        elif line.startswith("> ") and not last.expected:
            steps[-1] = last._replace(command=f"{last.command}\n{line[2:]}")
        elif re.fullmatch(r"\? -?\d+", line):
            steps[-1] = last._replace(code=int(line[2:]))
        else:
            steps[-1] = last._replace(expected=f"{last.expected}{line}\n")
    return [step._replace(expected=step.expected.rstrip("\n")) for step in steps]


def consoles(markdown: str) -> list[str]:
    """Return the transcripts in a Markdown file: its ```console blocks."""
    return _CONSOLE.findall(markdown)


def agrees(expected: str, seen: str) -> bool:
    """Return whether the output is what was expected; `...` stands for anything."""
    pattern = "".join(
        ".*" if part == "..." else re.escape(part) for part in re.split(r"(\.\.\.)", expected)
    )
    return re.fullmatch(pattern, seen.rstrip("\n"), re.DOTALL) is not None


class Stage:
    """An empty home, in which one transcript is played."""

    def __init__(self, root: Path) -> None:
        self.cwd = root / "home" / "shop"
        self.cwd.mkdir(parents=True)
        self.environ = {
            "PATH": f"{SCRIPTS}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(root / "home"),
            "TMPDIR": str(root),
        }

    def play(self, text: str) -> Iterator[tuple[Step, str, int]]:
        """Run the steps one after the other: each with what it printed and ended with."""
        for step in parse(text):
            exported = _EXPORT.fullmatch(step.command)
            if exported:
                self.environ[exported[1]] = os.path.expandvars(exported[2])
                continue
            done = subprocess.run(
                ["/bin/sh", "-c", step.command],
                cwd=self.cwd,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # no terminal to ask on
                check=False,
                timeout=DEADLINE_S,
            )
            yield step, done.stdout.decode("utf-8", "replace"), done.returncode
