"""Parsing: bytes → heads, body pieces and ends, by httptools (llhttp, the parser of Node.js)."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import httptools

from phantomrun.errors import Malformed
from phantomrun.wire.http.head import Framing, RequestHead, ResponseHead, body_framing, sort

if TYPE_CHECKING:
    from phantomrun.wire.http.head import Fields

MAX_HEAD_BYTES = 64 * 1024  # llhttp sets no limits of its own
MAX_PIPELINED = 64  # requests of one read
MAX_FIELDS = 256
_MAX_UNFINISHED_BYTES = 2 * MAX_HEAD_BYTES  # more than any head within the limits can take

_VERSIONS = ("1.1", "1.0")
# RFC 9112, section 4; llhttp lets control characters pass
_REASON = re.compile(rb"[\t -~\x80-\xff]*\Z")


class End(NamedTuple):
    """The message is complete; `trailers` came after a chunked body (RFC 9112, section 7.1.2)."""

    trailers: Fields


Event = RequestHead | ResponseHead | bytes | End


class _State(Enum):
    HEAD = "reading a head"
    BODY = "reading a body"
    DECLINED = "reading what stands in for the head of a request that offered another protocol"
    OVER = "nothing may follow"


class _Reader:
    """What both directions share: collecting fields, and limits."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._silent_bytes = 0
        self._start_anew()

    def _start_anew(self) -> None:
        self._state = _State.HEAD
        self._first = b""
        self._fields: Fields = []

    def taken(self) -> list[Event]:
        """Return and forget the events so far."""
        events, self._events = self._events, []
        return events

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_body(self, data: bytes) -> None:
        self._events.append(data)

    def _collected(self) -> Fields:
        """Return the fields of the head or trailer that is complete; raises Malformed for many."""
        fields, self._fields = self._fields, []
        size = len(self._first) + 4 * len(fields) + sum(map(len, map(b"".join, fields)))
        if len(fields) > MAX_FIELDS or size > MAX_HEAD_BYTES:
            kib = MAX_HEAD_BYTES // 1024
            raise Malformed(f"a head or trailer of more than {MAX_FIELDS} fields or {kib} KiB")
        return fields

    def _heard(self, size: int) -> None:
        # an unfinished field or chunk line is kept in memory
        self._silent_bytes = 0 if self._events else self._silent_bytes + size
        if self._silent_bytes > _MAX_UNFINISHED_BYTES:
            raise Malformed("a head, trailer or chunk line without end")


class RequestReader(_Reader):
    """The child's side: a stream of requests."""

    def __init__(self) -> None:
        super().__init__()
        self._parser = httptools.HttpRequestParser(self)
        self._stand_in = b""

    def feed(self, data: bytes) -> None:
        """Read `data`; `taken` returns what it completed, also where this raises Malformed.

        Nothing may be fed after an error.
        """
        rest: bytes | memoryview = data
        while rest:
            try:
                self._parser.feed_data(rest)
                break
            except httptools.HttpParserUpgrade as upgrade:
                rest = self._declined(memoryview(rest)[upgrade.args[0] :])
            except httptools.HttpParserError as error:
                raise _reason(error) from None
        self._heard(len(data))

    def _declined(self, rest: memoryview) -> bytes | memoryview:
        """Go on in HTTP/1.1, as a server may (RFC 9110, section 7.8): Java's client offers h2c.

        llhttp takes whatever follows such a head for the other protocol, so a new parser reads on,
        and learns from a head that stands in for the child's how long the body is.
        """
        self._parser = httptools.HttpRequestParser(self)
        if not self._stand_in:
            return rest
        # SECURITY: else the body would be read as the next request
        # (test_the_body_of_a_request_that_offers_an_upgrade_is_not_a_request)
        stand_in, self._stand_in = self._stand_in, b""
        self._state = _State.DECLINED
        return stand_in + rest

    def on_url(self, url: bytes) -> None:
        self._first += url

    def on_headers_complete(self) -> None:
        if self._state is _State.DECLINED:
            self._state = _State.BODY
            self._fields = []
            return
        fields = sort(self._collected())
        version = self._parser.get_http_version()
        if version not in _VERSIONS:
            raise Malformed(f"HTTP/{version} is not spoken here")
        if len(self._events) > MAX_PIPELINED and _heads(self._events) > MAX_PIPELINED:
            raise Malformed("too many requests at once")
        method = self._parser.get_method()
        hosts = fields.ours.get(b"host", [])
        if len(hosts) > 1 or (version == "1.1" and not hosts):  # RFC 9112, section 3.2
            raise Malformed("a request needs exactly one Host field")
        if method == b"CONNECT":
            raise Malformed("this is not a forward proxy")
        framing, length = body_framing(fields.ours, bodiless=Framing.NONE)
        if framing is Framing.CHUNKED and version == "1.0":
            raise Malformed("HTTP/1.0 has no chunked bodies")  # RFC 9112, section 6.1
        if framing is not Framing.NONE and self._parser.should_upgrade():
            self._stand_in = _stand_in(framing, length)
        self._state = _State.BODY
        self._events.append(
            RequestHead(
                method,
                self._first,
                version,
                fields.onward,
                framing,
                length,
                fields.persists(version) and version == "1.1",
                b", ".join(fields.ours.get(b"upgrade", ())),
            )
        )

    def on_message_complete(self) -> None:
        if not self._stand_in:
            self._events.append(End(self._collected()))
            self._start_anew()


class ResponseReader(_Reader):
    """The upstream's side: the response to one request, of which `head_only` says what it was."""

    def __init__(self, *, head_only: bool) -> None:
        super().__init__()
        self._parser = httptools.HttpResponseParser(self)
        self._head_only = head_only
        self._interim = False
        self.excess = False  # bytes came after the end: the connection is of no further use

    def feed(self, data: bytes) -> None:
        """Read `data`; `taken` returns what it completed, also where this raises Malformed."""
        if self._over():
            self.excess = self.excess or data.strip(b"\r\n") != b""
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self._over():
                raise _reason(error) from None
            self.excess = True
        self._heard(len(data))

    def _over(self) -> bool:
        return self._state is _State.OVER

    def on_message_begin(self) -> None:
        if self._state is _State.OVER:
            raise Malformed("a second response")

    def on_status(self, reason: bytes) -> None:
        self._first += reason

    def on_body(self, data: bytes) -> None:
        if self._state is not _State.OVER:
            self._events.append(data)
        elif data.strip(b"\r\n"):
            raise Malformed("a body where none may be")

    def on_headers_complete(self) -> None:
        fields = sort(self._collected())
        status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if version not in _VERSIONS or status < 100 or not _REASON.match(self._first):
            raise Malformed("the status line is not HTTP/1.1")
        if status == 101:
            raise Malformed("the upstream switched protocols unasked")
        framing, length = body_framing(fields.ours, bodiless=Framing.CLOSE)
        # RFC 9112, section 6.1: HTTP/1.0 has no chunks; after HEAD they would not be understood
        odd = framing is Framing.CHUNKED and (version == "1.0" or self._head_only)
        if status < 200 or status in (204, 304) or self._head_only:
            framing = Framing.NONE  # section 6.3, rule 1: whatever the fields say
        keep_alive = fields.persists(version) and framing is not Framing.CLOSE and not odd
        self._events.append(
            ResponseHead(status, self._first, version, fields.onward, framing, length, keep_alive)
        )
        self._interim = status < 200
        self._state = _State.BODY
        if self._head_only and not self._interim:
            # llhttp does not know that this answers HEAD and would wait for the body
            self._events.append(End([]))
            self._state = _State.OVER

    def on_message_complete(self) -> None:
        if self._interim:
            self._start_anew()  # an interim response has no end of its own
        elif self._state is not _State.OVER:
            self._events.append(End(self._collected()))
            self._state = _State.OVER


def _stand_in(framing: Framing, length: int) -> bytes:
    if framing is Framing.LENGTH:
        return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length
    return b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def _heads(events: list[Event]) -> int:
    return sum(isinstance(event, RequestHead) for event in events)


def _reason(error: httptools.HttpParserError) -> Malformed:
    """Return what went wrong: our own reason from a callback, or llhttp's words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Malformed):
            return cause
        cause = cause.__cause__ or cause.__context__
    return Malformed(f"not HTTP/1.1: {str(error)[:80].lower() or 'unknown'}")
