"""h11 as the oracle: what it makes of a message, what our readers make of it, and every difference.

A difference is a message that one reads and the other refuses, or that both read differently. Each
one that is known has its row here, with the reason why it does no harm. That one of them refuses
what the other still waits for is none: neither has read a message.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import h11

from phantomrun.errors import Malformed
from phantomrun.wire.http.head import Fields, Framing, RequestHead, ResponseHead, sort
from phantomrun.wire.http.parse import End, RequestReader, ResponseReader

MAX_BYTES = 1 << 20
_UNREAD = ("refused", "waiting")


class Read(NamedTuple):
    """The first message of a stream as somebody understood it."""

    start: tuple[object, ...]
    fields: Fields  # those that would go on, names in lower case
    body: bytes
    trailers: Fields


Outcome = Read | str  # or "refused", or "waiting" for more


class Difference(NamedTuple):
    """A known difference: who refuses, in which messages, and why that is right."""

    strict: str  # "ours" or "h11"
    pattern: bytes
    example: bytes
    why: str


def our_request(data: bytes) -> Outcome:
    reader = RequestReader()
    broken = _fed(reader, data)
    head, body = None, b""
    for event in reader.taken():
        if isinstance(event, RequestHead):
            head = event
        elif isinstance(event, bytes):
            body += event
        elif isinstance(event, End) and head is not None:
            return Read(
                (head.method, head.target), _lower(head.fields), body, _lower(event.trailers)
            )
    return "refused" if broken else "waiting"


def our_response(data: bytes, *, method: str = "GET") -> Outcome:
    """Return what our reader makes of a response after which the connection closes."""
    reader = ResponseReader(head_only=method == "HEAD")
    broken = _fed(reader, data)
    head, body = None, b""
    interim: list[int] = []
    for event in reader.taken():
        if isinstance(event, ResponseHead) and event.interim:
            interim.append(event.status)
        elif isinstance(event, ResponseHead):
            head = event
        elif isinstance(event, bytes):
            body += event
        elif isinstance(event, End) and head is not None:
            start = (head.status, head.reason, *interim)
            return Read(start, _lower(head.fields), body, _lower(event.trailers))
    if head is not None and head.framing is Framing.CLOSE and not broken:
        return Read((head.status, head.reason, *interim), _lower(head.fields), body, [])
    return "refused" if broken else "waiting"


def h11_request(data: bytes) -> Outcome:
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_BYTES)
    server.receive_data(data)
    head: h11.Request | None = None
    body = b""
    try:
        while (event := server.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                start = (head.method, head.target)
                return Read(start, _onward(head), body, list(event.headers))
    except h11.RemoteProtocolError:
        return "refused"
    return "waiting"


def h11_response(data: bytes, *, method: str = "GET") -> Outcome:
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_BYTES)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    head: h11.Response | None = None
    body, interim, closed = b"", [], False
    try:
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA and not closed and _until_close(head):
                closed = True
                client.receive_data(b"")
            elif event is h11.NEED_DATA:
                return "waiting"
            elif isinstance(event, h11.InformationalResponse):
                interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                start = (head.status_code, bytes(head.reason), *interim)
                return Read(start, _onward(head), body, list(event.headers))
    except h11.RemoteProtocolError:
        return "refused"


def unexplained(data: bytes, ours: Outcome, theirs: Outcome, known: list[Difference]) -> bool:
    """Tell whether the two outcomes differ in a way that no row of `known` is about."""
    if ours == theirs or (ours in _UNREAD and theirs in _UNREAD):
        return False
    return not any(
        {"ours": ours, "h11": theirs}[difference.strict] == "refused"
        and re.search(difference.pattern, data)
        for difference in known
    )


def _fed(reader: RequestReader | ResponseReader, data: bytes) -> bool:
    try:
        reader.feed(data)
    except Malformed:
        return True
    return False


def _until_close(head: h11.Response | None) -> bool:
    framed = {b"content-length", b"transfer-encoding"}
    return head is not None and not framed & {name for name, _ in head.headers}


def _onward(head: h11.Request | h11.Response) -> Fields:
    return sort(list(head.headers)).onward


def _lower(fields: Fields) -> Fields:
    return [(name.lower(), value.rstrip(b" \t")) for name, value in fields]


_ANY = [
    Difference(
        "ours",
        rb"(?<!\r)\n",
        b"X: y\n\r\n",
        "a bare LF may end a line (RFC 9112, section 2.2); we do not guess",
    ),
    Difference(
        "ours",
        rb"\r\n[ \t]",
        b"X: y\r\n z\r\n\r\n",
        "folded lines are obsolete and must be refused or replaced (section 5.2); we refuse",
    ),
    Difference(
        "ours",
        rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]",
        b"X: \x01\r\n\r\n",
        "h11 lets control characters pass that no field may have (RFC 9110, section 5.5)",
    ),
    Difference(
        "ours",
        rb"(?is)content-length:.*content-length:",
        b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "the same length twice may be accepted (RFC 9112, section 6.3); we do not",
    ),
    Difference(
        "ours",
        rb"(?i)content-length:[^\r]*,",
        b"Content-Length: 3, 3\r\n\r\nabc",
        "the same in one field",
    ),
    Difference(
        "ours",
        rb"(?is)(content-length:.*transfer-encoding:|transfer-encoding:.*content-length:)",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunked wins over a length (section 6.3), unless somebody else reads it the other way",
    ),
    Difference(
        "ours",
        rb"\r\n[0-9a-fA-F]+[ \t;][^\r\n]*\r",
        b"Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
        "h11 takes anything for a chunk extension, and spaces behind a size (section 7.1.1)",
    ),
    Difference(
        "ours",
        rb"(?i)(transfer-encoding:\s*chunked|content-length:\s*[0-9]+)[ \t]+\r",
        b"Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
        "blanks behind a coding or a length mean nothing (section 5.1), unless somebody thinks so",
    ),
]

REQUESTS = [
    *(row._replace(example=b"POST / HTTP/1.1\r\nHost: x\r\n" + row.example) for row in _ANY),
    Difference(
        "ours",
        rb"HTTP/(?!1\.[01]\r)",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        "h11 takes any version for 1.1, also 0.9 and the preface of HTTP/2",
    ),
    Difference(
        "ours",
        rb"(?s)^[\r\n]*(?!(?:GET|POST|PUT|OPTIONS) )",
        b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n",
        "llhttp knows the registered methods, in upper case, and refuses others",
    ),
    Difference(
        "ours",
        rb"^[\r\n]*\S+ +[^/*]",
        b"GET foo HTTP/1.1\r\nHost: x\r\n\r\n",
        "h11 takes any characters for a target, llhttp wants a path, * or a URL",
    ),
    Difference(
        "ours",
        rb"(?is)transfer-encoding:.*transfer-encoding:",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "llhttp refuses a trailer that speaks of framing (RFC 9110, section 6.5.1)",
    ),
    Difference(
        "ours",
        rb"CONNECT",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        "we are no forward proxy",
    ),
    Difference(
        "ours",
        rb"(?is)HTTP/1\.0\r.*transfer-encoding",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 has no chunked bodies: the framing is faulty (RFC 9112, section 6.1)",
    ),
    Difference(
        "h11",
        rb"^[\r\n]+",
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "empty lines before a request should be ignored (section 2.2)",
    ),
    Difference(
        "h11",
        rb"^[\r\n]*\S+( {2,}\S+ +| +\S+ {2,})HTTP",
        b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
        "llhttp takes several spaces for one; we write the line anew",
    ),
    Difference(
        "h11",
        rb" (RTSP|ICE)/",
        b"OPTIONS / RTSP/1.0\r\n\r\n",
        "llhttp reads HTTP's cousins too, as version 1.0; we write HTTP/1.1",
    ),
]

RESPONSES = [
    *(row._replace(example=b"HTTP/1.1 200 OK\r\n" + row.example) for row in _ANY),
    Difference(
        "ours",
        rb"HTTP/(?!1\.[01] )",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "h11 takes any version for 1.1",
    ),
    Difference(
        "ours",
        rb"(?is)^[\r\n]*HTTP/1\.\d 1\d\d.*connection:\s*close",
        b"HTTP/1.1 103 \r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "an interim response that ends the connection has no final one behind it",
    ),
    Difference(
        "ours",
        rb"HTTP/1\.0 1\d\d",
        b"HTTP/1.0 103 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 ends the connection too, and knows no interim responses",
    ),
    Difference(
        "h11",
        rb"(^|\n)[\r\n]+HTTP",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "llhttp ignores empty lines before a status line, as before a request",
    ),
]
