"""Where our files live."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import platformdirs
import pytest

from phantomrun import paths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOME = {"HOME": "/home/ada"}
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the XDG directories are Linux's")


def located(environ: Mapping[str, str]) -> tuple[str, str, str]:
    return paths.vault_path(environ), paths.config_dir(environ), paths.state_dir(environ)


@linux_only
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            HOME,
            (
                "/home/ada/.local/share/phantomrun/vault",
                "/home/ada/.config/phantomrun",
                "/home/ada/.local/state/phantomrun",
            ),
        ),
        (
            {
                **HOME,
                "XDG_DATA_HOME": "/d",
                "XDG_CONFIG_HOME": "/c",
                "XDG_STATE_HOME": "/s",
            },
            ("/d/phantomrun/vault", "/c/phantomrun", "/s/phantomrun"),
        ),
        (
            {**HOME, "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "relative"},
            (
                "/home/ada/.local/share/phantomrun/vault",
                "/home/ada/.config/phantomrun",
                "/home/ada/.local/state/phantomrun",
            ),
        ),
    ],
    ids=["defaults", "set", "empty-or-relative"],
)
def test_linux_follows_the_base_directories(
    environ: dict[str, str], expected: tuple[str, str, str]
) -> None:
    assert located(environ) == expected


def test_phantomrun_home_holds_everything() -> None:
    environ = {**HOME, "XDG_DATA_HOME": "/d", "PHANTOMRUN_HOME": "/p"}

    assert located(environ) == ("/p/vault", "/p/config", "/p/state")


def test_phantomrun_home_may_be_relative(tmp_path: Path) -> None:
    relative = os.path.relpath(tmp_path)

    assert paths.vault_path({"PHANTOMRUN_HOME": relative}) == str(tmp_path / "vault")


@linux_only
def test_linux_locations_agree_with_platformdirs() -> None:
    library = platformdirs.PlatformDirs("phantomrun", appauthor=False)

    environ = {name: value for name, value in os.environ.items() if name != "PHANTOMRUN_HOME"}

    assert located(environ) == (
        os.path.join(library.user_data_dir, "vault"),
        library.user_config_dir,
        library.user_state_dir,
    )


def test_elsewhere_the_library_decides() -> None:
    library = platformdirs.PlatformDirs("phantomrun", appauthor=False)

    assert paths._platform_directory("data") == library.user_data_dir
    assert paths._platform_directory("config") == library.user_config_dir
    assert paths._platform_directory("state") == library.user_state_dir
