"""Where our files live; PHANTOMRUN_HOME, when set, holds everything of ours."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def vault_path(environ: Mapping[str, str]) -> str:
    """Return the vault file's path: ~/.local/share/phantomrun/vault on Linux."""
    return os.path.join(_directory(environ, "data"), "vault")


def config_dir(environ: Mapping[str, str]) -> str:
    """Return the directory of the user's config.toml and providers/: ~/.config/phantomrun."""
    return _directory(environ, "config")


def state_dir(environ: Mapping[str, str]) -> str:
    """Return the directory for what we remember between runs: ~/.local/state/phantomrun."""
    return _directory(environ, "state")


# platformdirs costs 15 ms of start-up, so Linux follows the XDG base directory specification
# itself (test_linux_locations_agree_with_platformdirs); elsewhere the library knows better.
_PLATFORM: str = sys.platform
_XDG = {
    "data": ("XDG_DATA_HOME", ".local/share"),
    "config": ("XDG_CONFIG_HOME", ".config"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}


def _directory(environ: Mapping[str, str], kind: str) -> str:
    home = environ.get("PHANTOMRUN_HOME", "")
    if home:
        inside = os.path.abspath(os.path.expanduser(home))
        return inside if kind == "data" else os.path.join(inside, kind)
    if _PLATFORM == "linux":
        variable, below = _XDG[kind]
        base = environ.get(variable, "")
        if not base.startswith("/"):  # the specification: a relative path is ignored
            base = os.path.join(_user_home(environ), below)
        return os.path.join(base, "phantomrun")
    return _platform_directory(kind)


def _user_home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")


def _platform_directory(kind: str) -> str:
    import platformdirs

    known = platformdirs.PlatformDirs("phantomrun", appauthor=False)
    return {
        "data": known.user_data_dir,
        "config": known.user_config_dir,
        "state": known.user_state_dir,
    }[kind]
