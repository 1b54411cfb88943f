"""The project a directory belongs to, and the user's own settings: found, checked and read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from phantomrun.core import manifest as core_manifest
from phantomrun.core import settings as core_settings
from phantomrun.errors import ConfigError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phantomrun.core.manifest import Manifest
    from phantomrun.core.settings import Settings

MANIFEST = ".phantomrun.toml"
LOCAL = ".phantomrun.local.toml"
SETTINGS = "config.toml"
MAX_FILE_BYTES = 1_048_576


def find(start_dir: str, home: str, *, trusted: frozenset[int] | None = None) -> str | None:
    """Return the path of the nearest manifest, from `start_dir` up to `home` at most.

    The walk stays on one file system and never climbs into a directory of somebody else's, so
    that nobody can plant a manifest above our projects. `trusted` are the user ids that count
    as us: our own and root's.
    """
    ours = trusted or frozenset({os.geteuid(), 0})
    here = os.path.realpath(start_dir)
    last = os.path.realpath(home) if home else ""
    device = os.stat(here).st_dev
    while True:
        path = os.path.join(here, MANIFEST)
        if os.path.lexists(path):
            return path
        above = os.path.dirname(here)
        if here in (last, above):
            return None
        found = os.stat(above)
        if found.st_dev != device or found.st_uid not in ours:
            return None
        here = above


def load(path: str, *, profile: str = "", trusted: frozenset[int] | None = None) -> Manifest:
    """Return the manifest at `path`, narrowed by the local file beside it."""
    text = _read(path, trusted) or ""
    found = core_manifest.parse(text, where=path, profile=profile)
    local = os.path.join(os.path.dirname(path), LOCAL)
    more = _read(local, trusted)
    return found if more is None else core_manifest.narrow(found, more, where=local)


def remember(path: str, names: Iterable[str], *, trusted: frozenset[int] | None = None) -> bool:
    """Add names to the manifest, creating it if need be; return whether that changed it."""
    from phantomrun import atomic

    before = _read(path, trusted)
    after = core_manifest.with_names(before or "", names, where=path)
    if after == (before or ""):
        return False
    expected = None if before is None else before.encode()
    atomic.replace(path, after.encode(), expected=expected)
    return True


def settings(config_dir: str, *, trusted: frozenset[int] | None = None) -> Settings:
    """Return the user's settings, or the defaults if there is no file."""
    path = os.path.join(config_dir, SETTINGS)
    text = _read(path, trusted)
    return core_settings.Settings() if text is None else core_settings.parse(text, where=path)


def _read(path: str, trusted: frozenset[int] | None) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or '').lower()}") from None
    with open(fd, "rb") as file:
        _check(path, os.fstat(fd), trusted or frozenset({os.geteuid(), 0}))
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is too long")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8") from None


def _check(path: str, found: os.stat_result, ours: frozenset[int]) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not a regular file")
    link = os.lstat(path)
    if found.st_uid not in ours or link.st_uid not in ours:
        raise PolicyError(f"{path} belongs to somebody else", hint="copy it, or `chown` it to you")
    if found.st_mode & stat.S_IWOTH:
        raise PolicyError(f"{path} can be written by everybody", hint=f"chmod o-w {path}")
