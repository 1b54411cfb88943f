"""The project the command stands in, and what it wants."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from phantomrun import project
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phantomrun.cli.invocation import Invocation
    from phantomrun.core.manifest import Manifest


def manifest_path(asked: Invocation) -> str | None:
    """Return the project file: --config's, else the nearest, None if there is none."""
    if asked.config:
        if not os.path.lexists(asked.config):
            raise ConfigError(f"there is no project file {asked.config}")
        return os.path.abspath(asked.config)
    return project.find(project.here(), asked.environ.get("HOME", ""))


def manifest(asked: Invocation) -> Manifest | None:
    """Return what the project wants, None without a project file."""
    path = manifest_path(asked)
    return project.load(path, profile=asked.profile) if path else None


def remember(asked: Invocation, names: Iterable[str], *, create: bool) -> str:
    """Add names to the project file and return its path as a person would write it, "" if none.

    `create` makes one in the working directory where there is none.
    """
    path = manifest_path(asked)
    if path is None:
        if not create:
            return ""
        path = os.path.join(project.here(), project.MANIFEST)
    return spoken(path) if project.remember(path, names) else ""


def spoken(path: str) -> str:
    """Return `path` relative to the working directory if it is below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
