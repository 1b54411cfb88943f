"""The user's config.toml → Settings, or which line is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from phantomrun.core.toml import Source

Colour = Literal["auto", "always", "never"]

_COLOURS = ("auto", "always", "never")
_KEYS = ("clean_env", "color", "no_input")


class Settings(NamedTuple):
    """What a user wants of every run; flags and variables come before it."""

    clean_env: bool = False
    no_input: bool = False
    color: Colour = "auto"


def parse(text: str, *, where: str) -> Settings:
    """Return the settings of a file that has a table [run] at most."""
    from phantomrun.core.toml import Source  # most users have no such file: spare them tomllib

    source = Source(text, where)
    top = source.table()
    for key in top:
        if key != "run":
            raise source.unknown((key,), ("run",))
    run = source.subtable(top, ("run",))
    for key in run:
        if key not in _KEYS:
            raise source.unknown(("run", key), _KEYS)
    color = run.get("color", "auto")
    if color not in _COLOURS:
        raise source.mistyped(("run", "color"), '"auto", "always" or "never"')
    return Settings(
        _switch(source, run, "clean_env"), _switch(source, run, "no_input"), cast("Colour", color)
    )


def _switch(source: Source, run: dict[str, object], key: str) -> bool:
    value = run.get(key, False)
    if not isinstance(value, bool):
        raise source.mistyped(("run", key), "true or false")
    return value
