"""Heads: what of a message's fields goes on, and how its body is framed (RFC 9112, section 6)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from phantomrun.errors import Malformed

Fields = list[tuple[bytes, bytes]]

# RFC 9110, section 7.6.1, and what older clients send as if it were one of them
HOP_BY_HOP = frozenset(
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
_WRITTEN_ANEW = frozenset({b"content-length", b"host", b"accept-encoding"})
# gateways to CGI and WSGI read these as if they had hyphens
_MISTAKABLE = frozenset({b"content_length", b"transfer_encoding"})
# SECURITY: piece by piece, or in another alphabet, a secret would come back unrecognised
# (test_an_answer_cannot_be_asked_for_in_pieces); a server may ignore all three
# (RFC 9110, sections 12.5.2 and 14.2)
_CARVING = frozenset({b"range", b"if-range", b"accept-charset"})
_KEPT_BACK = HOP_BY_HOP | _WRITTEN_ANEW | _MISTAKABLE | _CARVING
# options of Connection that nominate nothing; without its coding a body could not be scrubbed
_NOMINATE_NOTHING = HOP_BY_HOP | {b"close", b"", b"content-encoding"}


class Framing(Enum):
    """How the end of a body is found."""

    NONE = "no body"
    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    CLOSE = "until the connection closes"


class RequestHead(NamedTuple):
    """A request's head; `fields` are those that may go on, with their names as they were."""

    method: bytes
    target: bytes
    version: str
    fields: Fields
    framing: Framing
    length: int
    keep_alive: bool
    upgrade: bytes  # the protocols that it offers instead, if any


class ResponseHead(NamedTuple):
    """A response's head; where there is no body, `length` is what one would have, or -1."""

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


class Sorted(NamedTuple):
    """A head's fields: those that may go on, and the values of those that are for us."""

    onward: Fields
    ours: dict[bytes, list[bytes]]  # by lower-case name
    options: frozenset[bytes]  # of Connection

    def persists(self, version: str) -> bool:
        """Tell whether the connection outlives the message (RFC 9112, section 9.3)."""
        if not self.options:
            return version == "1.1"
        return b"close" not in self.options and (version == "1.1" or b"keep-alive" in self.options)


def sort(fields: Fields) -> Sorted:
    """Return `fields` sorted: none goes on that belongs to the connection or is written anew.

    Fields that Connection nominates do not go on either (RFC 9110, section 7.6.1).
    """
    onward: Fields = []
    ours: dict[bytes, list[bytes]] = {}
    for field in fields:
        name = field[0].lower()
        if name not in _KEPT_BACK:
            onward.append(field)
        elif name in ours:
            ours[name].append(field[1])
        else:
            ours[name] = [field[1]]
    options: frozenset[bytes] = frozenset()
    if b"connection" in ours:
        options = frozenset(
            option.strip(b" \t").lower()
            for value in ours[b"connection"]
            for option in value.split(b",")
        )
        nominated = options - _NOMINATE_NOTHING
        if nominated:
            onward = [field for field in onward if field[0].lower() not in nominated]
    return Sorted(onward, ours, options)


def body_framing(ours: dict[bytes, list[bytes]], *, bodiless: Framing) -> tuple[Framing, int]:
    """Return how the body ends and its length in bytes; `bodiless` is the answer without a length.

    Raises Malformed for every ambiguity that RFC 9112, section 6.3 lists as smuggling.
    """
    lengths = ours.get(b"content-length", [])
    codings = ours.get(b"transfer-encoding", [])
    # SECURITY: both, or either one twice, is request smuggling, section 11.2
    # (test_refuses_what_two_servers_could_read_in_two_ways)
    if len(lengths) + len(codings) > 1:
        raise Malformed("ambiguous body length")
    if codings:
        if codings[0].lower() != b"chunked":
            raise Malformed("the only transfer coding we forward is chunked")
        return Framing.CHUNKED, -1
    if not lengths:
        return bodiless, -1
    if not lengths[0].isdigit():
        raise Malformed("Content-Length is not a number")
    return Framing.LENGTH, int(lengths[0])


def values(fields: Fields, name: bytes) -> list[bytes]:
    """Return the values of every field called `name` (in lower case)."""
    return [value for field, value in fields if field.lower() == name]


def serialised(start: bytes, fields: Fields) -> bytes:
    """Return a head's bytes: the start line and the fields, each written by us."""
    return b"\r\n".join([start, *map(b": ".join, fields), b"\r\n"])
