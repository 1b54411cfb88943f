"""The vault on disk: created, read, changed, rekeyed; raced, starved and killed."""

from __future__ import annotations

import os
import secrets
import select
import signal
import stat
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from phantomrun.errors import (
    ConfigError,
    NotFound,
    VaultDamaged,
    VaultError,
    VaultLocked,
    VaultMissing,
)
from phantomrun.vault import format as layout
from phantomrun.vault import store
from phantomrun.vault.keyfile import create_key_file
from phantomrun.vault.seal import Credential
from tests.vault.samples import (
    CHEAP,
    KEY,
    PASSPHRASE,
    WRITER,
    Derivations,
    a_record,
    answering,
    child_environ,
    plain,
    python,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from phantomrun.core.record import Record
    from phantomrun.vault.unlock import UnlockRequest

WRONG = Credential("passphrase", b"CANARY wrong")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return the path of a vault with one secret, unlocked by PASSPHRASE."""
    where = str(tmp_path / "home" / "vault")
    store.create(where, PASSPHRASE, records=[a_record("FIRST")], kdf=CHEAP)
    return where


@pytest.fixture
def key(tmp_path: Path) -> Credential:
    return create_key_file(str(tmp_path / "key"))


@pytest.fixture
def keyed(tmp_path: Path, key: Credential) -> str:
    """Return the path of a vault with one secret, unlocked by the key file."""
    where = str(tmp_path / "keyed" / "vault")
    store.create(where, key, records=[a_record("FIRST")])
    return where


def adding(*names: str) -> Callable[[dict[str, Record]], dict[str, Record]]:
    return lambda records: {**records, **{name: a_record(name) for name in names}}


def names(path: str, *credentials: Credential) -> list[str]:
    return [one.name for one in store.load(path, answering(*(credentials or (PASSPHRASE,))))]


def content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def writer(path: str, key: Credential, *task: str) -> list[str]:
    return python(WRITER, path, key.path, *task)


def test_a_new_vault_is_for_its_owner_only(path: str) -> None:
    assert mode(path) == 0o600
    assert mode(os.path.dirname(path)) == 0o700
    assert {
        mode(os.path.join(os.path.dirname(path), name)) for name in ("vault", "vault.lock")
    } == {0o600}


def test_what_was_stored_is_loaded(path: str) -> None:
    kept = [a_record("A")._replace(ca_pem="PEM", provider=""), a_record("B", b"CANARY \xff\xfe")]

    store.change(path, answering(PASSPHRASE), lambda _: {one.name: one for one in kept})

    assert plain(store.load(path, answering(PASSPHRASE))) == plain(tuple(kept))


def test_a_vault_is_never_replaced_by_a_new_one(path: str) -> None:
    before = content(path)

    with pytest.raises(ConfigError) as caught:
        store.create(path, WRONG, kdf=CHEAP)

    assert caught.value.code == "PR-EXISTS"
    assert content(path) == before


def test_no_vault_names_the_way_to_one(tmp_path: Path) -> None:
    for where in (tmp_path / "vault", tmp_path / "not" / "there" / "vault"):
        for act in (store.header, lambda path: store.load(path, answering(PASSPHRASE))):
            with pytest.raises(VaultMissing) as caught:
                act(str(where))
            assert str(where) in caught.value.message
            assert "phantomrun init" in caught.value.hint


def test_an_edit_that_fails_changes_nothing(path: str) -> None:
    before = content(path)

    def fail(_: dict[str, Record]) -> dict[str, Record]:
        raise NotFound("no such secret")

    with pytest.raises(NotFound):
        store.change(path, answering(PASSPHRASE), fail)
    assert content(path) == before


def test_a_record_under_another_name_is_a_bug_not_a_vault(path: str) -> None:
    before = content(path)

    with pytest.raises(ValueError, match="not theirs"):
        store.change(path, answering(PASSPHRASE), lambda _: {"A": a_record("B")})
    assert content(path) == before


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (lambda path, derive: store.load(path, answering(PASSPHRASE), derive=derive), 1),
        (
            lambda path, derive: store.change(
                path, answering(PASSPHRASE), adding("A"), derive=derive
            ),
            1,
        ),
        (
            lambda path, derive: store.create(
                path + "2", PASSPHRASE, records=[a_record()], kdf=CHEAP, derive=derive
            ),
            1,
        ),
        (lambda path, _: store.header(path), 0),
        # passwd: the old passphrase and the new one
        (
            lambda path, derive: store.rekey(
                path, answering(PASSPHRASE), PASSPHRASE, kdf=CHEAP, derive=derive
            ),
            2,
        ),
    ],
    ids=["load", "change", "create", "header", "rekey"],
)
def test_a_command_derives_a_key_once(
    path: str, command: Callable[[str, Derivations], object], expected: int
) -> None:
    derivations = Derivations()

    command(path, derivations)

    assert derivations.count == expected


def test_reading_and_changing_in_one_command_derive_once(path: str) -> None:
    derivations = Derivations()

    vault = store.opened(path, answering(PASSPHRASE), derive=derivations)
    vault.change(adding("A"))
    vault.change(adding("B"))

    assert [one.name for one in vault.records] == names(path) == ["FIRST", "A", "B"]
    assert derivations.count == 1


def test_three_wrong_passphrases_are_enough(path: str) -> None:
    asked: list[UnlockRequest] = []

    def unlock(request: UnlockRequest) -> Credential:
        asked.append(request)
        return WRONG

    with pytest.raises(VaultLocked, match="wrong passphrase, 3 times"):
        store.load(path, unlock)
    assert [one.attempt for one in asked] == [1, 2, 3]
    assert [one.last_error for one in asked] == ["", "wrong passphrase", "wrong passphrase"]


def test_the_right_passphrase_may_come_third(path: str) -> None:
    assert names(path, WRONG, WRONG, PASSPHRASE) == ["FIRST"]


def test_a_key_file_is_asked_for_where_it_was(keyed: str, key: Credential) -> None:
    asked: list[UnlockRequest] = []

    def unlock(request: UnlockRequest) -> Credential:
        asked.append(request)
        return key

    store.load(keyed, unlock)

    assert [(one.kind, one.key_path) for one in asked] == [("key-file", key.path)]


def test_rekeying_shuts_the_old_passphrase_out_and_loses_nothing(path: str) -> None:
    new = Credential("passphrase", b"CANARY another one")
    old_body = layout.parse(content(path))

    store.rekey(path, answering(PASSPHRASE), new, kdf=CHEAP)

    assert names(path, new) == ["FIRST"]
    with pytest.raises(VaultLocked):
        names(path, PASSPHRASE, PASSPHRASE, PASSPHRASE)
    assert layout.parse(content(path)).header != old_body.header


def test_rekeying_takes_a_fresh_data_key(path: str) -> None:
    vault = store.opened(path, answering(PASSPHRASE))
    before = vault._data_key

    vault.rekey(PASSPHRASE, kdf=CHEAP)

    assert vault._data_key != before
    vault.change(adding("A"))
    assert names(path) == ["FIRST", "A"]


def test_a_passphrase_can_become_a_key_file_and_back(path: str, key: Credential) -> None:
    store.rekey(path, answering(PASSPHRASE), key)
    assert [one.kind for one in store.header(path).unlockers] == ["key-file"]
    assert names(path, key) == ["FIRST"]

    store.rekey(path, answering(key), PASSPHRASE, kdf=CHEAP)
    assert names(path) == ["FIRST"]


def test_a_change_after_somebody_elses_rekey_is_refused(path: str) -> None:
    vault = store.opened(path, answering(PASSPHRASE))
    store.rekey(path, answering(PASSPHRASE), PASSPHRASE, kdf=CHEAP)
    before = content(path)

    with pytest.raises(VaultError, match="changed meanwhile; nothing was written") as caught:
        vault.change(adding("A"))

    assert caught.value.code == "PR-CHANGED"
    assert content(path) == before


def test_a_change_sees_what_others_wrote_since(path: str) -> None:
    slow, fast = (store.opened(path, answering(PASSPHRASE)) for _ in range(2))

    fast.change(adding("FAST"))
    slow.change(adding("SLOW"))

    assert names(path) == ["FIRST", "FAST", "SLOW"]


def test_a_damaged_vault_is_not_written_over(path: str) -> None:
    vault = store.opened(path, answering(PASSPHRASE))
    damaged = content(path)[:-1]
    with open(path, "wb") as file:
        file.write(damaged)

    with pytest.raises(VaultDamaged):
        vault.change(adding("A"))
    with pytest.raises(VaultDamaged):
        vault.rekey(PASSPHRASE, kdf=CHEAP)
    assert content(path) == damaged


def test_a_vault_larger_than_any_is_not_read(path: str) -> None:
    os.truncate(path, layout.MAX_FILE_BYTES + 1)  # sparse

    with pytest.raises(VaultDamaged, match="larger than a vault can be"):
        store.header(path)


def test_a_thousand_secrets_open_within_20_ms_of_the_derivation(
    keyed: str, key: Credential
) -> None:
    store.change(keyed, answering(key), adding(*(f"NAME_{n}" for n in range(999))))
    derivations = Derivations()
    took_s: list[float] = []

    for _ in range(20):
        begun_s = time.perf_counter()
        loaded = store.load(keyed, answering(key), derive=derivations)
        took_s.append(time.perf_counter() - begun_s)
        assert len(loaded) == 1000

    assert derivations.count == 20
    assert min(took_s) < 0.020


def test_processes_that_write_at_once_lose_nothing(keyed: str, key: Credential) -> None:
    prefixes = ("A", "B", "C", "D")
    racing = [
        subprocess.Popen(
            writer(keyed, key, "add", prefix, "15"),
            env=child_environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for prefix in prefixes
    ]
    outcomes = [process.communicate(timeout=60)[1] for process in racing]

    assert outcomes == [b""] * 4
    expected = {"FIRST", *(f"{prefix}{n}" for prefix in prefixes for n in range(15))}
    assert set(names(keyed, key)) == expected


def test_a_kill_at_any_moment_loses_nothing_acknowledged(keyed: str, key: Credential) -> None:
    acknowledged = {"FIRST"}
    for turn in range(40):
        process = subprocess.Popen(
            writer(keyed, key, "add", f"T{turn}_", "1000"),
            env=child_environ(),
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert process.stdout is not None
        seen = process.stdout.readline()
        select.select([], [], [], secrets.randbelow(8000) / 1e6)
        process.kill()
        process.wait()
        seen += process.stdout.read() or b""
        process.stdout.close()
        acknowledged |= {line.decode() for line in seen.split(b"\n")[:-1]}

        assert acknowledged <= set(names(keyed, key))

    store.change(keyed, answering(key), adding("LAST"))
    assert sorted(os.listdir(os.path.dirname(keyed))) == ["vault", "vault.lock"]


def test_a_kill_before_any_file_operation_leaves_the_old_vault_or_the_new(
    keyed: str, key: Credential
) -> None:
    killed = -signal.SIGKILL
    at = 0
    while killed == -signal.SIGKILL:
        before = names(keyed, key)
        killed = subprocess.run(
            writer(keyed, key, "die", f"AT{at}_", str(at)), env=child_environ(), check=False
        ).returncode
        assert names(keyed, key) in (before, [*before, f"AT{at}_0"])
        at += 1

    assert killed == 0
    assert at > 8  # it opened, locked, listed, wrote and renamed
    assert sorted(os.listdir(os.path.dirname(keyed))) == ["vault", "vault.lock"]


@pytest.mark.parametrize("limit", [0, 1, 4096, 20_000])
def test_a_full_disk_leaves_the_old_vault_and_nothing_else(
    keyed: str, key: Credential, limit: int
) -> None:
    before = content(keyed)

    ran = subprocess.run(
        writer(keyed, key, "full", "BIG", str(limit)),
        env=child_environ(),
        capture_output=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr.decode()) == (
        9,
        "PR-DISK no space is left to write the vault; it is as it was before\n",
    )
    assert content(keyed) == before
    assert sorted(os.listdir(os.path.dirname(keyed))) == ["vault", "vault.lock"]


_READING = """
import sys
before = set(sys.modules)
from phantomrun.vault import store
from phantomrun.vault.keyfile import read_key_file
store.load(sys.argv[1], lambda request: read_key_file(request.key_path))
print(*set(sys.modules) - before)
"""


def test_a_key_file_needs_neither_argon2_nor_anything_slow(keyed: str) -> None:
    ran = subprocess.run(
        python("-c", _READING, keyed), env=child_environ(), capture_output=True, check=True
    )
    heavy = {"argon2", "dataclasses", "inspect", "asyncio", "click", "platformdirs", "pathlib"}
    heavy |= {"urllib.parse", "subprocess", "tempfile", "ssl", "phantomrun.vault.words"}

    assert heavy.isdisjoint(ran.stdout.decode().split())


def test_the_key_file_of_another_vault_does_not_open_this_one(keyed: str) -> None:
    with pytest.raises(VaultLocked, match="wrong key file"):
        names(keyed, KEY, KEY, KEY)
