"""Which system starts a sidecar how, and which cannot."""

from __future__ import annotations

import pytest

from phantomrun.errors import LaunchError
from phantomrun.launch import darwin, linux
from phantomrun.launch.platforms import platform


def test_linux_and_macos_have_a_file_each() -> None:
    assert platform("linux") is linux
    assert platform("darwin") is darwin


@pytest.mark.parametrize(("name", "shown"), [("win32", "Windows"), ("freebsd14", "freebsd14")])
def test_other_systems_are_refused_by_name(name: str, shown: str) -> None:
    with pytest.raises(LaunchError, match=f"{shown} is not supported yet") as caught:
        platform(name)

    assert caught.value.exit_code == 125
    assert caught.value.hint
