"""The way in: isolation from the caller's Python, and both spellings of the command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.home import PHANTOMRUN

if TYPE_CHECKING:
    from tests.e2e.home import Home

MODULES = ("tomllib", "ctypes", "httptools", "json", "cryptography", "asyncio", "ssl")


@pytest.fixture
def poisoned(home: Home) -> Home:
    """Return a home whose working directory has modules of the names that a run imports."""
    for name in MODULES:
        (home.cwd / f"{name}.py").write_text(f"open({str(home.cwd / 'imported')!r}, 'a').close()\n")
    return home


@pytest.mark.parametrize(
    "words",
    [[PHANTOMRUN], [sys.executable, "-m", "phantomrun"]],
    ids=["console script", "python -m"],
)
def test_a_module_on_pythonpath_is_not_imported(poisoned: Home, words: list[str]) -> None:
    environ = {"PYTHONPATH": str(poisoned.cwd)} if words == [PHANTOMRUN] else {}

    done = poisoned._start([*words, "--", "env"], stdin=b"", env=environ).finish()

    assert done.code == 0, done.err
    assert not (poisoned.cwd / "imported").exists()
    if environ:  # it is the command's business, and reaches it
        assert f"PYTHONPATH={poisoned.cwd}".encode() in done.out.splitlines()


def test_both_spellings_do_the_same(home: Home) -> None:
    module = home._start([sys.executable, "-m", "phantomrun", "-V"], stdin=b"", env={}).finish()

    assert module == home.verb("-V")
    assert module.out.startswith(b"phantomrun ")
