"""Where the key comes from: the order of the sources, and what each may do wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from phantomrun import tty
from phantomrun.errors import Failure, VaultError, VaultLocked
from phantomrun.vault.keyfile import create_key_file
from phantomrun.vault.unlock import QUESTION, UnlockRequest, unlocker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from phantomrun.vault.unlock import Prompt

WANTED = UnlockRequest("passphrase", "")
FD, FILE, VARIABLE = (
    "PHANTOMRUN_PASSPHRASE_FD",
    "PHANTOMRUN_PASSPHRASE_FILE",
    "PHANTOMRUN_PASSPHRASE",
)


class Person:
    """Somebody at the terminal; remembers what was asked."""

    def __init__(self, *answers: str) -> None:
        self.questions: list[str] = []
        self._answers = iter(answers)

    def __call__(self, question: str) -> str:
        self.questions.append(question)
        return next(self._answers)


def nobody(question: str) -> str:
    raise tty.NoTerminal("there is no terminal to ask on")


@pytest.fixture
def fd() -> Iterator[str]:
    reader, writer = os.pipe()
    os.write(writer, b"CANARY descriptor\n")
    os.close(writer)
    yield str(reader)
    os.close(reader)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return written(tmp_path / "passphrase", b"CANARY file\n")


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "askpass"
    path.write_text('#!/bin/sh\nprintf "CANARY program"\nprintf "%s\\n" "$1" >>"$0.asked"\n')
    path.chmod(0o700)
    return str(path)


def written(path: Path, text: bytes) -> str:
    path.write_bytes(text)
    path.chmod(0o600)
    return str(path)


def answer(
    environ: dict[str, str],
    request: UnlockRequest = WANTED,
    *,
    no_input: bool = False,
    prompt: Prompt = nobody,
) -> bytes:
    return unlocker(environ, no_input=no_input, prompt=prompt)(request).value


def test_the_first_source_that_is_set_decides(fd: str, file: str, program: str) -> None:
    sources = [
        (FD, fd, b"CANARY descriptor"),
        (FILE, file, b"CANARY file"),
        (VARIABLE, "CANARY variable", b"CANARY variable"),
        ("PHANTOMRUN_ASKPASS", program, b"CANARY program"),
    ]
    person = Person("CANARY person")

    for first in range(len(sources)):
        environ = {name: value for name, value, _ in sources[first:]}
        assert answer(environ, prompt=person) == sources[first][2]
    assert person.questions == []
    assert answer({}, prompt=person) == b"CANARY person"
    assert person.questions == [QUESTION]


def test_an_empty_variable_is_no_source() -> None:
    environ = {FD: "", FILE: "", VARIABLE: "", "PHANTOMRUN_ASKPASS": ""}

    assert answer(environ, prompt=Person("CANARY person")) == b"CANARY person"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"CANARY", b"CANARY"),
        (b"CANARY\n", b"CANARY"),
        (b"CANARY\r\n", b"CANARY"),
        (b"CANARY\n\n", b"CANARY\n"),
        (b"CANARY \n", b"CANARY "),
        (b"CANARY\r", b"CANARY\r"),
        (b"CAN\xff\xfeARY\n", b"CAN\xff\xfeARY"),
    ],
    ids=["bare", "lf", "crlf", "lf-lf", "blank", "cr", "bytes"],
)
def test_one_line_end_is_taken_off(tmp_path: Path, content: bytes, expected: bytes) -> None:
    assert answer({FILE: written(tmp_path / "file", content)}) == expected


def test_a_passphrase_file_may_be_a_process_substitution(fd: str) -> None:
    assert answer({FILE: f"/dev/fd/{fd}"}) == b"CANARY descriptor"


def test_a_passphrase_file_that_others_can_read_is_refused(file: str) -> None:
    os.chmod(file, 0o644)

    with pytest.raises(VaultError) as caught:
        answer({FILE: file, VARIABLE: "CANARY variable"}, prompt=Person("CANARY"))

    assert caught.value.code == "PR-PERMS"
    assert caught.value.hint == f"chmod 600 {file}"


def missing_file(tmp_path: Path) -> dict[str, str]:
    return {FILE: str(tmp_path / "none")}


def empty_file(tmp_path: Path) -> dict[str, str]:
    return {FILE: written(tmp_path / "file", b"\n")}


def large_file(tmp_path: Path) -> dict[str, str]:
    return {FILE: written(tmp_path / "file", b"x" * 4097)}


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        (missing_file, "there is no passphrase file"),
        (empty_file, "PHANTOMRUN_PASSPHRASE_FILE is empty"),
        (large_file, "larger than 4096 bytes"),
        (lambda _: {FD: "stdin"}, "PHANTOMRUN_PASSPHRASE_FD is not a number"),
        (lambda _: {FD: "-1"}, "PHANTOMRUN_PASSPHRASE_FD is not a number"),
        (lambda _: {FD: "9" * 30}, "PHANTOMRUN_PASSPHRASE_FD is not a number"),
        (lambda _: {FD: "999999999"}, "FD cannot be read: bad file descriptor"),
    ],
    ids=["missing", "empty", "large", "word", "negative", "huge", "closed"],
)
def test_a_source_that_fails_is_not_followed_by_the_next(
    tmp_path: Path, environ: Callable[[Path], dict[str, str]], why: str
) -> None:
    variables = {**environ(tmp_path), VARIABLE: "CANARY variable"}

    with pytest.raises(Failure, match=why):
        answer(variables, prompt=Person("CANARY"))


@pytest.mark.parametrize("source", [FD, FILE, VARIABLE])
def test_a_source_nobody_can_correct_is_tried_once(fd: str, file: str, source: str) -> None:
    environ = {FD: fd} if source == FD else {FILE: file} if source == FILE else {VARIABLE: "CANARY"}
    again = WANTED._replace(attempt=2, last_error="wrong passphrase")

    with pytest.raises(VaultLocked, match=f"wrong passphrase in {source}"):
        answer(environ, again, prompt=Person("CANARY"))


@pytest.mark.parametrize(
    ("attempt", "first_line"),
    [(2, "wrong passphrase (2 tries left)"), (3, "wrong passphrase (1 try left)")],
)
def test_a_person_hears_how_many_tries_are_left(attempt: int, first_line: str) -> None:
    person = Person("CANARY")

    answer({}, UnlockRequest("passphrase", "", attempt, "wrong passphrase"), prompt=person)

    assert person.questions == [f"{first_line}\n{QUESTION}"]


def test_a_program_hears_how_many_tries_are_left(program: str) -> None:
    again = WANTED._replace(attempt=2, last_error="wrong passphrase")

    answer({"PHANTOMRUN_ASKPASS": program}, again)

    with open(f"{program}.asked", encoding="utf-8") as asked:
        assert asked.read() == f"wrong passphrase (2 tries left)\n{QUESTION}\n"


def test_an_answer_is_remembered_within_a_command(fd: str) -> None:
    person = Person("CANARY one", "CANARY two")
    typed = unlocker({}, no_input=False, prompt=person)
    read = unlocker({FD: fd}, no_input=False, prompt=nobody)

    assert typed(WANTED) == typed(WANTED)
    assert read(WANTED) == read(WANTED)
    assert typed(WANTED._replace(attempt=2)).value == typed(WANTED).value == b"CANARY two"


@pytest.mark.parametrize(
    ("environ", "no_input", "why"),
    [
        ({}, True, "the vault is locked and input is switched off"),
        ({"CI": "true"}, False, "the vault is locked and CI is set"),
        ({"CI": "1"}, False, "the vault is locked and CI is set"),
        ({"SSH_ASKPASS": "/bin/false", "CI": "true"}, False, "the vault is locked and CI is set"),
        ({}, False, "the vault is locked and there is no terminal to ask on"),
    ],
    ids=["no-input", "ci", "ci-1", "ci-ssh", "no-terminal"],
)
def test_where_nobody_can_answer_the_ways_out_are_named(
    environ: dict[str, str], no_input: bool, why: str
) -> None:
    prompt = nobody if not (no_input or environ) else Person("CANARY")

    with pytest.raises(VaultLocked) as caught:
        answer(environ, no_input=no_input, prompt=prompt)

    assert caught.value.message == why
    assert "PHANTOMRUN_PASSPHRASE_FILE" in caught.value.hint
    assert "phantomrun init --key-file" in caught.value.hint
    assert caught.value.code == "PR-LOCKED"


@pytest.mark.parametrize("ci", ["", "false", "0"])
def test_ci_that_is_not_true_does_not_silence_the_prompt(ci: str) -> None:
    assert answer({"CI": ci}, prompt=Person("CANARY")) == b"CANARY"


def test_variables_work_where_nobody_can_answer(file: str) -> None:
    assert answer({FILE: file, "CI": "true"}, no_input=True) == b"CANARY file"


def test_a_key_file_is_the_named_one_or_the_remembered_one(tmp_path: Path) -> None:
    here, moved = (create_key_file(str(tmp_path / name)) for name in ("here", "moved"))
    request = UnlockRequest("key-file", here.path)

    assert unlocker({}, no_input=True, prompt=nobody)(request) == here
    named = unlocker({"PHANTOMRUN_KEY_FILE": moved.path}, no_input=True, prompt=nobody)
    assert named(request) == moved


def test_a_key_file_is_tried_once(tmp_path: Path) -> None:
    key = create_key_file(str(tmp_path / "key"))
    unlock = unlocker({}, no_input=True, prompt=nobody)

    with pytest.raises(VaultLocked, match="the key file does not unlock this vault"):
        unlock(UnlockRequest("key-file", key.path, 2, "wrong key file"))


def test_a_passphrase_is_not_tried_on_a_vault_with_a_key_file(tmp_path: Path) -> None:
    environ = {VARIABLE: "CANARY variable"}

    with pytest.raises(VaultLocked, match="the key file is not there"):
        answer(environ, UnlockRequest("key-file", str(tmp_path / "none")))
