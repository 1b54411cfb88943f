"""list: the secrets' names, whose they are and where they may go; never a value."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING

import click

from phantomrun.cli import access, here
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from phantomrun.core.record import Record

HEADS = ("NAME", "PROVIDER", "UPSTREAM", "ADDED", "CHANGED", "HERE")
_UNITS = (
    ("year", 365 * 86_400),
    ("month", 30 * 86_400),
    ("week", 7 * 86_400),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
)


@verb("list")
@click.pass_obj
def command(asked: Invocation) -> int:
    """Show the secrets: name, provider, upstream, when they were added and changed.

    HERE says whether a run in this directory gets it: the project file decides, and without
    one a run gets them all.
    """
    records = access.opened(asked).records
    ordered = [records[name] for name in sorted(records)]
    wanted = _wanted(asked)
    if asked.json:
        for record in ordered:
            asked.terminal.object("list", _fields(record, here=wanted(record.name)))
        return 0
    if not ordered:
        asked.terminal.note("The vault is empty. Next: phantomrun set OPENAI_API_KEY")
        return 0
    now = time.time()
    asked.terminal.table(
        HEADS,
        [
            (
                record.name,
                record.provider,
                record.upstream + (" (own CA)" if record.ca_pem else ""),
                age(now - record.created),
                age(now - record.changed),
                {True: "yes", False: "-", None: "?"}[wanted(record.name)],
            )
            for record in ordered
        ],
    )
    return 0


def age(seconds: float) -> str:
    """Return how long ago that is, in its largest unit."""
    for unit, length_s in _UNITS:
        count = int(seconds // length_s)
        if count > 0:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _wanted(asked: Invocation) -> Callable[[str], bool | None]:
    """Return what tells whether a run here gets a secret; None if the project file is broken."""
    try:
        manifest = here.manifest(asked)
    except Failure as failure:
        asked.terminal.report(failure)
        return lambda name: None
    if manifest is None:
        return lambda name: True
    listed = {want.vault_name for want in manifest.secrets.values()}
    return lambda name: name in listed


def _fields(record: Record, *, here: bool | None) -> dict[str, object]:
    return {
        "name": record.name,
        "provider": record.provider,
        "upstream": record.upstream,
        "ca_file": bool(record.ca_pem),
        "created": _instant(record.created),
        "changed": _instant(record.changed),
        "here": here,
    }


def _instant(seconds: int) -> str:
    when = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
