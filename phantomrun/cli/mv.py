"""mv: give a secret another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from phantomrun.cli import access, names
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from phantomrun.core.record import Record


@verb("mv")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.pass_obj
def command(asked: Invocation, old: str, new: str) -> int:
    """Rename a secret; where it may go stays as it is."""
    names.checked(new)

    def renamed(records: dict[str, Record]) -> dict[str, Record]:
        if old not in records:
            raise names.unknown(old, records)
        if new in records:
            raise ConfigError(
                f"{new} is in the vault already", hint=f"phantomrun rm {new}", code="PR-EXISTS"
            )
        records[new] = records.pop(old)._replace(name=new)
        return records

    access.opened(asked).change(renamed)
    asked.terminal.note(f"Renamed {old} to {new}.")
    return 0
