from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from phantomrun.cli.completion import SHELLS, install_path
from phantomrun.cli.shells.tree import script

if TYPE_CHECKING:
    from tests.cli.home import Home

COMMITTED = Path(__file__).parent.parent.parent / "completions"
FILES = {"bash": "phantomrun.bash", "zsh": "_phantomrun", "fish": "phantomrun.fish"}


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


@pytest.mark.parametrize("name", SHELLS)
def test_the_committed_copy_is_current(name: str) -> None:
    assert (COMMITTED / FILES[name]).read_text() == script(name), (
        f"phantomrun completion {name} > completions/{FILES[name]}"
    )


@pytest.mark.parametrize("name", SHELLS)
def test_the_shell_itself_can_read_it(name: str) -> None:
    done = subprocess.run(
        [shell(name), "-n", COMMITTED / FILES[name]], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


LINES = [
    (("se",), "set"),
    (("set", "--up"), "--upstream"),
    (("set", "X", "--provider", "openr"), "openrouter"),
    (("--color", "al"), "always"),
    (("import", "--from", "js"), "json"),
    (("import", "some"), "some.env"),
    (("providers", "anthropic-f"), "anthropic-foundry"),
    (("completion", "zs"), "zsh"),
    (("-n", "help", "passw"), "passwd"),
    (("run", "--onl"), "--only"),
    (("--", "cat", "some"), "some.env"),
    (("run", "-o", "X", "cat", "some"), "some.env"),
    (("-p", "ci", "--", "uniq"), "uniq"),
]
IDS = [" ".join(words) for words, _ in LINES]


@pytest.mark.parametrize(("words", "answer"), LINES, ids=IDS)
def test_bash_completes(words: tuple[str, ...], answer: str, tmp_path: Path) -> None:
    (tmp_path / "some.env").touch()
    ask = """
source "$1"; shift
COMP_WORDS=(phantomrun "$@"); COMP_CWORD=$#
_phantomrun
printf '%s\\n' "${COMPREPLY[@]}"
"""

    done = subprocess.run(
        [shell("bash"), "--norc", "-c", ask, "bash", COMMITTED / FILES["bash"], *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(done.stdout.split()) == {answer}


@pytest.mark.parametrize(("words", "answer"), LINES, ids=IDS)
def test_fish_completes(words: tuple[str, ...], answer: str, tmp_path: Path) -> None:
    (tmp_path / "some.env").touch()
    ask = f"source {COMMITTED / FILES['fish']}; complete -C 'phantomrun {' '.join(words)}'"

    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", ask],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr == ""
    assert answer in {line.split("\t")[0] for line in done.stdout.splitlines()}


def test_names_of_secrets_are_not_in_it(stocked: Home) -> None:
    assert "OPENAI_API_KEY" not in stocked.phantomrun("completion", "bash").out


def test_prints_the_script_of_the_shell_in_use(bare: Home) -> None:
    done = bare.phantomrun("completion", env={"SHELL": "/usr/bin/zsh"})

    assert done.out == script("zsh")


def test_asks_which_shell_if_there_is_no_telling(bare: Home) -> None:
    done = bare.phantomrun("completion", env={"SHELL": "/bin/dash"})

    assert done.code == 2
    assert "phantomrun completion bash|zsh|fish" in done.err


@pytest.mark.parametrize("name", SHELLS)
def test_installs_to_where_the_shell_looks(bare: Home, name: str) -> None:
    done = bare.phantomrun("completion", name, "--install")

    path = install_path(name, {"HOME": str(bare.root / "home")})
    assert done.code == 0
    assert path in done.err
    assert Path(path).read_text() == script(name)


def test_follows_the_users_own_directories() -> None:
    environ = {"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"}

    assert install_path("bash", environ) == "/d/bash-completion/completions/phantomrun"
    assert install_path("fish", environ) == "/c/fish/completions/phantomrun.fish"
