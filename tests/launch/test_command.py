"""Finding and becoming the command, as execvp(3) does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from phantomrun.errors import LaunchError
from phantomrun.launch import command

if TYPE_CHECKING:
    from pathlib import Path

BECOME = """
import os, sys
from phantomrun.errors import LaunchError
from phantomrun.launch import command
try:
    command.become([os.fsencode(word) for word in sys.argv[1:]], os.environb)
except LaunchError as failure:
    print(failure.message)
    raise SystemExit(failure.exit_code)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tool").write_text('#!/bin/sh\necho tool "$@"\n')
    (tmp_path / "tool").chmod(0o755)
    (tmp_path / "bare").write_text('echo bare "$@"\n')
    (tmp_path / "bare").chmod(0o755)
    (tmp_path / "data").write_text("not a program")
    (tmp_path / "lost").write_text("#!/no/such/interpreter\n")
    (tmp_path / "lost").chmod(0o755)
    (tmp_path / "dir").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "path", "code"),
    [
        ("tool", "{}", 0),
        ("{}/tool", "", 0),
        ("tool", "/nowhere:{}", 0),
        ("tool", "{}/data:{}", 0),
        ("nothing", "{}", 127),
        ("{}/nothing", "", 127),
        ("", "{}", 127),
        ("data", "{}", 126),
        ("{}/data", "", 126),
        ("dir", "{}", 126),
        ("{}/dir", "", 126),
    ],
)
def test_finds_what_exec_would_find(folder: Path, name: str, path: str, code: int) -> None:
    environ = {b"PATH": path.format(folder, folder).encode()}
    word = name.format(folder).encode()

    if code == 0:
        command.find(word, environ)
        return
    with pytest.raises(LaunchError) as caught:
        command.find(word, environ)
    assert caught.value.exit_code == code


def test_an_empty_path_entry_is_the_current_directory(folder: Path) -> None:
    before = os.getcwd()
    os.chdir(folder)
    try:
        command.find(b"tool", {b"PATH": b"/nowhere:"})
    finally:
        os.chdir(before)


def test_without_path_the_system_directories_are_searched() -> None:
    command.find(b"sh", {})


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("tool", "a b", ""), "tool a b \n", 0),
        (("bare", "x"), "bare x\n", 0),
        (("nothing",), "nothing: command not found\n", 127),
        (("data",), "data: permission denied\n", 126),
        (("lost",), "lost: command not found\n", 127),
    ],
    ids=["script", "script without #!", "missing", "not executable", "missing interpreter"],
)
def test_becomes_the_command_or_says_why_not(
    folder: Path, words: tuple[str, ...], said: str, code: int
) -> None:
    environ = {**os.environ, "PATH": str(folder)}

    done = subprocess.run(
        [sys.executable, "-c", BECOME, *words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.returncode) == (said, code), done.stderr
