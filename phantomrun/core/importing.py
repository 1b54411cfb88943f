"""What can be imported: names and values read from a .env text, from JSON, or an environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from phantomrun.core import dotenv
from phantomrun.core.secret import Secret
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Candidate(NamedTuple):
    """A name and its value, wherever they came from; `line` is 0 where there are no lines."""

    name: str
    value: Secret
    line: int = 0


def read_dotenv(text: str, where: str) -> tuple[Candidate, ...]:
    """Return the assignments of a .env text; of a repeated name, the last."""
    last = {entry.name: entry for entry in dotenv.parse(text, where=where) if entry.name}
    return tuple(_candidate(entry.name, entry.value, entry.line) for entry in last.values())


def read_json(text: str, where: str) -> tuple[Candidate, ...]:
    """Return the members of one flat object; numbers and booleans keep their text."""
    try:
        found = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_Members,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
        )
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where}:{error.lineno}: not JSON: {error.msg.lower()}") from None
    except RecursionError:
        raise ConfigError(f"{where}: not a flat object: nested too deeply") from None
    if not isinstance(found, _Members):
        raise ConfigError(
            f"{where}: not an object of names and values",
            hint='write it as {"NAME": "value"}',
        )
    _refuse_repeated(found, where)
    return tuple(_candidate(name, _flat(name, value, where)) for name, value in found)


def read_environ(environ: Mapping[str, str]) -> tuple[Candidate, ...]:
    """Return every variable of an environment, ordered by name."""
    return tuple(_candidate(name, environ[name]) for name in sorted(environ))


class _Members(list[tuple[str, object]]):
    """A JSON object that remembers repeated names."""


def _candidate(name: str, value: str, line: int = 0) -> Candidate:
    return Candidate(name, Secret(name, value.encode("utf-8", "surrogateescape")), line)


def _refuse_repeated(members: _Members, where: str) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise ConfigError(f"{where}: {name} occurs twice")
        seen.add(name)


def _flat(name: str, value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    kind = "an object" if isinstance(value, _Members) else "a list"
    raise ConfigError(
        f"{where}: the value of {name} is {kind}, and only flat objects can be imported",
        hint='write it as {"NAME": "value"}',
    )
