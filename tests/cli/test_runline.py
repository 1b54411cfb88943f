"""The run line: what is an option of ours, and where the command begins."""

from __future__ import annotations

import os

import pytest

from phantomrun.cli import runline
from phantomrun.cli.runline import RunLine
from phantomrun.errors import LaunchError


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-- env", RunLine(("env",))),
        ("-- env -- x", RunLine(("env", "--", "x"))),
        ("-- -v", RunLine(("-v",))),
        ("-- run", RunLine(("run",))),
        ("run env -v", RunLine(("env", "-v"))),
        ("exec -- env", RunLine(("env",))),
        ("x env", RunLine(("env",))),
        ("run run", RunLine(("run",))),
        ("-v -- env", RunLine(("env",), verbose=True)),
        ("-vn -- env", RunLine(("env",), verbose=True, no_input=True)),
        ("-v -q -- env", RunLine(("env",))),
        ("run -v env", RunLine(("env",), verbose=True)),
        ("-v run -n env", RunLine(("env",), verbose=True, no_input=True)),
        ("-o A -o B,C -- env", RunLine(("env",), only=("A", "B", "C"))),
        ("-oA -- env", RunLine(("env",), only=("A",))),
        ("--only=A --except B -- env", RunLine(("env",), only=("A",), without=("B",))),
        ("-p ci -C /x -- env", RunLine(("env",), profile="ci", directory="/x")),
        ("--profile=ci -- env", RunLine(("env",), profile="ci")),
        (
            "--if-configured --clean-env -- env",
            RunLine(("env",), if_configured=True, clean_env=True),
        ),
        ("--dry-run -- env", RunLine(("env",), dry_run=True)),
        ("--env-file /x/f -- env", RunLine(("env",), env_files=("/x/f",))),
    ],
)
def test_a_run_line_is_read(words: str, expected: RunLine) -> None:
    assert runline.parse(words.split(), {}) == expected


@pytest.mark.parametrize(
    "words",
    [
        "",
        "list",
        "-v list",
        "--help",
        "-h",
        "-V",
        "set X -",
        "--bogus list",
    ],
)
def test_everything_else_is_left_to_the_verbs(words: str) -> None:
    assert runline.parse(words.split(), {}) is None


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        ("--", "no command was given", runline.USAGE),
        ("run", "no command was given", runline.USAGE),
        ("run --", "no command was given", runline.USAGE),
        ("--profle x -- env", "unknown option --profle", "did you mean --profile?"),
        ("--prof x -- env", "unknown option --prof", "did you mean --profile?"),
        ("run --zzzzzz env", "unknown option --zzzzzz", runline.USAGE),
        ("--quiet=yes -- env", "unknown option --quiet", "did you mean --quiet?"),
        ("-o -- env", "-o needs a value", ""),
        ("run -p", "-p needs a value", ""),
    ],
)
def test_a_wrong_run_line_is_explained(words: str, said: str, hint: str) -> None:
    with pytest.raises(LaunchError) as caught:
        runline.parse(words.split(), {})

    assert caught.value.message == said
    assert caught.value.hint == hint
    assert caught.value.exit_code == 125


def test_words_are_kept_to_the_byte() -> None:
    words = ["a\n b", "", os.fsdecode(b"\xff\xfe"), "--", "-x"]

    line = runline.parse(["--", *words], {})

    assert line is not None
    assert list(line.command) == words


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PHANTOMRUN_PROFILE": "ci"}, RunLine(("env",), profile="ci")),
        ({"PHANTOMRUN_NO_INPUT": "1"}, RunLine(("env",), no_input=True)),
        ({"PHANTOMRUN_CLEAN_ENV": "yes"}, RunLine(("env",), clean_env=True)),
        ({"PHANTOMRUN_NO_INPUT": "0"}, RunLine(("env",))),
    ],
)
def test_variables_stand_in_for_options(environ: dict[str, str], expected: RunLine) -> None:
    assert runline.parse(["--", "env"], environ) == expected


def test_an_option_wins_over_its_variable() -> None:
    line = runline.parse(["-p", "dev", "--", "env"], {"PHANTOMRUN_PROFILE": "ci"})

    assert line is not None
    assert line.profile == "dev"
