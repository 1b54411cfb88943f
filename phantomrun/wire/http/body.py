"""Bodies: how they are framed anew, and how a compressed one is opened for scrubbing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from phantomrun.errors import Malformed, Unreachable
from phantomrun.wire.http.head import HOP_BY_HOP, values

if TYPE_CHECKING:
    from phantomrun.wire.http.head import Fields

_NEVER_TRAILERS = HOP_BY_HOP | {  # RFC 9110, section 6.5.1: framing, routing, authentication …
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-location",
    b"content-range",
    b"content-type",
    b"cookie",
    b"host",
    b"link",
    b"location",
    b"set-cookie",
    b"trailer",
    b"www-authenticate",
}
_NAMED = frozenset({b"br", b"compress", b"deflate", b"gzip", b"identity", b"x-gzip", b"zstd"})
MAX_PLAIN_BYTES = 8 << 20  # of one read, which has 256 KiB at most
_PLAIN = (b"", b"identity")


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk (RFC 9112, section 7.1); empty data is no chunk at all."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def last_chunk(trailers: Fields) -> bytes:
    """Return the end of a chunked body with the trailers that may be forwarded."""
    lines = [
        name + b": " + value + b"\r\n"
        for name, value in trailers
        if name.lower() not in _NEVER_TRAILERS
    ]
    return b"0\r\n" + b"".join(lines) + b"\r\n"


class Decoder:
    """Opens a gzip or deflate body piece by piece (RFC 9110, section 8.4.1)."""

    __slots__ = ("_coding", "_inflate", "_unread")

    def __init__(self, coding: bytes) -> None:
        self._coding = coding.decode()
        self._inflate: zlib._Decompress | None = None
        self._unread = b""  # less than tells what it is

    def feed(self, data: bytes) -> bytes:
        """Return the plain bytes; raises Malformed where the coding is broken."""
        data, self._unread = self._unread + data, b""
        plain = b""
        while data:
            if self._inflate is None:
                if len(data) < 2:
                    self._unread = data
                    break
                self._inflate = zlib.decompressobj(wbits=self._window(data))
            try:
                plain += self._inflate.decompress(data, MAX_PLAIN_BYTES - len(plain))
            except zlib.error:
                raise Malformed(f"the upstream's {self._coding} is broken") from None
            if len(plain) >= MAX_PLAIN_BYTES:
                raise Malformed(f"the upstream's {self._coding} grows without measure")
            data = self._inflate.unused_data
            if self._inflate.eof:
                self._inflate = None  # gzip members may follow each other
        return plain

    def finish(self) -> None:
        """Raise Malformed where the stream is incomplete."""
        if self._inflate is not None or self._unread:
            raise Malformed(f"the upstream's {self._coding} ends too early")

    def _window(self, data: bytes) -> int:
        if self._coding != "deflate":
            return zlib.MAX_WBITS | 16
        # RFC 1950, section 2.2; some servers send deflate without the zlib header
        headed = data[0] & 0x0F == 8 and data[0] >> 4 < 8 and (data[0] << 8 | data[1]) % 31 == 0
        return zlib.MAX_WBITS if headed else -zlib.MAX_WBITS


def decoder(fields: Fields) -> Decoder | None:
    """Return what opens the body that `fields` describe, or None where it is plain.

    Raises Unreachable for a coding we cannot look into: we asked for none, and what cannot be
    scrubbed is not passed on.
    """
    codings = [
        coding.strip().lower()
        for value in values(fields, b"content-encoding")
        for coding in value.split(b",")
        if coding.strip().lower() not in _PLAIN
    ]
    if not codings:
        return None
    if codings in ([b"gzip"], [b"x-gzip"], [b"deflate"]):
        return Decoder(codings[0])
    named = ", ".join(c.decode() if c in _NAMED else "an unknown coding" for c in codings)
    # SECURITY: an opaque body could carry the secret back (test_refuses_codings_it_cannot_scrub)
    raise Unreachable(
        f"the upstream compressed its answer with {named} although none was asked for",
        code="PR-CODING",
    )
