"""Names of secrets: what one may be, and which was probably meant."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from phantomrun.core.record import MAX_NAME_CHARS
from phantomrun.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def checked(name: str) -> str:
    """Return `name` if an environment variable can have it; the error never repeats it.

    What stands in a name's place by mistake is often the value.
    """
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_CHARS:
        raise ConfigError(
            "a secret is named as its environment variable: letters, digits and _",
            hint="phantomrun set OPENAI_API_KEY",
            code="PR-NAME",
        )
    if name.startswith("PHANTOMRUN"):
        raise ConfigError(
            f"{name} cannot be a secret: PHANTOMRUN… variables are our own", code="PR-NAME"
        )
    return name


def unknown(name: str, known: Iterable[str]) -> NotFound:
    """Return the failure for a name that is not in the vault."""
    near = difflib.get_close_matches(name.upper(), list(known), n=1)
    shown = (
        name if _NAME.fullmatch(name) and len(name) <= MAX_NAME_CHARS else "a secret of that name"
    )
    return NotFound(
        f"{shown} is not in the vault",
        hint=f"did you mean {near[0]}?" if near else "phantomrun list",
    )
