"""A key file: one line of 256 random bits that unlocks a vault where nobody can type."""

from __future__ import annotations

import binascii
import os

from phantomrun.errors import ConfigError, VaultError, VaultLocked
from phantomrun.vault.private import quoted, read_private, sync_directory, write_all
from phantomrun.vault.seal import Credential

TAG = b"phantomrun-key-1:"
KEY_BYTES = 32
_LIMIT_BYTES = 1024


def create_key_file(path: str) -> Credential:
    """Write a new key file with mode 0600 and return it as a credential; never overwrite."""
    path = os.path.abspath(path)
    key = os.urandom(KEY_BYTES)
    line = TAG + binascii.b2a_base64(key)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"there is a file already: {path}",
            hint="choose another path; a key file is never overwritten",
            code="PR-EXISTS",
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        os.fchmod(fd, 0o600)
        write_all(fd, line)
        os.fsync(fd)
        sync_directory(os.path.dirname(path))
    except OSError as error:
        os.unlink(path)
        raise _unwritable(path, error) from None
    finally:
        os.close(fd)
    return Credential("key-file", key, path)


def read_key_file(path: str) -> Credential:
    """Return the credential in a key file of ours, or raise VaultLocked."""
    path = os.path.abspath(path)
    try:
        line = read_private(path, "key file", limit=_LIMIT_BYTES)
    except FileNotFoundError:
        raise VaultLocked(
            f"the key file is not there: {path}",
            hint="set PHANTOMRUN_KEY_FILE to where it is now",
        ) from None
    return Credential("key-file", _key(line, path), path)


def _key(line: bytes, path: str) -> bytes:
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    if not text.startswith(TAG):
        raise VaultLocked(
            f"this is not a key file: {path}",
            hint=f"head -c 14 {quoted(path)} shows phantomrun-key",
        )
    try:
        key = binascii.a2b_base64(text.removeprefix(TAG), strict_mode=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultLocked(f"the key file is damaged: {path}")
    return key


def _unwritable(path: str, error: OSError) -> VaultError:
    return VaultError(f"the key file cannot be written: {(error.strerror or '').lower()}: {path}")
