from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.cli.conftest import OPENAI

if TYPE_CHECKING:
    from tests.cli.home import Home


def test_shows_the_value_to_a_person_who_agrees(stocked: Home) -> None:
    person = stocked.person("get", "OPENAI_API_KEY")
    person.expect(r"Show the real value of OPENAI_API_KEY on this screen\? \[y/N\] ")
    person.type("y")
    person.expect(OPENAI)

    assert person.finish() == 0


def test_enter_shows_nothing(stocked: Home) -> None:
    person = stocked.person("get", "OPENAI_API_KEY")
    person.expect(r"\[y/N\] ")
    person.type("")

    assert person.finish() == 1
    assert "CANARY" not in person.screen


def test_an_unknown_name_gets_the_nearest(stocked: Home) -> None:
    person = stocked.person("get", "OPENAI_KEY")
    person.expect("did you mean  OPENAI_API_KEY")

    assert person.finish() == 3


def test_ctrl_c_shows_nothing(stocked: Home) -> None:
    person = stocked.person("get", "OPENAI_API_KEY")
    person.expect(r"\[y/N\] ")
    person.press("C")

    assert person.finish() == -signal.SIGINT
    assert "CANARY" not in person.screen


def test_refuses_programs(stocked: Home) -> None:
    done = stocked.phantomrun("get", "OPENAI_API_KEY")

    assert (done.code, done.out) == (5, "")
    assert "shown to a person at a terminal only" in done.err


def test_refuses_a_pipe_even_with_a_terminal_at_hand(stocked: Home) -> None:
    person = stocked.shell("phantomrun get OPENAI_API_KEY | cat")
    person.expect("shown to a person at a terminal only")

    person.finish()
    assert "CANARY" not in person.screen


def test_refuses_inside_a_run(stocked: Home) -> None:
    person = stocked.person("get", "OPENAI_API_KEY", env={"PHANTOMRUN": "k3f9"})
    person.expect("a run never gets to see a real value")

    assert person.finish() == 5
    assert "CANARY" not in person.screen
