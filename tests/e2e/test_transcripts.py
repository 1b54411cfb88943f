"""Every transcript beside this file, each in an empty home of its own, with the installed tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.transcript import Stage, Step, agrees, consoles, parse

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_what_a_person_sees(path: Path, tmp_path: Path) -> None:
    for step, seen, code in Stage(tmp_path).play(path.read_text()):
        where = f"{path.name}:{step.line}: $ {step.command}"
        assert agrees(step.expected, seen), f"{where}\nexpected\n{step.expected}\nbut saw\n{seen}"
        assert code == step.code, f"{where} ended with {code}\n{seen}"
        assert "CANARY" not in seen, where


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 8


def test_reads_commands_output_and_exit_codes() -> None:
    text = "A sentence.\n\n$ one\nout\n\n# said in between\n$ two <<X\n> a\n> X\n? 3\n"

    assert parse(text) == [Step(3, "one", "out", 0), Step(7, "two <<X\na\nX", "", 3)]


@pytest.mark.parametrize(
    ("expected", "seen", "same"),
    [
        ("a b", "a b\n", True),
        ("a ... c", "a b\nb c\n", True),
        ("a...", "a", True),
        ("a (b)", "a (b)", True),
        ("a", "a\nb", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_dots_stand_for_anything(expected: str, seen: str, same: bool) -> None:
    assert agrees(expected, seen) is same


def test_finds_the_transcripts_of_a_readme() -> None:
    assert consoles("x\n```console\n$ a\n```\n```sh\n$ b\n```\n") == ["$ a\n"]
