"""Files that only their owner may read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from phantomrun.errors import VaultError
from phantomrun.vault.private import open_private, quoted, read_all, read_private, write_all

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> str:
    where = tmp_path / "it's private"
    where.write_bytes(b"CANARY")
    where.chmod(0o600)
    return str(where)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_ours_alone_is_read(path: str, mode: int) -> None:
    os.chmod(path, mode)

    assert read_private(path, "key file", limit=6) == b"CANARY"


@pytest.mark.parametrize(
    ("mode", "can"),
    [(0o644, "readable"), (0o640, "readable"), (0o604, "readable"), (0o620, "accessible")],
    ids=["0644", "0640", "0604", "0620"],
)
def test_a_file_that_others_may_open_is_refused_with_the_cure(
    path: str, mode: int, can: str
) -> None:
    os.chmod(path, mode)

    with pytest.raises(VaultError) as caught:
        read_private(path, "key file", limit=6)

    assert caught.value.message == f"the key file is {can} by others ({mode:04o})"
    assert caught.value.hint == f"chmod 600 {quoted(path)}"
    assert caught.value.code == "PR-PERMS"


def test_a_file_of_somebody_else_is_refused(path: str) -> None:
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:
        path = "/etc/passwd"

    with pytest.raises(VaultError, match="belongs to another user"):
        read_private(path, "key file", limit=1 << 20)


def test_a_link_is_followed_only_where_that_is_wanted(path: str) -> None:
    link = f"{path}-link"
    os.symlink(path, link)

    assert read_private(link, "passphrase file", limit=6) == b"CANARY"
    with pytest.raises(VaultError, match="symbolic link") as caught:
        open_private(link, "vault file")
    assert caught.value.code == "PR-PERMS"


def test_a_pipe_is_read_only_where_that_is_wanted(path: str) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"CANARY")
    os.close(writer)
    name = f"/dev/fd/{reader}"
    try:
        with pytest.raises(VaultError, match="not a regular file"):
            read_private(name, "key file", limit=6)
        assert read_private(name, "passphrase file", limit=6, pipe=True) == b"CANARY"
    finally:
        os.close(reader)


def test_a_fifo_in_the_place_of_a_file_does_not_hold_us_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)

    with pytest.raises(VaultError, match="not a regular file"):
        read_private(str(tmp_path / "fifo"), "key file", limit=6)


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="not a regular file"):
        read_private(str(tmp_path), "key file", limit=6)


def test_a_missing_file_is_the_callers_to_explain(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(str(tmp_path / "none"), "key file", limit=6)


def test_a_name_the_system_refuses_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be read: file name too long"):
        read_private(str(tmp_path / ("x" * 300)), "key file", limit=6)


def test_more_than_the_limit_is_refused(path: str) -> None:
    with pytest.raises(VaultError, match="larger than 5 bytes"):
        read_private(path, "key file", limit=5)


def test_all_is_read_and_written_in_whatever_pieces() -> None:
    reader, writer = os.pipe()
    try:
        write_all(writer, b"CAN")
        write_all(writer, b"ARY")
        os.close(writer)
        assert read_all(reader, "pipe", limit=6) == b"CANARY"
    finally:
        os.close(reader)
