"""rm: remove secrets from the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from phantomrun.cli import access, ask, here, names
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.tty import NoTerminal

if TYPE_CHECKING:
    from phantomrun.core.record import Record


@verb("rm")
@click.argument("wanted", nargs=-1, required=True, metavar="NAME…")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(asked: Invocation, wanted: tuple[str, ...], yes: bool) -> int:
    """Remove secrets; all of them, or none if one is unknown."""
    if not yes and not ask.possible(asked):
        raise NoTerminal("there is nobody to confirm it", hint="phantomrun rm --yes NAME")
    vault = access.opened(asked)
    for name in wanted:
        if name not in vault.records:
            raise names.unknown(name, vault.records)
    if not yes and not ask.confirmed(f"Remove {', '.join(wanted)} from the vault for good?"):
        asked.terminal.note("Nothing was removed.")
        return 1

    def without(records: dict[str, Record]) -> dict[str, Record]:
        return {name: record for name, record in records.items() if name not in wanted}

    vault.change(without)
    asked.terminal.note(f"Removed {', '.join(wanted)}.")
    manifest = here.manifest(asked)
    if manifest:
        listed = [name for name in wanted if name in manifest.secrets]
        if listed:
            where = here.spoken(manifest.where)
            asked.terminal.note(f"{where} still lists {', '.join(listed)}.")
    return 0
