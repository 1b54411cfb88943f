"""Passphrase or key file → key → sealed bytes: no other module of a run imports either library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from phantomrun.errors import VaultDamaged, VaultError, VaultLocked
from phantomrun.vault import format as layout
from phantomrun.vault.passphrase import normalised

if TYPE_CHECKING:
    from collections.abc import Callable

    from phantomrun.vault.format import Envelope, Header, Kdf, Kind, Unlocker

    Entropy = Callable[[int], bytes]
    Derive = Callable[["Credential", Kdf | None, bytes], bytes]

_WRAP = b"phantomrun vault 1, data key, "
_KEY_FILE = b"phantomrun vault 1, key file"


class Credential(NamedTuple):
    """What unlocks a vault; it cannot be printed. `path` says where a key file is, absolutely."""

    kind: Kind
    value: bytes
    path: str = ""

    def __repr__(self) -> str:
        return f"<Credential {self.kind}>"


def derive(credential: Credential, kdf: Kdf | None, salt: bytes) -> bytes:
    """Return the key that wraps the data key: Argon2id for a passphrase, HKDF for a key file."""
    if kdf is None:
        return hkdf_sha256(credential.value, salt, info=_KEY_FILE)
    from argon2 import low_level  # 20 ms of imports that a key file does not need
    from argon2.exceptions import HashingError

    try:
        return low_level.hash_secret_raw(
            normalised(credential.value),
            salt,
            time_cost=kdf.passes,
            memory_cost=kdf.memory_kib,
            parallelism=kdf.lanes,
            hash_len=layout.KEY_BYTES,
            type=low_level.Type.ID,
            version=0x13,
        )
    except (HashingError, MemoryError):
        raise VaultError(
            f"the vault's key derivation needs {kdf.memory_kib // 1024} MiB, which could not be had"
        ) from None


def hkdf_sha256(key: bytes, salt: bytes, *, info: bytes) -> bytes:
    """Return 32 bytes of HKDF-SHA256 (RFC 5869)."""
    # not hmac and hashlib: they load a second libcrypto, 4 ms before the command starts
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), layout.KEY_BYTES, salt, info).derive(key)


def wrap(
    data_key: bytes,
    credential: Credential,
    *,
    kdf: Kdf = layout.DEFAULT_KDF,
    entropy: Entropy = os.urandom,
    derive: Derive = derive,
) -> Unlocker:
    """Return the data key wrapped for `credential`."""
    cost = kdf if credential.kind == "passphrase" else None
    salt, nonce = entropy(layout.SALT_BYTES), entropy(layout.NONCE_BYTES)
    key = derive(credential, cost, salt)
    wrapped = AESGCM(key).encrypt(nonce, data_key, _WRAP + credential.kind.encode())
    return layout.Unlocker(credential.kind, cost, credential.path, salt, nonce, wrapped)


def unwrap(header: Header, credential: Credential, *, derive: Derive = derive) -> bytes:
    """Return the data key, or raise VaultLocked; costs one derivation."""
    unlocker = next((one for one in header.unlockers if one.kind == credential.kind), None)
    if unlocker is None:
        raise VaultLocked(f"the vault is not unlocked by a {_spoken(credential)}")
    key = derive(credential, unlocker.kdf, unlocker.salt)
    try:
        return AESGCM(key).decrypt(
            unlocker.nonce, unlocker.wrapped, _WRAP + credential.kind.encode()
        )
    except InvalidTag:
        raise VaultLocked(f"wrong {_spoken(credential)}") from None


def seal(header: Header, data_key: bytes, body: bytes, *, entropy: Entropy = os.urandom) -> bytes:
    """Return a vault file. Every call takes a fresh nonce."""
    if len(body) > layout.MAX_BODY_BYTES:
        raise VaultError("the vault would be larger than 64 MiB; nothing was written")
    associated = layout.head(header)
    nonce = entropy(layout.NONCE_BYTES)
    return layout.assemble(associated, nonce, AESGCM(data_key).encrypt(nonce, body, associated))


def open_sealed(envelope: Envelope, data_key: bytes) -> bytes:
    """Return the body; from here on the header is known to be authentic as well."""
    # SECURITY: header, names, upstreams and values stand or fall together
    # (test_every_flipped_byte_is_refused)
    try:
        return AESGCM(data_key).decrypt(envelope.nonce, envelope.sealed, envelope.associated)
    except InvalidTag:
        raise VaultDamaged(
            "the vault is damaged: its contents have been altered or cut short",
            hint="restore the file from a backup; phantomrun has not changed it",
        ) from None


def new_data_key(entropy: Entropy = os.urandom) -> bytes:
    """Return a random data key."""
    return entropy(layout.KEY_BYTES)


def _spoken(credential: Credential) -> str:
    return credential.kind.replace("-", " ")
