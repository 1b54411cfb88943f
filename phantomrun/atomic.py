"""Replacing a file so that a crash leaves the old text or the new one, and no copy of either."""

from __future__ import annotations

import contextlib
import os
import stat

from phantomrun.errors import ConfigError, Failure


def replace(path: str, content: bytes, *, expected: bytes | None = None) -> None:
    """Replace a file's content, or create it; owner, mode and attributes stay as they are.

    A symlink is followed. With `expected`, a file that holds something else by now is left
    alone; a file that is not there holds nothing.
    """
    target = os.path.realpath(path)
    directory, name = os.path.split(target)
    # `.env*` and `.env.*`, the usual lines of a .gitignore, cover what a kill -9 could leave.
    made = os.path.join(directory, f"{name}.phantomrun-{os.urandom(6).hex()}.tmp")
    before = _existing(target)
    try:
        fd = os.open(
            made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if before else 0o666
        )
        try:
            _fill(fd, content)
            if before:
                _dress(fd, before, target)
            os.fsync(fd)
            _refuse_changed(target, expected)
            os.rename(made, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(made)
            raise
        finally:
            os.close(fd)
    except OSError as error:
        raise _failure(path, error) from None
    _sync_directory(directory)


def _existing(target: str) -> os.stat_result | None:
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _failure(target, error) from None
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{target} is not a regular file")
    # SECURITY: the other name would keep the real values
    # (test_refuses_a_file_with_a_second_name)
    if found.st_nlink > 1:
        raise ConfigError(
            f"{target} has {found.st_nlink} hard links, and the others would keep the old text",
            hint=f"find them: find . -samefile {target}",
        )
    return found


def _fill(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _dress(fd: int, before: os.stat_result, target: str) -> None:
    """Give the new file the owner, the attributes (ACLs among them) and the mode of the old."""
    ours = os.fstat(fd)
    if (before.st_uid, before.st_gid) != (ours.st_uid, ours.st_gid):
        try:
            os.fchown(fd, before.st_uid, before.st_gid)
        except PermissionError:
            raise ConfigError(
                f"{target} belongs to another user or group, and only they can replace it",
                hint="let its owner do this, or chown it to you",
            ) from None
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):  # not every file system has them
            for name in os.listxattr(target):
                with contextlib.suppress(OSError):  # nor lets everybody write each
                    os.setxattr(fd, name, os.getxattr(target, name))
    os.fchmod(fd, stat.S_IMODE(before.st_mode))


def _refuse_changed(target: str, expected: bytes | None) -> None:
    if expected is None:
        return
    held = b""
    with contextlib.suppress(FileNotFoundError), open(target, "rb") as file:
        held = file.read()
    if held != expected:
        raise ConfigError(f"{target} was changed by somebody in the meantime", hint="try again")


def _failure(path: str, error: OSError) -> Failure:
    return Failure(
        f"cannot write {path}: {(error.strerror or type(error).__name__).lower()}",
        hint="it is as it was before",
    )


def _sync_directory(directory: str) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot; the file is in place
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
