"""Parsing: bytes → heads, body pieces and ends, by httptools (llhttp, the parser of Node.js)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import httptools

from phantomrun.errors import Malformed
from phantomrun.wire.http.head import (
    Framing,
    RequestHead,
    ResponseHead,
    body_framing,
    values,
)

if TYPE_CHECKING:
    from phantomrun.wire.http.head import Fields

MAX_HEAD_BYTES = 64 * 1024
MAX_FIELDS = 256


class End(NamedTuple):
    """The message is complete; `trailers` came after a chunked body (RFC 9112, section 7.1.2)."""

    trailers: Fields


Event = RequestHead | ResponseHead | bytes | End


class _State(Enum):
    HEAD = "reading a head"
    BODY = "reading a body"
    OVER = "nothing may follow"


class _Reader:
    """What both directions share: collecting fields, limits, and turning errors into Malformed."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._state = _State.HEAD
        self._silent_bytes = 0
        self._start_anew()

    def _start_anew(self) -> None:
        self._head_bytes = 0
        self._first = b""
        self._fields: Fields = []
        self._trailers: Fields = []

    # the callbacks of httptools, in the order of a message

    def on_header(self, name: bytes, value: bytes) -> None:
        fields = self._trailers if self._state is _State.BODY else self._fields
        if len(fields) >= MAX_FIELDS:
            raise Malformed(f"more than {MAX_FIELDS} fields")
        self._count(len(name) + len(value))
        fields.append((name, value))

    def on_body(self, data: bytes) -> None:
        self._events.append(data)

    def on_message_complete(self) -> None:
        if self._state is _State.OVER:
            return
        self._events.append(End(self._trailers))
        self._state = _State.HEAD
        self._start_anew()

    def taken(self) -> list[Event]:
        """Return and forget the events so far."""
        events, self._events = self._events, []
        return events

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise Malformed(f"a head of more than {MAX_HEAD_BYTES // 1024} KiB")

    def _heard(self, size: int) -> None:
        # llhttp sets no limit of its own, and keeps an unfinished field or chunk line in memory
        self._silent_bytes = 0 if self._events else self._silent_bytes + size
        if self._silent_bytes > MAX_HEAD_BYTES:
            raise Malformed(f"more than {MAX_HEAD_BYTES // 1024} KiB of a head or trailer")


class RequestReader(_Reader):
    """The child's side: a stream of requests."""

    def __init__(self) -> None:
        super().__init__()
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        """Read `data`; `taken` returns what it completed, also where this raises Malformed.

        Nothing may be fed after an error.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._declined(data, upgrade)
        except httptools.HttpParserError as error:
            raise _reason(error) from None
        self._heard(len(data))

    def _declined(self, data: bytes, upgrade: httptools.HttpParserUpgrade) -> None:
        """Go on in HTTP/1.1, as a server may (RFC 9110, section 7.8): Java's client offers h2c."""
        offset = upgrade.args[0]
        self._parser = httptools.HttpRequestParser(self)
        if data[offset:]:
            self.feed(data[offset:])

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        self._first += url

    def on_headers_complete(self) -> None:
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise Malformed(f"HTTP/{version} is not spoken here")
        method = self._parser.get_method()
        if version == "1.1" and len(values(self._fields, b"host")) != 1:
            raise Malformed("a request needs exactly one Host field")  # RFC 9112, section 3.2
        if method == b"CONNECT":
            raise Malformed("this is not a forward proxy")
        framing, length = body_framing(self._fields, bodiless=Framing.NONE)
        if framing is Framing.CHUNKED and version == "1.0":
            raise Malformed("HTTP/1.0 has no chunked bodies")  # RFC 9112, section 6.1
        keep_alive = self._parser.should_keep_alive() and version == "1.1"
        self._events.append(
            RequestHead(method, self._first, version, self._fields, framing, length, keep_alive)
        )
        self._state = _State.BODY


class ResponseReader(_Reader):
    """The upstream's side: the response to one request, of which `head_only` says what it was."""

    def __init__(self, *, head_only: bool) -> None:
        super().__init__()
        self._parser = httptools.HttpResponseParser(self)
        self._head_only = head_only
        self.excess = False  # bytes came after the end: the connection is of no further use

    def feed(self, data: bytes) -> list[Event]:
        """Return what `data` completes; raises Malformed for what is not HTTP/1.x."""
        if self._over():
            self.excess = True
            return []
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise Malformed("the upstream switched protocols unasked") from None
        except httptools.HttpParserError as error:
            if not self._over():
                raise _reason(error) from None
            self.excess = True
        self._heard(len(data))
        return self.taken()

    def _over(self) -> bool:
        return self._state is _State.OVER

    def on_message_begin(self) -> None:
        if self._state is _State.OVER:
            raise Malformed("a second response")

    def on_status(self, reason: bytes) -> None:
        self._count(len(reason))
        self._first += reason

    def on_body(self, data: bytes) -> None:
        if self._state is _State.OVER:
            raise Malformed("a body where none may be")
        super().on_body(data)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        empty = status < 200 or status in (204, 304) or self._head_only
        if empty:  # RFC 9112, section 6.3, rule 1: whatever the fields say
            framing, length = Framing.NONE, 0
        else:
            framing, length = body_framing(self._fields, bodiless=Framing.CLOSE)
        version = self._parser.get_http_version()
        self._events.append(
            ResponseHead(
                status,
                self._first,
                version,
                self._fields,
                framing,
                length,
                self._parser.should_keep_alive() or self._head_only,
            )
        )
        self._state = _State.BODY
        if self._head_only and status >= 200:
            # llhttp does not know that this answers HEAD and would wait for the body
            self._events.append(End([]))
            self._state = _State.OVER

    def on_message_complete(self) -> None:
        final = self._state is not _State.OVER
        interim = isinstance(self._events[-1], ResponseHead) and self._events[-1].interim
        super().on_message_complete()
        if final and interim:
            self._events.pop()  # an interim response has no end of its own
        elif final:
            self._state = _State.OVER


def _reason(error: httptools.HttpParserError) -> Malformed:
    """Return what went wrong: our own reason from a callback, or llhttp's words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Malformed):
            return cause
        cause = cause.__cause__ or cause.__context__
    return Malformed(f"not HTTP/1.1: {str(error)[:80].lower() or 'unknown'}")
