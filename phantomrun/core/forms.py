"""Forms: the ways in which a secret may be written down, and the same for its phantom."""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from phantomrun.core.phantom import Phantom

MIN_NEEDLE_BYTES = 4  # shorter needles would match everywhere
MIN_CUT_BYTES = 8  # a shorter beginning of a secret, at the end of a body, tells nothing
_RUN = re.compile(rb"[A-Za-z0-9_.-]{16,}")  # what no escaping changes
_PLAIN = re.compile(rb"[A-Za-z0-9_.-]*\Z")  # written alike in JSON and in every URL
_URLSAFE = bytes.maketrans(b"+/", b"-_")
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_URL_SAFE = (  # what is left as it is, beside letters, digits and _.-~
    "",
    "/",  # Python's quote
    "*",  # Java's URLEncoder
    "!'()*",  # JavaScript's encodeURIComponent
    "!'()*;,/?:@&=+$#",  # its encodeURI
    "!$&'()*+,;=:@",  # a path segment (RFC 3986, section 3.3), and what we send in one
)
_JSON_ESCAPED = (  # beside what JSON demands
    "",
    "/",  # PHP
    "<>&",  # Go
    "<>&='",  # Gson
    "<>&'+\"`",  # System.Text.Json
)


class Needle(NamedTuple):
    """One written form of a secret, and the same form of its phantom."""

    secret: bytes
    phantom: bytes

    def __repr__(self) -> str:
        return f"<Needle of {len(self.secret)} bytes>"


class Needles:
    """The forms of some secrets, ready to be looked for."""

    __slots__ = ("_by_secret", "_heads", "_secrets", "same_length")

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_secret: dict[bytes, bytes] = {}
        for needle in needles:
            if len(needle.secret) >= MIN_NEEDLE_BYTES:
                self._by_secret.setdefault(needle.secret, needle.phantom)
        self._secrets = sorted(self._by_secret, key=len, reverse=True)
        self._heads = tuple((secret[:1], secret) for secret in self._secrets)
        # false where scrubbing may change how long a body is
        self.same_length = all(len(a) == len(b) for a, b in self._by_secret.items())

    def present(self, data: bytes) -> bool:
        """Tell whether any form occurs in `data`."""
        for secret in self._secrets:  # noqa: SIM110  (any() takes longer)
            if secret in data:
                return True
        return False

    def replaced(self, data: bytes) -> bytes:
        """Return `data` with every form swapped for the phantom's; leftmost, longest first."""
        if not self.present(data):
            return data
        done: list[bytes] = []
        start = 0
        for at, end, replacement in self.found(data):
            done += (data[start:at], replacement)
            start = end
        done.append(data[start:])
        return b"".join(done)

    def ended(self, data: bytes) -> bytes:
        """Return `data` swapped, where it ends in the middle of a form: that is swapped too."""
        data = self.replaced(data)
        at = self.open_end(data, 0)
        if len(data) - at < MIN_CUT_BYTES:
            return data
        secret = next(secret for secret in self._secrets if secret.startswith(data[at:]))
        return data[:at] + self._by_secret[secret][: len(data) - at]

    def found(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yield start, end and replacement of every form; leftmost, of those the longest.

        A form that is absent is looked for once, however many hits the others have.
        """
        # longest first, which `min` keeps for those at one place
        ahead = {secret: at for secret in self._secrets if (at := data.find(secret)) >= 0}
        while ahead:
            best = min(ahead, key=ahead.__getitem__)
            at, end = ahead[best], ahead[best] + len(best)
            yield at, end, self._by_secret[best]
            for secret in [secret for secret, at in ahead.items() if at < end]:
                ahead[secret] = data.find(secret, end)
                if ahead[secret] < 0:
                    del ahead[secret]

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
        forms += map(Needle, _escaped(real), _escaped(fake))
        forms += _unescaped_runs(real, fake)
    for core in zip(_base64_cores(real), _base64_cores(fake), strict=True):
        forms.append(Needle(*core))
        if b"+" in core[0] or b"/" in core[0]:
            forms.append(Needle(core[0].translate(_URLSAFE), core[1].translate(_URLSAFE)))
    return forms


def _unescaped_runs(real: bytes, fake: bytes) -> list[Needle]:
    """Return the parts of a secret that look alike however the characters between are escaped.

    Twice URL-encoded, as an HTML entity: for each a form of its own would be needed.
    """
    if len(real) != len(fake):
        return []
    spans = (match.span() for match in _RUN.finditer(real))
    return [Needle(real[a:b], fake[a:b]) for a, b in spans if real[a:b] != fake[a:b]]


def _escaped(value: bytes) -> list[bytes]:
    """Return `value` as it is written in JSON and in URLs; always as many forms."""
    from urllib.parse import quote, quote_plus

    forms = []
    for safe in _URL_SAFE:
        for quoted in (quote(value, safe), quote_plus(value, safe)):
            forms += [quoted, quoted.replace("~", "%7E")]  # RFC 2396, PHP and Java escape ~
    forms += [_PERCENT.sub(lambda match: match[0].lower(), form) for form in forms]
    text = value.decode("utf-8", "surrogateescape")
    for escaped in _JSON_ESCAPED:
        for only_ascii in (True, False):
            forms += _json(text, escaped, only_ascii=only_ascii)
    return [form.encode("utf-8", "surrogateescape") for form in forms]


def _json(text: str, escaped: str, *, only_ascii: bool) -> tuple[str, str]:
    """Return `text` as JSON that escapes the characters `escaped` too, in lower and upper hex."""
    import json

    lower = upper = ""
    for char in text:
        if char == "/" and char in escaped:
            wrote = "\\/"
        elif char in escaped:
            wrote = f"\\u{ord(char):04x}"
        else:
            wrote = json.dumps(char, ensure_ascii=only_ascii)[1:-1]
        lower += wrote
        upper += "\\u" + wrote[2:].upper() if wrote.startswith("\\u") else wrote
    return lower, upper


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
