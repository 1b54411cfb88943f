from __future__ import annotations

import re
import signal
import stat
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.home import Home

NO_KEY = {"PHANTOMRUN_KEY_FILE": ""}
PASSPHRASE = {"PHANTOMRUN_PASSPHRASE": "CANARY correct horse", **NO_KEY}


def test_makes_a_key_file_that_unlocks(bare: Home) -> None:
    done = bare.phantomrun("init", "--key-file", "../key", env=NO_KEY)

    assert (done.code, done.out) == (0, "")
    assert stat.S_IMODE(bare.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(bare.vault.stat().st_mode) == 0o600
    assert bare.phantomrun("list", env=NO_KEY).code == 0


def test_takes_the_passphrase_of_the_environment(bare: Home) -> None:
    assert bare.phantomrun("init", env=PASSPHRASE).code == 0
    assert bare.phantomrun("check", env=PASSPHRASE).code == 0


def test_never_replaces_a_vault(stocked: Home) -> None:
    before = stocked.vault.read_bytes()

    done = stocked.phantomrun("init", "--key-file", "other")

    assert done.code == 2
    assert "there is a vault already" in done.err
    assert stocked.vault.read_bytes() == before
    assert not (stocked.cwd / "other").exists()


def test_never_replaces_a_file_by_a_key_file(bare: Home) -> None:
    path = bare.write("key", "mine")

    done = bare.phantomrun("init", "--key-file", "key", env=NO_KEY)

    assert done.code == 2
    assert path.read_text() == "mine"
    assert not bare.vault.exists()


def test_leaves_no_key_file_when_the_vault_cannot_be_made(bare: Home) -> None:
    (bare.root / "ours").write_text("in the way")

    done = bare.phantomrun("init", "--key-file", "key", env=NO_KEY)

    assert done.code != 0
    assert not (bare.cwd / "key").exists()


def test_a_short_passphrase_of_the_environment_is_refused(bare: Home) -> None:
    done = bare.phantomrun("init", env={"PHANTOMRUN_PASSPHRASE": "CANARY", **NO_KEY})

    assert done.code == 2
    assert "at least 12 characters" in done.err
    assert "CANARY" not in done.err
    assert not bare.vault.exists()


@pytest.mark.parametrize("how", [("-n",), ()], ids=["no-input", "no terminal"])
def test_without_anybody_to_ask_it_says_what_to_do(bare: Home, how: tuple[str, ...]) -> None:
    done = bare.phantomrun(*how, "init", env=NO_KEY)

    assert done.code == 4
    assert "--key-file PATH" in done.err


def test_offers_six_words_and_wants_them_typed_back(bare: Home) -> None:
    person = bare.person("init", env=NO_KEY)
    person.expect("New vault passphrase .*six words")
    person.type("")
    words = person.expect(r"\n    ([a-z]+(?:-[a-z]+){5})\n")[1]
    person.expect("type it here: ")
    person.type("something else")
    person.expect("once more: ")
    person.type(words)
    person.expect("Made the vault")

    assert person.finish() == 0
    assert bare.phantomrun("check", env={"PHANTOMRUN_PASSPHRASE": words, **NO_KEY}).code == 0


def test_wants_the_same_passphrase_twice(bare: Home) -> None:
    person = bare.person("init", env=NO_KEY)
    person.expect("New vault passphrase")
    person.type("short")
    person.expect("at least 12 characters")
    person.type("CANARY correct horse")
    person.expect("Again: ")
    person.type("CANARY correct house")
    person.expect("those two differ\n")
    person.expect("New vault passphrase")
    person.type("CANARY correct horse")
    person.expect("Again: ")
    person.type("CANARY correct horse")

    assert person.finish() == 0
    assert "CANARY" not in person.screen
    assert re.search(r"Made the vault", person.screen)


def test_ctrl_c_makes_no_vault(bare: Home) -> None:
    person = bare.person("init", env=NO_KEY)
    person.expect("New vault passphrase")
    person.press("C")
    person.wait()

    assert person.echoes()
    assert person.finish() == -signal.SIGINT
    assert not bare.vault.exists()
