from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.home import Home

NEW = {"PHANTOMRUN_PASSPHRASE": "CANARY battery staple", "PHANTOMRUN_KEY_FILE": ""}


def test_a_new_key_file_replaces_the_old_one(stocked: Home) -> None:
    done = stocked.phantomrun("passwd", "--key-file", "new")

    assert done.code == 0
    assert stocked.phantomrun("check").code == 4
    new = {"PHANTOMRUN_KEY_FILE": str(stocked.cwd / "new")}
    assert stocked.phantomrun("list", env=new).out.count("_KEY") == 2


def test_the_new_passphrase_can_be_piped_in(stocked: Home) -> None:
    done = stocked.phantomrun("passwd", "-", stdin=b"CANARY battery staple\n")

    assert done.code == 0
    assert stocked.phantomrun("list", env=NEW).out.count("_KEY") == 2


def test_the_new_passphrase_is_asked_for_twice(stocked: Home) -> None:
    person = stocked.person("passwd")
    person.expect("New passphrase")
    person.type("CANARY battery staple")
    person.expect("Again: ")
    person.type("CANARY battery staple")
    person.expect("The passphrase is changed")

    assert person.finish() == 0
    assert "CANARY" not in person.screen
    assert stocked.phantomrun("check", env=NEW).code == 0


def test_a_short_one_changes_nothing(stocked: Home) -> None:
    before = stocked.vault.read_bytes()

    done = stocked.phantomrun("passwd", "-", stdin=b"CANARY\n")

    assert done.code == 2
    assert stocked.vault.read_bytes() == before


def test_a_wrong_key_leaves_no_new_key_file(stocked: Home) -> None:
    stocked.phantomrun("passwd", "--key-file", "new")

    done = stocked.phantomrun("passwd", "--key-file", "newer")

    assert done.code == 4
    assert not (stocked.cwd / "newer").exists()


def test_refuses_a_passphrase_on_the_command_line(stocked: Home) -> None:
    done = stocked.phantomrun("passwd", "CANARY battery staple")

    assert done.code == 2
    assert "[PR-ARGV]" in done.err
    assert "CANARY" not in done.err


def test_without_anybody_to_ask_it_says_what_to_do(stocked: Home) -> None:
    done = stocked.phantomrun("passwd")

    assert done.code == 1
    assert "phantomrun passwd - < FILE" in done.err
