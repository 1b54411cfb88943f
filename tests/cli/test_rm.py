from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.home import Home


def test_removes_several(stocked: Home) -> None:
    done = stocked.phantomrun("rm", "--yes", "OPENAI_API_KEY", "STRIPE_SECRET_KEY")

    assert done == (0, "", "Removed OPENAI_API_KEY, STRIPE_SECRET_KEY.\n")
    assert stocked.names() == []


def test_removes_nothing_if_one_is_unknown(stocked: Home) -> None:
    done = stocked.phantomrun("rm", "--yes", "OPENAI_API_KEY", "STRIPE_KEY")

    assert done.code == 3
    assert "STRIPE_KEY is not in the vault" in done.err
    assert "did you mean  STRIPE_SECRET_KEY" in done.err
    assert len(stocked.names()) == 2


def test_says_that_the_project_still_lists_it(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", "[secrets]\nOPENAI_API_KEY = {}\n")

    done = stocked.phantomrun("rm", "-y", "OPENAI_API_KEY")

    assert ".phantomrun.toml still lists OPENAI_API_KEY." in done.err


def test_asks_a_person(stocked: Home) -> None:
    person = stocked.person("rm", "OPENAI_API_KEY")
    person.expect(r"Remove OPENAI_API_KEY from the vault for good\? \[y/N\] ")
    person.type("")

    assert person.finish() == 1
    assert "Nothing was removed." in person.screen
    assert len(stocked.names()) == 2


def test_does_not_decide_where_nobody_can_be_asked(stocked: Home) -> None:
    done = stocked.phantomrun("rm", "OPENAI_API_KEY")

    assert done.code == 1
    assert "phantomrun rm --yes NAME" in done.err
    assert len(stocked.names()) == 2
