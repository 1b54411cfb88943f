r"""The vault file, byte by byte: versions and limits.

    17  b"phantomrun vault\n"
     2  version                      big-endian, as every number here
     4  length of the header         at most 64 KiB
     n  header                       canonical JSON: who can unlock the data key, and how
     4  CRC-32 of all of the above   tells a damaged header from a wrong passphrase; no security
    12  nonce of the body
     m  sealed body                  AES-256-GCM under the data key, tag last, at most 64 MiB

The associated data of the body are the bytes before the checksum. The body is one JSON document of
all records, names and metadata included. A file that this module did not write is refused: the
header must be the very bytes that writing its meaning again would give.
"""

from __future__ import annotations

import binascii
import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from phantomrun.core.record import Record
from phantomrun.core.secret import Secret
from phantomrun.errors import VaultDamaged

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC = b"phantomrun vault\n"
VERSION = 1
KEY_BYTES = 32
SALT_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
CHECKSUM_BYTES = 4
MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_UNLOCKERS = 8

_LENGTH_AT = len(MAGIC) + 2
_HEADER_AT = _LENGTH_AT + 4
MAX_FILE_BYTES = (
    _HEADER_AT + MAX_HEADER_BYTES + CHECKSUM_BYTES + NONCE_BYTES + MAX_BODY_BYTES + TAG_BYTES
)

Kind = Literal["passphrase", "key-file"]


class Kdf(NamedTuple):
    """The cost of one Argon2id derivation (RFC 9106)."""

    memory_kib: int
    passes: int
    lanes: int


DEFAULT_KDF = Kdf(memory_kib=64 * 1024, passes=3, lanes=4)
# Whoever can write the file can name a cost: less is no passphrase hashing, more is a denial of
# service. Both ends are checked before anything is derived.
LEAST_KDF = Kdf(memory_kib=1024, passes=1, lanes=1)
MOST_KDF = Kdf(memory_kib=1024 * 1024, passes=16, lanes=16)


class Unlocker(NamedTuple):
    """The data key, wrapped for one passphrase or key file."""

    kind: Kind
    kdf: Kdf | None  # None for a key file: its 256 random bits need no stretching
    path: str  # where the key file was when the vault was made
    salt: bytes
    nonce: bytes
    wrapped: bytes


class Header(NamedTuple):
    """What can be read without a key."""

    unlockers: tuple[Unlocker, ...]


class Envelope(NamedTuple):
    """A vault file taken apart; nothing in it is authentic until the body has been opened."""

    header: Header
    associated: bytes
    nonce: bytes
    sealed: bytes


def head(header: Header) -> bytes:
    """Return the beginning of a vault file, up to the checksum: the body's associated data."""
    text = _canonical({"unlockers": [_unlocker_document(one) for one in header.unlockers]})
    return MAGIC + VERSION.to_bytes(2, "big") + len(text).to_bytes(4, "big") + text


def assemble(associated: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """Return the whole file."""
    return associated + _checksum(associated) + nonce + sealed


def parse(data: bytes) -> Envelope:
    """Return the parts of a vault file, or raise VaultDamaged."""
    _check_magic_and_version(data)
    length = int.from_bytes(data[_LENGTH_AT:_HEADER_AT], "big")
    checksum_at = _HEADER_AT + length
    nonce_at = checksum_at + CHECKSUM_BYTES
    sealed_at = nonce_at + NONCE_BYTES
    if length > MAX_HEADER_BYTES or len(data) > MAX_FILE_BYTES:
        raise _damaged("it is larger than a vault can be")
    if len(data) < sealed_at + TAG_BYTES:
        raise _damaged("it is cut short")
    associated = data[:checksum_at]
    if _checksum(associated) != data[checksum_at:nonce_at]:
        raise _damaged("its header has been altered")
    header = _header(data[_HEADER_AT:checksum_at])
    if head(header) != associated:
        raise _damaged("its header is not one we write")
    return Envelope(header, associated, data[nonce_at:sealed_at], data[sealed_at:])


def pack(records: Iterable[Record]) -> bytes:
    """Return the body before it is sealed."""
    documents = [
        {
            "name": record.name,
            "value": _text(record.value.reveal()),
            "provider": record.provider,
            "upstream": record.upstream,
            "ca_pem": record.ca_pem,
            "created": record.created,
            "changed": record.changed,
        }
        for record in records
    ]
    return _canonical({"records": documents})


def unpack(body: bytes) -> tuple[Record, ...]:
    """Return the records of an opened body."""
    fields = _fields(_load(body), {"records"})
    records = tuple(_record(document) for document in _typed(fields["records"], list))
    if len({record.name for record in records}) != len(records):
        raise _damaged("it has two secrets of one name")
    return records


def _checksum(associated: bytes) -> bytes:
    return binascii.crc32(associated).to_bytes(CHECKSUM_BYTES, "big")


def _check_magic_and_version(data: bytes) -> None:
    if not data.startswith(MAGIC):
        cut = not data or MAGIC.startswith(data)
        raise _damaged("it is cut short" if cut else "it does not begin like a vault")
    if len(data) < _HEADER_AT:
        raise _damaged("it is cut short")
    version = int.from_bytes(data[len(MAGIC) : _LENGTH_AT], "big")
    if version > VERSION:
        raise VaultDamaged(
            f"the vault was written by a newer version of phantomrun (format {version})",
            hint="upgrade phantomrun; this version reads format 1",
            code="PR-NEWER",
        )
    if version != VERSION:
        raise _damaged("its version is not one that was ever written")


def _header(text: bytes) -> Header:
    fields = _fields(_load(text), {"unlockers"})
    documents = _typed(fields["unlockers"], list)
    if not 1 <= len(documents) <= MAX_UNLOCKERS:
        raise _damaged("nothing can unlock it")
    return Header(tuple(_unlocker(document) for document in documents))


def _unlocker_document(unlocker: Unlocker) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": unlocker.kind,
        "salt": _text(unlocker.salt),
        "nonce": _text(unlocker.nonce),
        "wrapped": _text(unlocker.wrapped),
    }
    if unlocker.kdf is None:
        document["path"] = unlocker.path
    else:
        document["argon2id"] = unlocker.kdf._asdict()
    return document


def _unlocker(document: Any) -> Unlocker:
    common = {"kind", "salt", "nonce", "wrapped"}
    kdf, path = None, ""
    kind = _typed(document, dict).get("kind")
    if kind == "passphrase":
        fields = _fields(document, common | {"argon2id"})
        kdf = _kdf(fields["argon2id"])
    elif kind == "key-file":
        fields = _fields(document, common | {"path"})
        path = _path(fields["path"])
    else:
        raise _damaged("it has an unlocker of an unknown kind")
    return Unlocker(
        kind=kind,
        kdf=kdf,
        path=path,
        salt=_sized(fields["salt"], SALT_BYTES),
        nonce=_sized(fields["nonce"], NONCE_BYTES),
        wrapped=_sized(fields["wrapped"], KEY_BYTES + TAG_BYTES),
    )


def _path(text: Any) -> str:
    path = _typed(text, str)
    if "\0" in path or any("\ud800" <= char <= "\udbff" for char in path):
        raise _damaged("its key file has a name that no file can have")
    return str(path)


def _kdf(document: Any) -> Kdf:
    fields = _fields(document, set(Kdf._fields))
    kdf = Kdf(**{name: _typed(number, int) for name, number in fields.items()})
    bounds = zip(LEAST_KDF, kdf, MOST_KDF, strict=True)
    if not all(least <= number <= most for least, number, most in bounds):
        raise _damaged("its key derivation is out of bounds")
    return kdf


def _record(document: Any) -> Record:
    fields = _fields(document, set(Record._fields))
    name = _typed(fields["name"], str)
    return Record(
        name=name,
        value=Secret(name, _bytes(fields["value"])),
        provider=_typed(fields["provider"], str),
        upstream=_typed(fields["upstream"], str),
        ca_pem=_typed(fields["ca_pem"], str),
        created=_typed(fields["created"], int),
        changed=_typed(fields["changed"], int),
    )


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def _load(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _damaged("it holds something that is not JSON") from None


def _fields(document: Any, names: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = _typed(document, dict)
    if found.keys() != names:
        raise _damaged("it has unknown or missing fields")
    return found


def _typed(found: Any, kind: type) -> Any:
    if type(found) is not kind:  # not isinstance: True is an int
        raise _damaged("it has a field of the wrong type")
    return found


def _text(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def _bytes(text: Any) -> bytes:
    try:
        return binascii.a2b_base64(_typed(text, str), strict_mode=True)
    except ValueError:
        raise _damaged("it has a field that is not base64") from None


def _sized(text: Any, length: int) -> bytes:
    raw = _bytes(text)
    if len(raw) != length:
        raise _damaged("it has a field of the wrong length")
    return raw


def _damaged(why: str) -> VaultDamaged:
    return VaultDamaged(
        f"the vault is damaged: {why}",
        hint="restore the file from a backup; phantomrun has not changed it",
    )
