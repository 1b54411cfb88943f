"""What every test of the command line gets: a home of its own, with or without a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Home]:
    """Return a home without a vault."""
    made = Home(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("empty"))
    done = made.phantomrun("init", "--key-file", str(made.key), env={"PHANTOMRUN_KEY_FILE": ""})
    assert done.code == 0, done.err
    return made


@pytest.fixture(scope="session")
def _stocked(tmp_path_factory: pytest.TempPathFactory, _empty: Home) -> Home:
    made = Home(tmp_path_factory.mktemp("stocked"))
    made.copy_vault(_empty)
    made.set("OPENAI_API_KEY", OPENAI)
    made.set("STRIPE_SECRET_KEY", STRIPE)
    return made


OPENAI = "sk-proj-CANARYopenai0123456789abcdefghij"
STRIPE = "sk_test_CANARYstripe0123456789abcdefghij"


@pytest.fixture
def home(bare: Home, _empty: Home) -> Home:
    """Return a home with an empty vault, unlocked by a key file."""
    bare.copy_vault(_empty)
    return bare


@pytest.fixture
def stocked(bare: Home, _stocked: Home) -> Home:
    """Return a home whose vault holds OPENAI_API_KEY and STRIPE_SECRET_KEY."""
    bare.copy_vault(_stocked)
    return bare
