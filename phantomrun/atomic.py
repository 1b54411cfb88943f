"""Replacing a file so that a crash leaves the old text or the new one, and no copy of either."""

from __future__ import annotations

import contextlib
import os
import stat

from phantomrun.errors import ConfigError, Failure

_NEW_MODE = 0o666  # less the umask: what an editor would give


def replace(path: str, content: bytes, *, expected: bytes | None = None) -> None:
    """Replace a file's content, or create it; owner, mode and attributes stay as they are.

    A symlink is followed. With `expected`, a file that holds something else by now is left alone.
    """
    target = os.path.realpath(path)
    directory, name = os.path.split(target)
    made = os.path.join(directory, f"{name}.phantomrun-{os.urandom(6).hex()}.tmp")
    try:
        before = _existing(target)
        fd = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _fill(fd, content)
            _dress(fd, before, target)
            os.fsync(fd)
            _still(target, expected)
            os.rename(made, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise
        finally:
            os.close(fd)
    except OSError as error:
        raise Failure(
            f"cannot write {path}: {(error.strerror or 'failed').lower()}",
            hint="it is as it was before",
        ) from None
    _sync_directory(directory)


def _existing(target: str) -> os.stat_result | None:
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{target} is not a regular file")
    # SECURITY: the other name would keep the real values
    # (test_refuses_a_file_with_a_second_name)
    if found.st_nlink > 1:
        raise ConfigError(
            f"{target} has {found.st_nlink} hard links, and the others would keep the old text",
            hint=f"find them with: find . -samefile {target}",
        )
    return found


def _fill(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _dress(fd: int, before: os.stat_result | None, target: str) -> None:
    if before is None:
        mask = os.umask(0o077)
        os.umask(mask)
        os.fchmod(fd, _NEW_MODE & ~mask)
        return
    mine = os.fstat(fd)
    if (before.st_uid, before.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(fd, before.st_uid, before.st_gid)
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):  # not every file system has them
            for name in os.listxattr(target):
                os.setxattr(fd, name, os.getxattr(target, name))
    os.fchmod(fd, stat.S_IMODE(before.st_mode))


def _still(target: str, expected: bytes | None) -> None:
    if expected is None:
        return
    with open(target, "rb") as file:
        if file.read() != expected:
            raise ConfigError(f"{target} was changed in the meantime", hint="run it again")


def _sync_directory(directory: str) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot; the file is in place
            os.fsync(fd)
    finally:
        os.close(fd)
