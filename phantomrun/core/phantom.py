"""Phantoms: values of a secret's shape and none of its worth."""

from __future__ import annotations

import re
import string
import zlib
from math import log2
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from phantomrun.core.provider import Shape
    from phantomrun.core.secret import Secret

MIN_BITS = 128  # the phantom is the caller's only credential
MARKER = b"phantom"  # makes one recognisable in a log or a stack trace, where there is room

_DIGITS = string.digits.encode()
_LOWER = string.ascii_lowercase.encode()
_UPPER = string.ascii_uppercase.encode()
_HEX_LETTERS = b"abcdef"
_WORD = frozenset(_DIGITS + _LOWER + _UPPER + b"-_")
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
    separators = shape.separators.encode() + (b"-" if _UUID.match(rest) else b"")
    checked = shape.checksum != "" and len(rest) > _CRC_CHARS and rest.isalnum()
    body = rest[:-_CRC_CHARS] if checked else rest
    while True:
        made = _filled(body, separators, entropy)
        minted = prefix + made + (_crc32_base62(made) if checked else b"")
        if minted != value and value not in minted:
            return Phantom(minted, secret)


def _split(value: bytes, shape: Shape) -> tuple[bytes, bytes]:
    for text in shape.prefixes:
        prefix = text.encode()
        if value.startswith(prefix) and len(value) > len(prefix):
            return prefix, value[len(prefix) :]
    return b"", value


def _filled(pattern: bytes, separators: bytes, entropy: Callable[[int], bytes]) -> bytes:
    """Return `pattern` with every character but separators and final padding drawn anew."""
    alphabet = _alphabet(pattern, separators)
    kept = {at: byte for at, byte in enumerate(pattern) if byte in separators}
    for at in range(len(pattern.rstrip(b"=")), len(pattern)):
        kept[at] = pattern[at]
    needed = -int(-MIN_BITS // log2(len(alphabet)))
    free = [at for at in range(len(pattern)) if at not in kept]
    extra = max(0, needed - len(free))
    drawn = bytearray(_draw(len(free) + extra, alphabet, entropy))
    if len(drawn) >= needed + len(MARKER) and set(MARKER) <= set(alphabet):
        drawn[: len(MARKER)] = MARKER
    letters = iter(drawn)
    made = bytes(kept[at] if at in kept else next(letters) for at in range(len(pattern)))
    return made + bytes(letters)


def _alphabet(pattern: bytes, separators: bytes) -> bytes:
    """Return the characters that may stand in `pattern`: the classes seen in it, letter case kept.

    Symbols other than `-` and `_` are never drawn: they would be escaped differently in URLs and
    JSON, and a phantom that is as long as its secret in every encoding keeps Content-Length true.
    """
    seen = set(pattern) - set(separators)
    letters = {chr(byte).lower() for byte in seen if chr(byte).isalpha() and byte < 0x80}
    hexadecimal = len(pattern) >= 16 and letters <= set(_HEX_LETTERS.decode())
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
