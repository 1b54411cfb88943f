"""Phantoms: values of a secret's shape and none of its worth."""

from __future__ import annotations

import re
import zlib
from math import log2
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from phantomrun.core.provider import Shape
    from phantomrun.core.secret import Secret

MIN_BITS = 128  # the phantom is the caller's only credential
MARKER = b"phantom"  # makes one recognisable in a log or a stack trace, where there is room

_DIGITS = b"0123456789"
_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_HEX_LETTERS = b"abcdef"
_UUID = re.compile(rb"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
_BASE62 = _DIGITS + _UPPER + _LOWER
_CRC_CHARS = 6


class Phantom(NamedTuple):
    """A minted value and the one secret it stands for."""

    value: bytes
    secret: Secret

    def __repr__(self) -> str:
        return f"<Phantom of {self.secret.name}>"


def mint(secret: Secret, shape: Shape, *, entropy: Callable[[int], bytes]) -> Phantom:
    """Return a fresh phantom with the secret's prefix, length and alphabet.

    At least `MIN_BITS` of `entropy` go in: where the secret is too short to hold them, the
    phantom is longer than the secret. Symbols that `shape` calls separators stay in place.
    """
    value = secret.reveal()
    prefix, rest = _split(value, shape)
    uuid = _UUID.match(rest)
    separators = shape.separators.encode() + (b"-" if uuid else b"")
    checked = shape.checksum != "" and len(rest) > _CRC_CHARS and rest.isalnum()
    body = rest[:-_CRC_CHARS] if checked else rest
    numeric = set() if uuid else _numeric(body, separators)
    while True:
        made = _filled(body, separators, entropy, numeric=numeric)
        minted = prefix + made + (_crc32_base62(made) if checked else b"")
        if minted != value and value not in minted:
            return Phantom(minted, secret)


def _split(value: bytes, shape: Shape) -> tuple[bytes, bytes]:
    for text in shape.prefixes:
        prefix = text.encode()
        if value.startswith(prefix) and len(value) > len(prefix):
            return prefix, value[len(prefix) :]
    return b"", value


def _filled(
    pattern: bytes, separators: bytes, entropy: Callable[[int], bytes], *, numeric: set[int]
) -> bytes:
    """Return `pattern` with all but separators and padding drawn anew, digits at `numeric`."""
    padded_from = len(pattern.rstrip(b"="))
    kept = {at: byte for at, byte in enumerate(pattern) if byte in separators or at >= padded_from}
    if len(kept) == len(pattern):
        kept.clear()  # keeping all of it would be keeping the secret
    shared = bytes(byte for at, byte in enumerate(pattern) if at not in kept and at not in numeric)
    alphabet = _alphabet(shared)
    needed = -int(-MIN_BITS // log2(len(alphabet)))
    drawn = bytearray(_draw(max(len(shared), needed), alphabet, entropy))
    if len(drawn) >= needed + len(MARKER) and set(MARKER) <= set(alphabet):
        drawn[: len(MARKER)] = MARKER
    letters, digits = iter(drawn), iter(_draw(len(numeric), _DIGITS, entropy))
    made = bytes(
        kept[at] if at in kept else next(digits if at in numeric else letters)
        for at in range(len(pattern))
    )
    return made + bytes(letters)


def _numeric(pattern: bytes, separators: bytes) -> set[int]:
    """Return where `pattern` has a part of digits only beside others: a bot's number, a version."""
    found: set[int] = set()
    others = False
    start = 0
    for part in re.split(b"[" + re.escape(separators) + b"]", pattern) if separators else ():
        if part.isdigit():
            found |= set(range(start, start + len(part)))
        others = others or not (part.isdigit() or part == b"")
        start += len(part) + 1
    return found if others else set()


def _alphabet(shared: bytes) -> bytes:
    """Return the characters that may stand for `shared`: the classes seen in it, case kept.

    Symbols other than `-` and `_` are never drawn: they would be escaped differently in URLs and
    JSON, and a phantom that is as long as its secret in every encoding keeps Content-Length true.
    """
    seen = set(shared)
    letters = {chr(byte).lower() for byte in seen if chr(byte).isalpha() and byte < 0x80}
    hexadecimal = len(shared) >= 16 and letters <= set(_HEX_LETTERS.decode())
    alphabet = _DIGITS if seen & set(_DIGITS) or hexadecimal else b""
    if seen & set(_LOWER):
        alphabet += _HEX_LETTERS if hexadecimal else _LOWER
    if seen & set(_UPPER):
        alphabet += _HEX_LETTERS.upper() if hexadecimal else _UPPER
    if len(alphabet) >= len(_LOWER):
        alphabet += bytes(sorted(seen & set(b"-_")))
    return alphabet or _BASE62


def _draw(count: int, alphabet: bytes, entropy: Callable[[int], bytes]) -> bytes:
    fair = 256 - 256 % len(alphabet)  # bytes above would favour the first letters
    drawn = bytearray()
    while len(drawn) < count:
        drawn += bytes(
            alphabet[byte % len(alphabet)] for byte in entropy(count + 16) if byte < fair
        )
    return bytes(drawn[:count])


def _crc32_base62(body: bytes) -> bytes:
    """Return the six checksum characters that GitHub and npm put at a token's end.

    Source: "Behind GitHub's new authentication token formats" (github.blog, 2021-04-05): CRC-32
    of the random part, in base62, padded with leading zeros.
    """
    number = zlib.crc32(body)
    digits = bytearray()
    for _ in range(_CRC_CHARS):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return bytes(reversed(digits))
