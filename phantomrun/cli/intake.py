"""What an import takes and what it leaves, with the reasons; decides only, stores nothing."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from phantomrun import catalogue
from phantomrun.cli import names, plain
from phantomrun.cli.binding import WAYS, Binding, Known, Wish, bind, checked_upstream
from phantomrun.core import detect, dotenv
from phantomrun.core.record import check_value
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from phantomrun.core.importing import Candidate
    from phantomrun.core.provider import Provider
    from phantomrun.core.record import Record
    from phantomrun.core.secret import Secret

_POINT = re.compile(r"(?:\{listener\}|http://\{host\}:\{port\})(?P<suffix>.*)")


class Take(NamedTuple):
    """A secret that can be stored; `points` are the base-URL variables that say where it goes.

    `strays` are those that say otherwise than the vault, which has the last word.
    """

    name: str
    value: Secret
    binding: Binding
    points: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


class Leave(NamedTuple):
    """Something that looks like a secret and cannot be stored."""

    name: str
    why: str


class Intake(NamedTuple):
    """Every name of the source, in one of three heaps."""

    takes: tuple[Take, ...]
    leaves: tuple[Leave, ...]
    others: tuple[str, ...]


def sort(
    candidates: Iterable[Candidate],
    *,
    known: Known,
    refused: Mapping[str, str],
    records: Mapping[str, Record],
) -> Intake:
    """Return what becomes of each candidate; `refused` holds reasons found by the reader."""
    listed = list(candidates)
    values = {one.name: plain.text(one.value) for one in listed}
    takes: list[Take] = []
    leaves: list[Leave] = []
    others: list[str] = []
    for one in listed:
        found = catalogue.recognise(one.name, values[one.name], known.providers)
        if not _wanted(one.name, values[one.name], recognised=found is not None):
            others.append(one.name)
        elif one.name in refused:
            leaves.append(Leave(one.name, refused[one.name]))
        else:
            decided = _decided(one, found, known=known, values=values, records=records)
            (takes if isinstance(decided, Take) else leaves).append(decided)  # type: ignore[arg-type]  # the heap it is of
    used = {point for take in takes for point in take.points}
    return Intake(tuple(takes), tuple(leaves), tuple(name for name in others if name not in used))


def upstream_in(provider: Provider, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the upstream that the provider's base-URL variables name, and which of them do.

    Raises ConfigError where one of them holds a URL that a secret cannot be sealed for.
    """
    canonical = ""
    found: dict[str, str] = {}
    for number, (variable, template) in enumerate(provider.points.items()):
        point = _POINT.fullmatch(template)
        if point is None:
            continue
        suffix = point["suffix"]
        canonical = canonical if number else suffix
        value = values.get(variable, "").rstrip("/")
        if not value or dotenv.placeholders(value):
            continue
        if suffix != canonical and value.endswith(suffix):
            value = value.removesuffix(suffix) + canonical
        try:
            found[variable] = checked_upstream(value)
        except ConfigError as error:
            raise ConfigError(f"{variable}: {error.message}") from None
    first = next(iter(found.values()), "")
    return first, tuple(variable for variable, url in found.items() if url == first)


def repeated(entries: Iterable[dotenv.Entry]) -> dict[str, str]:
    """Return the names that have two values, with the reason why neither can be taken."""
    seen: dict[str, tuple[int, str]] = {}
    found: dict[str, str] = {}
    for entry in entries:
        if not entry.name:
            continue
        line, value = seen.setdefault(entry.name, (entry.line, entry.value))
        if value != entry.value:
            found[entry.name] = f"lines {line} and {entry.line} give it different values"
    return found


def _wanted(name: str, value: str, *, recognised: bool) -> bool:
    """Return whether this is a secret; a known name still needs a value that could be one."""
    if name.startswith("PHANTOMRUN") or dotenv.placeholders(value):
        return False
    return bool(detect.looks_secret("API_KEY" if recognised else name, value))


def _decided(
    one: Candidate,
    found: tuple[Provider, str] | None,
    *,
    known: Known,
    values: Mapping[str, str],
    records: Mapping[str, Record],
) -> Take | Leave:
    before = records.get(one.name)
    try:
        names.checked(one.name)
        check_value(one.name, os.fsencode(values[one.name]))
        if found is None and before is None:
            return Leave(one.name, f"no provider known: phantomrun set {one.name} --provider P")
        provider = known.load(before.provider) if before else found[0]  # type: ignore[index]  # one of them is there
        if not provider.usable:
            return Leave(one.name, f"{provider.title} {WAYS[provider.way]}")
        upstream, points = upstream_in(provider, values)
        # SECURITY: a file that was checked out must not lead a stored secret to another host
        # (test_an_import_does_not_move_a_stored_secret_to_another_host)
        wish = Wish(upstream="" if before else upstream)
        binding = bind(one.name, lambda: values[one.name], wish=wish, known=known, before=before)
    except ConfigError as error:
        return Leave(one.name, error.message)
    if points and binding.upstream != upstream:
        return Take(one.name, one.value, binding, (), strays=points)
    return Take(one.name, one.value, binding, points)
