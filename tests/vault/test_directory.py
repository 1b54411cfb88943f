"""The directory of the vault: who may enter it, and one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

import pytest

from phantomrun.errors import VaultError, VaultMissing
from phantomrun.vault.directory import Directory, _failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    where = tmp_path / "home"
    where.mkdir(mode=0o700)
    return where


@pytest.fixture
def path(home: Path) -> str:
    where = home / "vault"
    where.write_bytes(b"old")
    where.chmod(0o600)
    return str(where)


@pytest.fixture
def directory(path: str) -> Iterator[Directory]:
    with Directory.of(path, create=False, lock_wait_s=0.05) as one:
        yield one


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777], ids=oct)
def test_a_new_directory_is_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    where = tmp_path / "new"
    before = os.umask(umask)
    try:
        with Directory.of(str(where / "vault"), create=True) as made, made.locked():
            made.replace(b"new")
    finally:
        os.umask(before)

    assert mode(where) == 0o700
    assert mode(where / "vault") == 0o600


def test_an_empty_directory_that_was_made_for_us_becomes_ours(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir(mode=0o755)

    with Directory.of(str(tmp_path / "made" / "vault"), create=True):
        assert mode(tmp_path / "made") == 0o700


def test_a_directory_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared" / "thing").touch()

    with Directory.of(str(tmp_path / "shared" / "vault"), create=True):
        assert mode(tmp_path / "shared") == 0o755


@pytest.mark.parametrize("wrong", [0o777, 0o775, 0o757, 0o1777], ids=oct)
def test_a_directory_that_others_can_write_is_refused(path: str, home: Path, wrong: int) -> None:
    home.chmod(wrong)

    for create in (True, False):
        with (
            pytest.raises(VaultError, match="can be changed by others") as caught,
            Directory.of(path, create=create),
        ):
            pytest.fail("it was entered")
        assert caught.value.hint == f"chmod 700 {home}"
        assert caught.value.code == "PR-PERMS"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_somebody_else_is_refused(path: str, home: Path) -> None:
    os.chown(home, 65534, 65534)

    with (
        pytest.raises(VaultError, match="belongs to another user"),
        Directory.of(path, create=False),
    ):
        pytest.fail("it was entered")


def test_a_vault_that_others_can_read_is_refused(directory: Directory) -> None:
    os.chmod(directory.path, 0o644)

    with pytest.raises(VaultError) as caught:
        directory.read(limit=100)

    assert caught.value.message == "the vault file is readable by others (0644)"
    assert caught.value.hint == f"chmod 600 {directory.path}"


def test_a_link_in_the_place_of_the_vault_is_not_followed(directory: Directory, home: Path) -> None:
    os.rename(directory.path, home / "elsewhere")
    os.symlink(home / "elsewhere", directory.path)

    assert directory.has_file()
    with pytest.raises(VaultError, match="symbolic link"):
        directory.read(limit=100)


def test_a_fifo_in_the_place_of_the_vault_does_not_hold_us_up(directory: Directory) -> None:
    os.unlink(directory.path)
    os.mkfifo(directory.path, 0o600)

    with pytest.raises(VaultError, match="not a regular file"):
        directory.read(limit=100)


def test_a_file_in_the_place_of_the_directory_means_no_vault(path: str) -> None:
    with pytest.raises(VaultMissing), Directory.of(f"{path}/vault", create=False):
        pytest.fail("it was entered")


def test_a_directory_that_cannot_be_made_is_said(path: str) -> None:
    with (
        pytest.raises(VaultError, match="could not be made: not a directory"),
        Directory.of(f"{path}/below/vault", create=True),
    ):
        pytest.fail("it was entered")


def test_a_replacement_is_whole_private_and_alone(directory: Directory, home: Path) -> None:
    with directory.locked():
        directory.replace(b"new")

    assert directory.read(limit=100) == b"new"
    assert mode(home / "vault") == 0o600
    assert sorted(os.listdir(home)) == ["vault", "vault.lock"]


def test_a_reader_that_began_before_keeps_the_old_vault(directory: Directory) -> None:
    with open(directory.path, "rb") as reader, directory.locked():
        directory.replace(b"new")
        assert reader.read() == b"old"


def test_what_killed_writers_left_is_swept_and_nothing_else(
    directory: Directory, home: Path
) -> None:
    for name in (".vault.new-0011", ".vault.new-ffee", ".vault.newer", ".other.new-0011"):
        (home / name).write_bytes(b"sealed")

    with directory.locked():
        directory.replace(b"new")

    assert sorted(os.listdir(home)) == [".other.new-0011", ".vault.newer", "vault", "vault.lock"]


def test_a_replacement_that_fails_leaves_the_old_vault_and_nothing_else(
    directory: Directory, home: Path
) -> None:
    os.unlink(directory.path)
    os.mkdir(directory.path)  # nothing can be renamed onto a directory

    with directory.locked(), pytest.raises(VaultError, match="could not be written"):
        directory.replace(b"new")

    assert sorted(os.listdir(home)) == ["vault", "vault.lock"]


def test_a_writer_waits_for_the_lock_only_so_long(directory: Directory) -> None:
    fd = os.open(f"{directory.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        with pytest.raises(VaultError) as caught, directory.locked():
            pytest.fail("two writers at once")
    finally:
        os.close(fd)

    assert caught.value.code == "PR-BUSY"
    with directory.locked():
        assert directory.read(limit=100) == b"old"


def test_a_link_in_the_place_of_the_lock_is_not_followed(directory: Directory, home: Path) -> None:
    os.symlink(home / "target", f"{directory.path}.lock")

    with pytest.raises(VaultError, match="could not be locked"), directory.locked():
        pytest.fail("it was locked")
    assert not (home / "target").exists()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "PR-DISK"),
        (errno.EDQUOT, "PR-DISK"),
        (errno.EFBIG, "PR-DISK"),
        (errno.EROFS, "PR-VAULT"),
        (errno.EIO, "PR-VAULT"),
    ],
    ids=["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO"],
)
def test_a_full_disk_is_told_from_a_broken_one(number: int, code: str) -> None:
    error = _failed("written", "/home/x/vault", OSError(number, os.strerror(number)))

    assert error.code == code
    assert ("as it was before" in error.message) == (code == "PR-DISK")
