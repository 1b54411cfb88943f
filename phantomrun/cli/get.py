"""get: show one value to the person at the terminal, and to nobody else."""

from __future__ import annotations

import os
import sys

import click

from phantomrun.cli import access, ask, names
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import PolicyError


@verb("get")
@click.argument("name", metavar="NAME")
@click.pass_obj
def command(asked: Invocation, name: str) -> int:
    """Show a secret's value, on a terminal only and after asking."""
    _refuse_programs(asked)
    vault = access.opened(asked)
    record = vault.records.get(name)
    if record is None:
        raise names.unknown(name, vault.records)
    if not ask.confirmed(f"Show the real value of {name} on this screen?"):
        asked.terminal.note("Nothing was shown.")
        return 1
    show(record.value.reveal())
    return 0


def show(value: bytes) -> None:
    """Write a value to the terminal, whatever stdout is by now."""
    fd = os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        os.write(fd, value + b"\n")
    finally:
        os.close(fd)


def _refuse_programs(asked: Invocation) -> None:
    """Refuse whoever is not a person: a value shown to a program is a value in a file."""
    if asked.environ.get("PHANTOMRUN"):
        raise PolicyError(
            "a run never gets to see a real value",
            hint="phantomrun get in a terminal outside of the run",
            code="PR-INSIDE",
        )
    if not (ask.possible(asked) and sys.stdin.isatty() and sys.stdout.isatty()):
        raise PolicyError(
            "a real value is shown to a person at a terminal only",
            hint="a program gets a phantom: phantomrun -- CMD",
            code="PR-NOTTY",
        )
