"""Programs that ask for the passphrase: which one, and what it is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from phantomrun.errors import Failure, VaultLocked
from phantomrun.vault import askpass
from tests.vault.samples import child_environ

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(body: str) -> str:
        path = tmp_path / "askpass"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o700)
        return str(path)

    return write


OURS, SSH, FORCE = "PHANTOMRUN_ASKPASS", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"


@pytest.mark.parametrize(
    ("environ", "terminal", "no_input", "expected"),
    [
        ({}, True, False, ""),
        ({}, False, False, ""),
        ({OURS: "a"}, True, False, "a"),
        ({OURS: "a"}, True, True, "a"),
        ({OURS: "a", SSH: "b"}, False, False, "a"),
        ({OURS: "", SSH: "b"}, False, False, "b"),
        ({SSH: "b"}, True, False, ""),
        ({SSH: "b"}, False, False, "b"),
        ({SSH: "b"}, False, True, ""),
        ({SSH: "b", FORCE: "force"}, True, False, "b"),
        ({SSH: "b", FORCE: "prefer"}, True, False, "b"),
        ({SSH: "b", FORCE: "force"}, True, True, ""),
        ({SSH: "b", FORCE: "never"}, False, False, ""),
        ({OURS: "a", FORCE: "never"}, False, False, "a"),
    ],
)
def test_the_program_is_ours_or_the_one_ssh_would_use(
    environ: dict[str, str], terminal: bool, no_input: bool, expected: str
) -> None:
    assert askpass.chosen(environ, no_input=no_input, has_terminal=lambda: terminal) == expected


def test_the_question_is_the_first_argument_and_the_line_is_the_answer(script: Script) -> None:
    program = script("""printf 'CANARY <%s> %s\\n' "$1" "$#" """)

    assert askpass.ask(program, "What? ", environ=child_environ()) == b"CANARY <What? > 1"


@pytest.mark.parametrize(
    ("output", "expected"),
    [("CANARY", b"CANARY"), ("CANARY\\r\\n", b"CANARY"), ("CANARY\\n\\n", b"CANARY\n"), ("", b"")],
    ids=["bare", "crlf", "two-lines", "nothing"],
)
def test_one_line_end_is_taken_off(script: Script, output: str, expected: bytes) -> None:
    assert askpass.ask(script(f"printf '{output}'"), "", environ=child_environ()) == expected


def test_an_askpass_program_does_not_see_the_passphrase_variables(script: Script) -> None:
    program = script("env | grep -c PHANTOMRUN_PASSPHRASE; exit 0")
    environ = child_environ(
        PHANTOMRUN_PASSPHRASE="CANARY",
        PHANTOMRUN_PASSPHRASE_FILE="/CANARY",
        PHANTOMRUN_PASSPHRASE_FD="3",
        PHANTOMRUN_ASKPASS=program,
    )

    assert askpass.ask(program, "", environ=environ) == b"0"


def test_a_program_does_not_get_our_standard_input(script: Script) -> None:
    assert askpass.ask(script("cat; echo end"), "", environ=child_environ()) == b"end"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("echo CANARY; exit 1", r"gave no passphrase \(exit status 1\)"),
        ("kill -TERM $$", r"gave no passphrase \(exit status -15\)"),
        ("head -c 5000 /dev/zero", "larger than 4096 bytes"),
    ],
    ids=["status", "signal", "large"],
)
def test_a_program_that_fails_leaves_the_vault_locked(script: Script, body: str, why: str) -> None:
    with pytest.raises(Failure, match=why) as caught:
        askpass.ask(script(body), "", environ=child_environ())
    assert "CANARY" not in caught.value.message


@pytest.mark.parametrize("program", ["/nowhere/askpass", "no-such-askpass-program", os.devnull])
def test_a_program_that_cannot_be_started_is_named(program: str) -> None:
    with pytest.raises(VaultLocked, match=f"{program} could not be started"):
        askpass.ask(program, "", environ=child_environ())


def test_a_program_on_the_path_is_found() -> None:
    assert askpass.ask("echo", "CANARY", environ=child_environ()) == b"CANARY"
