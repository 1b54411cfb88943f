"""The directory of the vault: entered by its owner only, changed by one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from phantomrun.errors import VaultDamaged, VaultError, VaultMissing
from phantomrun.vault.private import open_private, quoted, read_all, sync_directory, write_all

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_WAIT_S = 10.0
LOCK_POLL_S = 0.01
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Directory:
    """An open directory and the name of the vault in it."""

    __slots__ = ("_fd", "_lock_wait_s", "_name", "path")

    def __init__(self, path: str, fd: int, *, lock_wait_s: float) -> None:
        self.path = path
        self._name = os.path.basename(path)
        self._fd = fd
        self._lock_wait_s = lock_wait_s

    @classmethod
    @contextmanager
    def of(
        cls, path: str, *, create: bool, lock_wait_s: float = LOCK_WAIT_S
    ) -> Iterator[Directory]:
        """Yield the directory of the vault at `path`, once it is known to be safe."""
        where = os.path.dirname(os.path.abspath(path))
        if create:
            _make(where)
        try:
            fd = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise _missing(path) from None
        except OSError as error:
            raise _failed("read", path, error) from None
        try:
            _check(fd, where, take_over=create)
            yield cls(path, fd, lock_wait_s=lock_wait_s)
        finally:
            os.close(fd)

    def has_file(self) -> bool:
        """Return whether something has the vault's name."""
        try:
            os.stat(self._name, dir_fd=self._fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def read(self, *, limit: int) -> bytes:
        """Return the vault file."""
        try:
            fd = open_private(self.path, "vault file", name=self._name, dir_fd=self._fd)
        except FileNotFoundError:
            raise _missing(self.path) from None
        try:
            if os.fstat(fd).st_size > limit:
                raise VaultDamaged("the vault is damaged: it is larger than a vault can be")
            return read_all(fd, "vault file", limit=limit)
        except OSError as error:
            raise _failed("read", self.path, error) from None
        finally:
            os.close(fd)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only writer, or raise VaultError when another one takes too long."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(f"{self._name}.lock", flags, 0o600, dir_fd=self._fd)
        except OSError as error:
            raise _failed("locked", self.path, error) from None
        try:
            self._wait_for_lock(fd)
            yield
        finally:
            os.close(fd)  # and with it goes the lock, as it does when we are killed

    def replace(self, data: bytes) -> None:
        """Put `data` in the vault's place: all of it or, whatever happens, nothing. Needs the lock.

        The old file stays until the new one is on the disk.
        """
        self._sweep()
        temporary = f"{self._prefix}{os.urandom(8).hex()}"
        try:
            self._write(temporary, data)
            os.replace(temporary, self._name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except OSError as error:
            self._remove(temporary)
            raise _failed("written", self.path, error) from None
        except BaseException:
            self._remove(temporary)
            raise
        self._sync()

    @property
    def _prefix(self) -> str:
        return f".{self._name}.new-"

    def _wait_for_lock(self, fd: int) -> None:
        deadline = time.monotonic() + self._lock_wait_s
        while True:
            try:
                return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise VaultError(
                        "another phantomrun is changing the vault and does not finish",
                        hint=f"find it with: fuser {quoted(self.path)}.lock",
                        code="PR-BUSY",
                    ) from None
            except OSError as error:
                raise _failed("locked", self.path, error) from None
            time.sleep(LOCK_POLL_S)

    def _write(self, name: str, data: bytes) -> None:
        fd = os.open(name, _NEW_FILE, 0o600, dir_fd=self._fd)
        try:
            os.fchmod(fd, 0o600)
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)

    def _sweep(self) -> None:
        """Remove what writers that were killed have left: the lock says they are gone."""
        for name in os.listdir(self._fd):
            if name.startswith(self._prefix):
                self._remove(name)

    def _remove(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._fd)
        except OSError:
            return  # sealed bytes under another name: untidy, not unsafe

    def _sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system without directory syncs
                raise VaultError(
                    "the vault was written, but the disk did not confirm it", code="PR-DISK"
                ) from None


def _make(path: str) -> None:
    try:
        os.makedirs(path, mode=0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise _failed("made", path, error) from None
    os.chmod(path, 0o700)  # whatever the umask took
    sync_directory(os.path.dirname(path))


def _check(fd: int, path: str, *, take_over: bool) -> None:
    found = os.fstat(fd)
    mode = stat.S_IMODE(found.st_mode)
    ours = found.st_uid == os.geteuid()
    if take_over and ours and mode & 0o1077 and not mode & stat.S_ISVTX and not os.listdir(fd):
        os.fchmod(fd, 0o700)  # an empty directory that was made for us
        return
    if not ours and found.st_uid != 0:
        raise VaultError(
            f"the vault's directory belongs to another user (uid {found.st_uid}): {path}",
            code="PR-PERMS",
        )
    # SECURITY: who can write the directory can put another vault in place of this one
    # (test_a_directory_that_others_can_write_is_refused)
    if mode & 0o022:
        raise VaultError(
            f"the vault's directory can be changed by others ({mode:04o})",
            hint=f"chmod 700 {quoted(path)}",
            code="PR-PERMS",
        )


def _missing(path: str) -> VaultMissing:
    return VaultMissing(f"there is no vault at {path}", hint="phantomrun init")


def _failed(done: str, path: str, error: OSError) -> VaultError:
    if error.errno in _FULL:
        return VaultError(
            "no space is left to write the vault; it is as it was before",
            hint=f"make room on the disk that holds {quoted(os.path.dirname(path))}",
            code="PR-DISK",
        )
    why = (error.strerror or "").lower()
    return VaultError(f"the vault could not be {done}: {why}: {path}")
