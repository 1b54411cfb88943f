"""A credential that cannot be printed."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A named value. `reveal()` is the only way out, so `grep reveal` is the audit."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: bytes) -> None:
        self.name = name
        self._value = value

    def reveal(self) -> bytes:
        """Return the real value."""
        return self._value

    def __repr__(self) -> str:
        return f"<Secret {self.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")

    __hash__ = None  # type: ignore[assignment]  # a set of secrets is a set of side channels
