"""A file is replaced wholly or not at all, and looks as before apart from its content."""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from phantomrun import atomic
from phantomrun.errors import ConfigError, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD = b"KEY=CANARY\n" * 20_000
NEW = b"KEY=${PHANTOMRUN_ENV_KEY}\n" * 20_000


def _file(directory: Path, *, mode: int = 0o600, content: bytes = OLD) -> Path:
    path = directory / ".env"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def _others(path: Path) -> list[str]:
    return sorted(set(os.listdir(path.parent)) - {path.name})


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o400, 0o755])
def test_content_is_replaced_and_the_mode_kept(tmp_path: Path, mode: int) -> None:
    path = _file(tmp_path, mode=mode)

    atomic.replace(str(path), NEW)

    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert _others(path) == []


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_gets_what_an_editor_would_give(tmp_path: Path, mask: int, mode: int) -> None:
    path = tmp_path / "new"
    before = os.umask(mask)
    try:
        atomic.replace(str(path), NEW)
    finally:
        os.umask(before)

    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert _others(path) == []


def test_an_empty_content_is_a_content(tmp_path: Path) -> None:
    path = _file(tmp_path)

    atomic.replace(str(path), b"")

    assert path.read_bytes() == b""


def test_the_owner_is_kept(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    path = _file(tmp_path)
    os.chown(path, 12345, 23456)

    atomic.replace(str(path), NEW)

    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)
    assert path.read_bytes() == NEW


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Return a directory that everybody can get to; those of pytest are for their owner only."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory)
        path.chmod(0o755)
        yield path


def test_a_file_whose_owner_cannot_be_kept_is_left_alone(reachable: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of somebody else's in a directory of ours")
    path = _file(reachable, mode=0o644)
    reachable.chmod(0o777)

    ended = _as_nobody(f"atomic.replace({str(path)!r}, b'new')")

    assert b"belongs to another user or group" in ended.stderr
    assert path.read_bytes() == OLD
    assert _others(path) == []


def test_attributes_are_kept(tmp_path: Path) -> None:
    path = _file(tmp_path)
    if not hasattr(os, "setxattr"):
        pytest.skip("extended attributes have another interface here")
    try:
        os.setxattr(path, "user.comment", b"kept")
    except OSError as error:
        pytest.skip(f"this file system has no extended attributes: {error.strerror}")

    atomic.replace(str(path), NEW)

    assert os.getxattr(path, "user.comment") == b"kept"


def test_a_symlink_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "project").mkdir()
    path = _file(tmp_path / "shared", mode=0o640)
    link = tmp_path / "project" / ".env"
    link.symlink_to("../shared/.env")

    atomic.replace(str(link), NEW)

    assert link.is_symlink()
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert (_others(path), _others(link)) == ([], [])


def test_a_relative_path_works(tmp_path: Path) -> None:
    path = _file(tmp_path)

    atomic.replace(os.path.relpath(path), NEW)

    assert path.read_bytes() == NEW


def test_refuses_a_file_with_a_second_name(tmp_path: Path) -> None:
    path = _file(tmp_path)
    os.link(path, tmp_path / "other")

    with pytest.raises(ConfigError, match="2 hard links"):
        atomic.replace(str(path), NEW)

    assert path.read_bytes() == OLD


@pytest.mark.parametrize("kind", ["directory", "fifo"])
def test_refuses_what_is_not_a_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    path.mkdir() if kind == "directory" else os.mkfifo(path)

    with pytest.raises(ConfigError, match="not a regular file"):
        atomic.replace(str(path), NEW)

    assert _others(path) == []


def test_a_file_that_somebody_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = _file(tmp_path, content=b"theirs")

    with pytest.raises(ConfigError, match="in the meantime"):
        atomic.replace(str(path), NEW, expected=OLD)

    assert path.read_bytes() == b"theirs"
    assert _others(path) == []
    atomic.replace(str(path), NEW, expected=b"theirs")
    assert path.read_bytes() == NEW


def test_a_file_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new"

    with pytest.raises(ConfigError, match="in the meantime"):
        atomic.replace(str(path), NEW, expected=OLD)
    assert os.listdir(tmp_path) == []

    atomic.replace(str(path), NEW, expected=b"")
    assert path.read_bytes() == NEW


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no such file or directory"):
        atomic.replace(str(tmp_path / "none" / "x"), NEW)


def test_a_directory_we_cannot_write_is_an_error(reachable: Path) -> None:
    path = _file(reachable, mode=0o644)
    program = f"atomic.replace({str(path)!r}, b'new')"
    reachable.chmod(0o555)

    ended = _as_nobody(program) if os.geteuid() == 0 else _run(program)
    reachable.chmod(0o755)

    assert b"cannot write" in ended.stderr
    assert b"permission denied" in ended.stderr
    assert path.read_bytes() == OLD
    assert _others(path) == []


@pytest.mark.parametrize("limit", [0, 1, 4096, len(NEW) - 1])
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, limit: int) -> None:
    path = _file(tmp_path)
    program = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"atomic.replace({str(path)!r}, {NEW[:26]!r} * 20000)"
    )

    ended = _run(program)

    assert b"cannot write" in ended.stderr
    assert b"file too large" in ended.stderr
    assert path.read_bytes() == OLD
    assert _others(path) == []


def test_a_kill_at_any_time_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = _file(tmp_path)
    program = (
        f"old, new = {OLD[:11]!r} * 20000, {NEW[:26]!r} * 20000\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        f"    atomic.replace({str(path)!r}, new)\n"
        f"    atomic.replace({str(path)!r}, old)\n"
    )
    for number in range(25):
        with _started(program) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(number * 0.0013)
            child.send_signal(signal.SIGKILL)
            child.wait()

        assert path.read_bytes() in (OLD, NEW)
        for other in _others(path):  # what was being written when the signal came
            assert other.startswith(".env.phantomrun-")
            assert stat.S_IMODE((tmp_path / other).stat().st_mode) == 0o600
            (tmp_path / other).unlink()


def test_every_reader_sees_a_whole_file(tmp_path: Path) -> None:
    path = _file(tmp_path)
    program = (
        f"old, new = {OLD[:11]!r} * 20000, {NEW[:26]!r} * 20000\n"
        f"for content in [new, old] * 30: atomic.replace({str(path)!r}, content)\n"
    )
    with _started(program) as child:
        assert child.stdout is not None
        deadline = time.monotonic() + 60
        while not select.select([child.stdout], [], [], 0)[0]:
            assert time.monotonic() < deadline
            assert path.read_bytes() in (OLD, NEW)

        assert child.wait() == 0


def _program(body: str) -> list[str]:
    root = os.path.dirname(os.path.dirname(os.path.abspath(atomic.__file__)))
    start = f"import sys; sys.path.insert(0, {root!r}); from phantomrun import atomic\n"
    return [sys.executable, "-c", start + body]


def _started(body: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_program(body), stdout=subprocess.PIPE)


def _run(body: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(_program(body), capture_output=True, check=False, timeout=60)


def _as_nobody(body: str) -> subprocess.CompletedProcess[bytes]:
    """Run it as a user without rights; what it imports is read before the rights are gone."""
    return _run("import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n" + body)
