"""The project a directory belongs to, and the user's own settings: found, checked and read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

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


def here() -> str:
    """Return the working directory; raises ConfigError where it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        raise ConfigError(
            "the working directory is gone", hint="cd to one that exists, or use -C DIR"
        ) from None


def nearest(home: str) -> str | None:
    """Return the path of the manifest that a run here follows.

    None outside of any project; a directory that has been removed is outside, for a command
    runs there like anywhere else.
    """
    try:
        start_dir = os.getcwd()
    except OSError:
        return None
    return find(start_dir, home)


def find(start_dir: str, home: str, *, ours: frozenset[int] | None = None) -> str | None:
    """Return the path of the nearest manifest, from `start_dir` up to `home` at most.

    The walk stays on one file system and does not climb into a directory of somebody else's, so
    that nobody can plant a manifest above our projects. `ours` are the user ids that count as
    us: the effective one and root's.
    """
    ours = ours or _ours()
    here = os.path.realpath(start_dir)
    last = os.path.realpath(home) if home else "/"
    try:
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
    except OSError:  # a directory that is gone, or one that we may not look into
        return None


def load(path: str, *, profile: str = "", ours: frozenset[int] | None = None) -> Manifest:
    """Return the manifest at `path`, narrowed by the local file beside it."""
    from phantomrun.core import manifest

    text = _read(path, ours)
    if text is None:
        raise ConfigError(f"there is no {path}")
    found = manifest.parse(text, where=path, profile=profile)
    local = os.path.join(os.path.dirname(path), LOCAL)
    more = _read(local, ours)
    return found if more is None else manifest.narrow(found, more, where=local)


def remember(path: str, names: Iterable[str], *, ours: frozenset[int] | None = None) -> bool:
    """Add names to the manifest, creating it if need be; return whether that changed it."""
    from phantomrun import atomic
    from phantomrun.core import manifest

    before = _read(path, ours) or ""
    after = manifest.with_names(before, names, where=path)
    if after == before:
        return False
    atomic.replace(path, after.encode(), expected=before.encode())
    return True


def settings(config_dir: str, *, ours: frozenset[int] | None = None) -> Settings:
    """Return the user's settings, or the defaults if there is no file."""
    path = os.path.join(config_dir, SETTINGS)
    text = _read(path, ours)
    return core_settings.Settings() if text is None else core_settings.parse(text, where=path)


def _ours() -> frozenset[int]:
    return frozenset((os.geteuid(), 0))


def _read(path: str, ours: frozenset[int] | None) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            raise ConfigError(f"{path} points to nothing") from None
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or '').lower()}") from None
    try:
        _check(path, os.fstat(fd), ours or _ours())
        with open(fd, "rb", closefd=False) as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    finally:
        os.close(fd)
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is longer than {MAX_FILE_BYTES} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8") from None


def _check(path: str, found: os.stat_result, ours: frozenset[int]) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not a regular file")
    # SECURITY: whoever can write the file chooses what a run gets
    # (test_a_manifest_of_somebody_else_is_refused)
    if found.st_uid not in ours or os.lstat(path).st_uid not in ours:
        raise PolicyError(f"{path} belongs to somebody else", hint="copy it, or chown it to you")
    if found.st_mode & stat.S_IWOTH:
        raise PolicyError(f"{path} can be written by everybody", hint=f"chmod o-w {path}")
