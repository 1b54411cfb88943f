"""Heads: what of a message's fields goes on, and how its body is framed (RFC 9112, section 6)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from phantomrun.errors import Malformed

Fields = list[tuple[bytes, bytes]]

# RFC 9110, section 7.6.1, and what older clients send as if it were one of them
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
_OURS = frozenset({b"content-length", b"host", b"accept-encoding"})  # written anew


class Framing(Enum):
    """How the end of a body is found."""

    NONE = "no body"
    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    CLOSE = "until the connection closes"


class RequestHead(NamedTuple):
    """A request's head as it was parsed; field names keep their case."""

    method: bytes
    target: bytes
    version: str
    fields: Fields
    framing: Framing
    length: int
    keep_alive: bool


class ResponseHead(NamedTuple):
    """A response's head as it was parsed."""

    status: int
    reason: bytes
    version: str
    fields: Fields
    framing: Framing
    length: int
    keep_alive: bool

    @property
    def interim(self) -> bool:
        """Tell whether another head follows (RFC 9110, section 15.2)."""
        return self.status < 200


def values(fields: Fields, name: bytes) -> list[bytes]:
    """Return the values of every field called `name` (in lower case)."""
    return [value for field, value in fields if field.lower() == name]


def body_framing(fields: Fields, *, bodiless: Framing) -> tuple[Framing, int]:
    """Return how the body ends and its length in bytes; `bodiless` is the answer without a length.

    Raises Malformed for every ambiguity that RFC 9112, section 6.3 lists as smuggling.
    """
    lengths = values(fields, b"content-length")
    codings = values(fields, b"transfer-encoding")
    # SECURITY: both, or either one twice, is request smuggling, section 11.2
    # (test_refuses_what_two_servers_could_read_in_two_ways)
    if len(lengths) + len(codings) > 1:
        raise Malformed("ambiguous body length")
    if codings:
        if codings[0].lower() != b"chunked":
            raise Malformed("the only transfer coding we forward is chunked")
        return Framing.CHUNKED, 0
    if not lengths:
        return bodiless, 0
    if not lengths[0].isdigit():
        raise Malformed("Content-Length is not a number")
    return Framing.LENGTH, int(lengths[0])


def forwardable(fields: Fields) -> Fields:
    """Return the fields that go on: none that belong to the connection, none that we write anew.

    Fields that Connection nominates are dropped too (RFC 9110, section 7.6.1).
    """
    dropped = _HOP_BY_HOP | _OURS
    nominated = values(fields, b"connection")
    if nominated:
        dropped = dropped | {
            token.strip().lower() for value in nominated for token in value.split(b",")
        }
    return [field for field in fields if field[0].lower() not in dropped]


def serialised(start: bytes, fields: Fields) -> bytes:
    """Return a head's bytes: the start line and the fields, each written by us."""
    lines = [start]
    lines += [name + b": " + value for name, value in fields]
    lines.append(b"\r\n")
    return b"\r\n".join(lines)
