from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click
import pytest

from phantomrun import __version__
from phantomrun.cli.main import COMMANDS, command_tree

if TYPE_CHECKING:
    from tests.cli.home import Home


def test_a_program_without_the_dashes_gets_the_exact_fix(bare: Home) -> None:
    done = bare.phantomrun("-p", "ci", "sh", "-c", "echo 'a b'")

    assert done.code == 2
    assert done.err == (
        'phantomrun: unknown command "sh"   [PR-USAGE]\n'
        "  fix   phantomrun -p ci -- sh -c 'echo '\"'\"'a b'\"'\"''"
        "            (everything after -- is the program to run)\n"
    )


@pytest.mark.parametrize(
    ("words", "what", "guess"),
    [
        (("lst",), 'unknown command "lst"', "list"),
        (("doktor",), 'unknown command "doktor"', "doctor"),
        (("--profle", "list"), "unknown option --profle", "--profile"),
        (("list", "--jsn"), "unknown option --jsn", "--json"),
        (("set", "--upstrem", "x"), "unknown option --upstrem", "--upstream"),
        (("help", "imprt"), 'there is no verb "imprt"', "import"),
        (("help", "PR-NOVALT"), "there is no code PR-NOVALT", "PR-NOVAULT"),
    ],
)
def test_a_slip_gets_the_nearest_match(
    bare: Home, words: tuple[str, ...], what: str, guess: str
) -> None:
    done = bare.phantomrun(*words)

    assert done.code == 2
    assert done.err == f"phantomrun: {what}   [PR-USAGE]\n  did you mean  {guess}\n"


@pytest.mark.parametrize("word", ["--prof", "--vers", "--js"])
def test_long_options_are_not_abbreviated(bare: Home, word: str) -> None:
    done = bare.phantomrun(word, "list")

    assert done.code == 2
    assert "unknown option" in done.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("mv", "A"), "missing argument NEW"),
        (("set",), "missing argument NAME"),
        (("get", "A", "CANARY"), "too many arguments"),
        (("list", "--color"), "--color"),
        (("--color", "pink", "list"), "--color: "),
        (("set", "A", "--upstream"), "--upstream"),
        (("import", "--from", "vault"), "--from: "),
        (("-C", "/nonexistent", "list"), "cannot work in /nonexistent"),
        (("help", "xyzzy"), 'there is no verb "xyzzy"'),
        (("xyzzy",), 'unknown command "xyzzy"'),
    ],
)
def test_wrong_arguments_are_told_and_end_with_2(
    bare: Home, words: tuple[str, ...], what: str
) -> None:
    done = bare.phantomrun(*words)

    assert (done.code, done.out) == (2, "")
    assert what in done.err
    assert "CANARY" not in done.err
    assert len(done.err.splitlines()) <= 5


def test_no_words_at_all_are_a_run_that_lost_its_command(bare: Home) -> None:
    done = bare.phantomrun()

    assert (done.code, done.out) == (125, "")
    assert "phantomrun -- CMD" in done.err


def test_help_lists_every_verb(bare: Home) -> None:
    pages = {bare.phantomrun(*words).out for words in (["-h"], ["--help"], ["help"])}

    (page,) = pages
    for name in COMMANDS:
        assert f"\n  {name} " in page


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_verb_has_a_page(name: str) -> None:
    tree = command_tree()
    root = click.Context(tree, info_name="phantomrun")
    command = tree.get_command(root, name)

    assert command is not None
    page = command.get_help(click.Context(command, root, info_name=name))
    assert page.startswith(f"Usage: phantomrun {name} ")
    assert "Show this page." in page


def test_two_ways_lead_to_a_page(bare: Home) -> None:
    by_help, by_option = bare.phantomrun("help", "set"), bare.phantomrun("set", "--help")

    assert by_help == by_option
    assert by_help.out.startswith("Usage: phantomrun set [OPTIONS] NAME [-]")


def test_the_version_is_one_line(bare: Home) -> None:
    assert bare.phantomrun("-V") == (0, f"phantomrun {__version__}\n", "")


def test_global_options_may_stand_on_either_side_of_the_verb(stocked: Home) -> None:
    before = stocked.phantomrun("--json", "list")
    after = stocked.phantomrun("list", "--json")
    variable = stocked.phantomrun("list", env={"PHANTOMRUN_JSON": "1"})

    assert before == after == variable
    assert before.out.startswith("{")


def test_a_flag_wins_over_its_variable(stocked: Home) -> None:
    stocked.write("a.toml", "[secrets]\nOPENAI_API_KEY = {}\n")
    stocked.write("b.toml", "[secrets]\nSTRIPE_SECRET_KEY = {}\n")
    env = {"PHANTOMRUN_CONFIG": "a.toml"}

    assert stocked.phantomrun("list", "--json", env=env).objects[0]["here"] is True
    for words in (
        ("--config", "b.toml", "list", "--json"),
        ("list", "--config", "b.toml", "--json"),
    ):
        assert stocked.phantomrun(*words, env=env).objects[0]["here"] is False


def test_works_as_if_started_elsewhere(stocked: Home) -> None:
    below = stocked.cwd / "below"
    below.mkdir()
    (below / ".phantomrun.toml").write_text("[secrets]\nX_KEY = { required = true }\n")

    assert stocked.phantomrun("check").code == 0
    assert stocked.phantomrun("-C", "below", "check").code == 1


@pytest.mark.parametrize(
    ("words", "env", "coloured"),
    [
        (("--color", "always", "xyzzy"), {}, True),
        (("xyzzy",), {"FORCE_COLOR": "1"}, True),
        (("xyzzy",), {"PHANTOMRUN_COLOR": "always"}, True),
        (("xyzzy",), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "never", "xyzzy"), {"FORCE_COLOR": "1"}, False),
        (("xyzzy",), {}, False),
    ],
)
def test_colour_is_for_those_who_want_it(
    bare: Home, words: tuple[str, ...], env: dict[str, str], coloured: bool
) -> None:
    assert ("\x1b[31m" in bare.phantomrun(*words, env=env).err) is coloured


def test_a_reader_who_leaves_ends_us_quietly(bare: Home) -> None:
    person = bare.shell("phantomrun providers --json | head -1")
    person.expect('"schema": "phantomrun.provider/1"')
    person.finish()

    assert "Traceback" not in person.screen
    assert "Error" not in person.screen


def test_a_full_disk_behind_stdout_is_a_failure(bare: Home) -> None:
    person = bare.shell("phantomrun providers >/dev/full; echo code $?")
    person.expect("cannot write: no space left on device")
    person.expect("code 1")
    person.finish()

    assert "Traceback" not in person.screen


@pytest.mark.parametrize("line", ["list >&-", "nope 2>&-", "nope >&- 2>&-", "nope 2>/dev/full"])
def test_a_closed_stream_is_no_crash(stocked: Home, line: str) -> None:
    person = stocked.shell(f"phantomrun {line}; echo code $?")
    person.expect("code (0|2)\n")
    person.finish()

    assert "Traceback" not in person.screen


def test_a_wrong_passphrase_may_be_typed_three_times(bare: Home) -> None:
    no_key = {"PHANTOMRUN_KEY_FILE": ""}
    bare.phantomrun("init", env={"PHANTOMRUN_PASSPHRASE": "CANARY correct horse", **no_key})
    person = bare.person("check", env=no_key)
    person.expect("Passphrase for the vault: ")
    person.type("CANARY one")
    person.expect(r"wrong passphrase \(2 tries left\)")
    person.expect("Passphrase for the vault: ")
    person.type("CANARY two")
    person.expect(r"wrong passphrase \(1 try left\)")
    person.expect("Passphrase for the vault: ")
    person.type("CANARY three")
    person.expect(r"\[PR-LOCKED\]")

    assert person.finish() == 4
    assert "CANARY" not in person.screen


@pytest.mark.parametrize("key", ["C", "\\"], ids=["SIGINT", "SIGQUIT"])
def test_a_signal_at_the_passphrase_prompt_ends_us_as_it_would(bare: Home, key: str) -> None:
    no_key = {"PHANTOMRUN_KEY_FILE": ""}
    bare.phantomrun("init", env={"PHANTOMRUN_PASSPHRASE": "CANARY correct horse", **no_key})
    person = bare.person("check", env=no_key)
    person.expect("Passphrase for the vault: ")
    person.press(key)
    person.wait()

    assert person.echoes()
    assert person.finish() == -{"C": signal.SIGINT, "\\": signal.SIGQUIT}[key]


def test_nobody_is_asked_in_ci(bare: Home) -> None:
    no_key = {"PHANTOMRUN_KEY_FILE": ""}
    bare.phantomrun("init", env={"PHANTOMRUN_PASSPHRASE": "CANARY correct horse", **no_key})
    person = bare.person("check", env={"CI": "true", **no_key})
    person.expect("the vault is locked and CI is set")

    assert person.finish() == 4
