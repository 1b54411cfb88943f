"""Forms: the ways in which a secret may be written down, and the same for its phantom."""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phantomrun.core.phantom import Phantom

MIN_NEEDLE_BYTES = 4  # shorter needles would match everywhere; `set` refuses such secrets
_URI_COMPONENT_SAFE = "!'()*"  # what JavaScript's encodeURIComponent leaves alone
_PLAIN = re.compile(rb"[A-Za-z0-9_.~-]*\Z")  # written alike in JSON and in every URL
_URLSAFE = bytes.maketrans(b"+/", b"-_")


class Needle(NamedTuple):
    """One written form of a secret, and the same form of its phantom."""

    secret: bytes
    phantom: bytes

    def __repr__(self) -> str:
        return f"<Needle of {len(self.secret)} bytes>"


class Needles:
    """The forms of some secrets, ready to be looked for."""

    __slots__ = ("_by_secret", "_heads", "_pattern", "_secrets", "same_length")

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_secret: dict[bytes, bytes] = {}
        for needle in needles:
            if len(needle.secret) >= MIN_NEEDLE_BYTES:
                self._by_secret.setdefault(needle.secret, needle.phantom)
        self._secrets = sorted(self._by_secret, key=len, reverse=True)
        self._heads = tuple((secret[:1], secret) for secret in self._secrets)
        self._pattern = re.compile(b"|".join(re.escape(secret) for secret in self._secrets))
        # false where scrubbing may change how long a body is
        self.same_length = all(len(a) == len(b) for a, b in self._by_secret.items())

    def present(self, data: bytes) -> bool:
        """Tell whether any form occurs in `data`."""
        return any(secret in data for secret in self._secrets)

    def replaced(self, data: bytes) -> bytes:
        """Return `data` with every form swapped for the phantom's; leftmost, longest first."""
        if not self.present(data):
            return data
        return self._pattern.sub(lambda match: self._by_secret[match[0]], data)

    def first(self, data: bytes, start: int) -> tuple[int, int, bytes] | None:
        """Return start, end and replacement of the first form at or after `start`."""
        match = self._pattern.search(data, start)
        return None if match is None else (match.start(), match.end(), self._by_secret[match[0]])

    def open_end(self, data: bytes, start: int) -> int:
        """Return where the longest tail of `data` begins that may yet become a form."""
        if not self._secrets:
            return len(data)
        earliest = max(start, len(data) - len(self._secrets[0]) + 1)
        found = len(data)
        for head, secret in self._heads:
            at = data.find(head, earliest, found)
            while at >= 0:
                if len(data) - at < len(secret) and secret.startswith(data[at:]):
                    found = at
                    break
                at = data.find(head, at + 1, found)
        return found


def needles(phantom: Phantom) -> list[Needle]:
    """Return the forms a secret may come back in: raw, JSON, URL-encoded, inside base64."""
    real, fake = phantom.secret.reveal(), phantom.value
    forms = [Needle(real, fake)]
    if not _PLAIN.match(real):
        pairs = zip(_escaped(real), _escaped(fake), strict=True)
        forms += [Needle(*pair) for pair in pairs if pair[0] != real]
    for core in zip(_base64_cores(real), _base64_cores(fake), strict=True):
        forms.append(Needle(*core))
        if b"+" in core[0] or b"/" in core[0]:
            forms.append(Needle(core[0].translate(_URLSAFE), core[1].translate(_URLSAFE)))
    return forms


def _escaped(value: bytes) -> list[bytes]:
    import json
    from urllib.parse import quote, quote_plus

    text = value.decode("utf-8", "surrogateescape")
    plain = json.dumps(text)[1:-1]
    percent = [
        quote(value, safe=""),
        quote_plus(value, safe=""),
        quote(value, safe=_URI_COMPONENT_SAFE),
    ]
    lower = [re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in percent]
    forms = [plain, plain.replace("/", "\\/"), json.dumps(text, ensure_ascii=False)[1:-1]]
    return [form.encode("utf-8", "surrogateescape") for form in (*forms, *percent, *lower)]


def _base64_cores(value: bytes) -> list[bytes]:
    """Return what base64 of any text around `value` must contain, one for each alignment.

    RFC 4648, section 4: three bytes are four characters, so the characters at the edges depend
    on the neighbours and are left out. `user:secret` of Basic authentication is one such text.
    """
    cores = []
    for before in range(3):
        whole = b2a_base64(b"\0" * before + value, newline=False)
        first = (0, 2, 3)[before]
        last = (before + len(value)) * 8 // 6
        cores.append(whole[first:last])
    return cores
