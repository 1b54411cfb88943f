"""Bodies: how they are framed anew, and how a compressed one is opened for scrubbing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from phantomrun.errors import Malformed, Unreachable
from phantomrun.wire.http.head import values

if TYPE_CHECKING:
    from phantomrun.wire.http.head import Fields

_NEVER_TRAILERS = frozenset(  # RFC 9110, section 6.5.1
    {
        b"authorization",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"host",
        b"set-cookie",
        b"trailer",
        b"transfer-encoding",
    }
)
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

    __slots__ = ("_coding", "_inflate", "_started")

    def __init__(self, coding: bytes) -> None:
        self._coding = coding
        # 32: gzip and zlib headers are told apart by zlib itself
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._started = False

    def feed(self, data: bytes) -> bytes:
        """Return the plain bytes; raises Malformed where the coding is broken."""
        plain = b""
        while data:
            plain += self._inflated(data)
            data = self._inflate.unused_data
            if self._inflate.eof and data:  # gzip members may follow each other
                self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        return plain

    def _inflated(self, data: bytes) -> bytes:
        try:
            plain = self._inflate.decompress(data)
        except zlib.error:
            # some servers send deflate without the zlib header that RFC 9110 asks for
            if self._started or self._coding != b"deflate":
                raise Malformed(f"the upstream's {self._coding.decode()} is broken") from None
            self._inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
            try:
                plain = self._inflate.decompress(data)
            except zlib.error:
                raise Malformed("the upstream's deflate is broken") from None
        self._started = True
        return plain

    def finish(self) -> bytes:
        """Return what was left; raises Malformed where the stream is incomplete."""
        if not self._inflate.eof and self._started:
            raise Malformed(f"the upstream's {self._coding.decode()} ends too early")
        return self._inflate.flush()


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
    named = b", ".join(codings).decode("latin-1")
    # SECURITY: an opaque body could carry the secret back (test_refuses_codings_it_cannot_scrub)
    raise Unreachable(
        f"the upstream compressed its answer with {named} although none was asked for",
        code="PR-CODING",
    )
