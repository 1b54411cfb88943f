from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import OPENAI

if TYPE_CHECKING:
    from tests.cli.home import Home


def test_renames_and_keeps_everything_else(stocked: Home) -> None:
    before = stocked.phantomrun("list", "--json").objects[0]

    done = stocked.phantomrun("mv", "OPENAI_API_KEY", "A_KEY")

    assert done == (0, "", "Renamed OPENAI_API_KEY to A_KEY.\n")
    assert stocked.phantomrun("list", "--json").objects[0] == {**before, "name": "A_KEY"}


def test_the_value_goes_with_the_name(stocked: Home) -> None:
    stocked.phantomrun("mv", "OPENAI_API_KEY", "A_KEY")
    stocked.write(".env", f"A_KEY={OPENAI}\n")

    assert "In the vault already: A_KEY" in stocked.phantomrun("import").err


@pytest.mark.parametrize(
    ("old", "new", "code", "what"),
    [
        ("OPENAI_KEY", "X", 3, "did you mean  OPENAI_API_KEY"),
        ("OPENAI_API_KEY", "STRIPE_SECRET_KEY", 2, "is in the vault already"),
        ("OPENAI_API_KEY", "9X", 2, "[PR-NAME]"),
    ],
    ids=["unknown", "taken", "no name"],
)
def test_refuses_and_changes_nothing(
    stocked: Home, old: str, new: str, code: int, what: str
) -> None:
    before = stocked.vault.read_bytes()

    done = stocked.phantomrun("mv", old, new)

    assert done.code == code
    assert what in done.err
    assert stocked.vault.read_bytes() == before
