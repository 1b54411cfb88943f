"""providers: which services are known, how each is reached, and how well that was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from phantomrun import catalogue
from phantomrun.cli.binding import Known
from phantomrun.cli.invocation import Invocation, verb

if TYPE_CHECKING:
    from phantomrun.core.provider import Provider, Slot

HEADS = ("NAME", "TITLE", "HOW", "GRADE", "VARIABLES")
HOW = {
    "base-url": "base URL",
    "port": "own port",
    "intercept": "not yet: interception",
    "sign": "not yet: signing",
    "wire": "not yet: a wire",
}


@verb("providers")
@click.argument("name", required=False, metavar="[NAME]")
@click.pass_obj
def command(asked: Invocation, name: str | None) -> int:
    """Show every service we know, or all about one.

    GRADE says how its facts were checked: sdk-source is the vendor's own client, docs the
    vendor's documentation, peer-catalogue what other tools of this kind know. Your own files in
    the configuration directory come first.
    """
    known = Known(asked.provider_dir)
    if name is not None:
        provider = known.load(name)
        if asked.json:
            asked.terminal.object("provider", fields(provider))
        else:
            _show(asked, provider)
        return 0
    for provider in known.providers if asked.json else ():
        asked.terminal.object("provider", fields(provider))
    if not asked.json:
        asked.terminal.table(HEADS, [_row(provider) for provider in known.providers])
    for failure in known.broken:
        asked.terminal.report(failure)
    return 1 if known.broken else 0


def fields(provider: Provider) -> dict[str, object]:
    """Return what --json says of a provider."""
    return {
        "name": provider.name,
        "title": provider.title,
        "way": provider.way,
        "usable": provider.usable,
        "grade": provider.grade,
        "checked": provider.checked,
        "source": provider.source,
        "secrets": list(provider.secrets),
        "upstream": provider.upstream,
        "points": dict(provider.points),
        "slots": [spoken_slot(slot) for slot in provider.slots],
        "prefixes": list(provider.shape.prefixes),
        "note": provider.note,
    }


def spoken_slot(slot: Slot) -> str:
    """Return where a credential stands, as a person would write it."""
    match slot.kind:
        case "header":
            return f"{slot.name}: {slot.scheme}…"
        case "basic":
            return f"authorization: Basic, the {slot.name}"
        case "query":
            return f"?{slot.name}=…"
        case "path":
            return f"{slot.scheme}…"


def _row(provider: Provider) -> tuple[str, ...]:
    return (
        provider.name,
        provider.title,
        HOW[provider.way],
        provider.grade,
        ", ".join(provider.secrets),
    )


def _show(asked: Invocation, provider: Provider) -> None:
    rows = [
        ("title", provider.title),
        ("how", HOW[provider.way]),
        ("secrets", ", ".join(provider.secrets)),
        ("upstream", provider.upstream or ("give --upstream URL" if provider.usable else "")),
        *(("sets", f"{name}={template}") for name, template in provider.points.items()),
        *(("slot", spoken_slot(slot)) for slot in provider.slots),
        ("prefixes", ", ".join(provider.shape.prefixes)),
        ("grade", f"{provider.grade}, {provider.checked}"),
        ("source", provider.source),
        ("note", provider.note),
        ("file", catalogue.path(provider.name, user_dir=asked.provider_dir)),
    ]
    for label, text in rows:
        if text:
            asked.terminal.out(f"{label:<9} {text}")
