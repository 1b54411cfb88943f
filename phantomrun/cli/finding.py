"""A finding: one line of what doctor says, and what to do about it."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["ok", "warn", "FAIL"]


class Finding(NamedTuple):
    """`check` names what was looked at, in words that stay."""

    level: Level
    check: str
    what: str
    fix: str = ""
