"""Key files: made once, read strictly."""

from __future__ import annotations

import base64
import os
import stat
from typing import TYPE_CHECKING

import pytest

from phantomrun.errors import ConfigError, VaultError, VaultLocked
from phantomrun.vault.keyfile import create_key_file, read_key_file

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b"phantomrun-key-1:" + base64.b64encode(b"CANARY" + bytes(26)) + b"\n"


def written(path: Path, line: bytes) -> str:
    path.write_bytes(line)
    path.chmod(0o600)
    return str(path)


def test_what_was_created_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "key")

    created = create_key_file(path)

    assert read_key_file(path) == created
    assert (created.kind, len(created.value), created.path) == ("key-file", 32, path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_key_file_is_one_line_of_text_and_never_the_same(tmp_path: Path) -> None:
    create_key_file(str(tmp_path / "a"))
    create_key_file(str(tmp_path / "b"))

    one, other = (tmp_path / "a").read_text(), (tmp_path / "b").read_text()
    assert one.startswith("phantomrun-key-1:")
    assert one.count("\n") == 1
    assert one.endswith("\n")
    assert one != other


def test_a_relative_path_is_remembered_as_an_absolute_one(tmp_path: Path) -> None:
    create_key_file(str(tmp_path / "key"))
    relative = os.path.relpath(tmp_path / "key")

    assert read_key_file(relative).path == str(tmp_path / "key")


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path / "key", b"precious")
    dangling = tmp_path / "link"
    dangling.symlink_to(tmp_path / "nowhere")

    for where in (path, str(dangling)):
        with pytest.raises(ConfigError) as caught:
            create_key_file(where)
        assert caught.value.code == "PR-EXISTS"
    assert (tmp_path / "key").read_bytes() == b"precious"


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be written: no such file or directory"):
        create_key_file(str(tmp_path / "none" / "key"))


@pytest.mark.parametrize("line", [GOOD, GOOD[:-1], GOOD[:-1] + b"\r\n"], ids=["lf", "none", "crlf"])
def test_the_line_end_does_not_matter(tmp_path: Path, line: bytes) -> None:
    assert read_key_file(written(tmp_path / "key", line)).value == b"CANARY" + bytes(26)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not a key file"),
        (b"CANARY passphrase\n", "not a key file"),
        (b"phantomrun-key-2:" + GOOD[17:], "not a key file"),
        (GOOD[:-5], "damaged"),
        (GOOD[:-5] + b"\n", "damaged"),
        (GOOD.replace(b"\n", b"\n\n"), "damaged"),
        (GOOD + GOOD, "damaged"),
        (GOOD.replace(b":", b": "), "damaged"),
        (b"phantomrun-key-1:" + base64.b64encode(bytes(31)) + b"\n", "damaged"),
        (b"phantomrun-key-1:\n", "damaged"),
    ],
    ids=[
        "empty",
        "passphrase",
        "version",
        "cut",
        "cut-line",
        "lines",
        "twice",
        "blank",
        "short",
        "none",
    ],
)
def test_anything_else_is_refused_without_showing_it(tmp_path: Path, line: bytes, why: str) -> None:
    with pytest.raises(VaultLocked, match=why) as caught:
        read_key_file(written(tmp_path / "key", line))

    assert "CANARY" not in caught.value.message + caught.value.hint


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "key", GOOD)
    os.chmod(path, 0o640)

    with pytest.raises(VaultError, match="readable by others") as caught:
        read_key_file(path)
    assert caught.value.hint == f"chmod 600 {path}"


def test_a_missing_key_file_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(VaultLocked, match="is not there") as caught:
        read_key_file(str(tmp_path / "key"))
    assert "PHANTOMRUN_KEY_FILE" in caught.value.hint
