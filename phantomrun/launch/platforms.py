"""The platforms: which file starts the sidecar here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from phantomrun.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from phantomrun.launch.sidecar import Answer, Link

_PLATFORM: str = sys.platform


class Platform(Protocol):
    """What differs between systems, behind the same name."""

    def start(self, entry: Callable[[Link], NoReturn], arguments: list[str]) -> Answer: ...


def platform(name: str = _PLATFORM) -> Platform:
    """Return this system's way to start a sidecar; raises LaunchError where there is none."""
    if name.startswith("linux"):
        from phantomrun.launch import linux

        return linux
    if name == "darwin":
        from phantomrun.launch import darwin

        return darwin
    raise unsupported(name)


def unsupported(name: str) -> LaunchError:
    """Return the refusal for a system that has no way yet."""
    shown = "Windows" if name in ("win32", "cygwin") else name
    return LaunchError(
        f"{shown} is not supported yet; nothing was started",
        hint="on Windows, use it inside WSL 2" if shown == "Windows" else "Linux is",
        code="PR-PLATFORM",
    )
