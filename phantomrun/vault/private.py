"""Files that only their owner may read."""

from __future__ import annotations

import os
import stat

from phantomrun.errors import VaultError

_OTHERS = 0o077


def open_private(
    path: str,
    what: str,
    *,
    name: str = "",
    dir_fd: int | None = None,
    follow: bool = False,
    pipe: bool = False,
) -> int:
    """Return a descriptor of the file for reading, once it is known to be ours alone.

    `name` below `dir_fd` is opened instead where they are given; `path` is what people read. A
    missing file is a FileNotFoundError: the caller knows what that means. `pipe` admits `<(…)`.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY
    if not pipe:
        flags |= os.O_NONBLOCK  # a FIFO in the file's place must not hold us up
    if not follow:
        flags |= os.O_NOFOLLOW
    try:
        fd = os.open(name or path, flags, dir_fd=dir_fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, what, error) from None
    try:
        _check(os.fstat(fd), path, what, pipe=pipe)
    except VaultError:
        os.close(fd)
        raise
    return fd


def read_private(path: str, what: str, *, limit: int, pipe: bool = False) -> bytes:
    """Return what is in a file of ours, symbolic links followed, at most `limit` bytes."""
    fd = open_private(path, what, follow=True, pipe=pipe)
    try:
        return read_all(fd, what, limit=limit)
    finally:
        os.close(fd)


def read_all(fd: int, what: str, *, limit: int) -> bytes:
    """Return everything up to the end of `fd`, or raise VaultError beyond `limit` bytes."""
    parts: list[bytes] = []
    left = limit
    while chunk := os.read(fd, min(left + 1, 1024 * 1024)):
        parts.append(chunk)
        left -= len(chunk)
        if left < 0:
            raise VaultError(f"the {what} is larger than {limit} bytes")
    return b"".join(parts)


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_directory(path: str) -> None:
    """Wait until the names in a directory are on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _check(found: os.stat_result, path: str, what: str, *, pipe: bool) -> None:
    regular = stat.S_ISREG(found.st_mode)
    if not regular and not (pipe and stat.S_ISFIFO(found.st_mode)):
        raise VaultError(f"the {what} is not a regular file: {path}", code="PR-PERMS")
    if found.st_uid != os.geteuid():
        raise VaultError(
            f"the {what} belongs to another user (uid {found.st_uid}): {path}", code="PR-PERMS"
        )
    # SECURITY: a file others can read is no secret, one they can write is no promise
    # (test_a_vault_that_others_can_read_is_refused)
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        can = "readable" if mode & 0o044 else "accessible"
        raise VaultError(
            f"the {what} is {can} by others ({mode:04o})",
            hint=f"chmod 600 {quoted(path)}",
            code="PR-PERMS",
        )


def quoted(path: str) -> str:
    """Return `path` as a shell would need it."""
    import shlex

    return shlex.quote(path)


def _unreadable(path: str, what: str, error: OSError) -> VaultError:
    if os.path.islink(path):
        return VaultError(
            f"the {what} is a symbolic link, which is not followed: {path}", code="PR-PERMS"
        )
    return VaultError(f"the {what} cannot be read: {(error.strerror or '').lower()}: {path}")
