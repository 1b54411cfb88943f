"""Parsing: what the two readers understand, wherever the bytes are cut, and what h11 says to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phantomrun.errors import Malformed
from phantomrun.wire.http.head import Framing, RequestHead, ResponseHead
from phantomrun.wire.http.parse import (
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    MAX_PIPELINED,
    End,
    Event,
    RequestReader,
    ResponseReader,
)
from tests.wire.ground import chunked, slices
from tests.wire.http.oracle import (
    REQUESTS,
    RESPONSES,
    Difference,
    Read,
    h11_request,
    h11_response,
    our_request,
    our_response,
    unexplained,
)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = RequestHead(b"GET", b"/", "1.1", [], Framing.NONE, -1, True, b"")


def _read(data: list[bytes]) -> tuple[list[Event], str]:
    """Return a child's events, neighbouring body pieces joined, and why it was refused."""
    reader = RequestReader()
    events: list[Event] = []
    for piece in data:
        try:
            reader.feed(piece)
        except Malformed as refusal:
            return _joined(events + reader.taken()), refusal.message
        events += reader.taken()
    return _joined(events), ""


def _answered(data: list[bytes], *, head_only: bool = False) -> tuple[list[Event], str, bool]:
    """Return an upstream's events, why it was refused, and whether it said too much."""
    reader = ResponseReader(head_only=head_only)
    events: list[Event] = []
    for piece in data:
        try:
            reader.feed(piece)
        except Malformed as refusal:
            return _joined(events + reader.taken()), refusal.message, reader.excess
        events += reader.taken()
    return _joined(events), "", reader.excess


def _joined(events: list[Event]) -> list[Event]:
    joined: list[Event] = []
    for event in events:
        if isinstance(event, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += event
        else:
            joined.append(event)
    return joined


def _post(body: bytes, *fields: bytes) -> bytes:
    lines = b"".join(field + b"\r\n" for field in (b"Host: x", *fields))
    return b"POST / HTTP/1.1\r\n" + lines + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"
UPGRADE = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMA")
POST = HEAD._replace(method=b"POST")
LENGTH = POST._replace(framing=Framing.LENGTH)

ACCEPTED: list[tuple[str, bytes, list[Event]]] = [
    ("a GET", GET, [HEAD, End([])]),
    ("two", GET + GET, [HEAD, End([]), HEAD, End([])]),
    ("a length", _post(b"abc", b"Content-Length: 3"), [LENGTH._replace(length=3), b"abc", End([])]),
    ("length 0", _post(b"", b"Content-Length: 0"), [LENGTH._replace(length=0), End([])]),
    (
        "chunks",
        _post(chunked(b"abc", b"d"), CHUNKED),
        [POST._replace(framing=Framing.CHUNKED), b"abcd", End([])],
    ),
    (
        "trailers",
        _post(chunked(b"abc", trailers=b"X-Sum: 1\r\nY:\r\n"), CHUNKED),
        [POST._replace(framing=Framing.CHUNKED), b"abc", End([(b"X-Sum", b"1"), (b"Y", b"")])],
    ),
    (
        "chunk extensions",
        _post(b"3;a=b\r\nabc\r\n0;c\r\n\r\n", CHUNKED),
        [POST._replace(framing=Framing.CHUNKED), b"abc", End([])],
    ),
    (
        "spaces around values",
        b"GET / HTTP/1.1\r\nHost:x\r\nX-A: \t a b \t \r\nX-B:\t\r\n\r\n",
        [HEAD._replace(fields=[(b"X-A", b"a b \t "), (b"X-B", b"")]), End([])],
    ),
    ("close", GET[:-2] + b"Connection: close\r\n\r\n", [HEAD._replace(keep_alive=False), End([])]),
    (
        "HTTP/1.0",
        b"GET / HTTP/1.0\r\n\r\n",
        [HEAD._replace(version="1.0", keep_alive=False), End([])],
    ),
    (
        "HTTP/1.0 that would stay",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        [HEAD._replace(version="1.0", keep_alive=False), End([])],
    ),
    (
        "an upgrade offered",
        GET[:-2] + b"\r\n".join(UPGRADE) + b"\r\n\r\n" + GET,
        [HEAD._replace(upgrade=b"h2c"), End([]), HEAD, End([])],
    ),
    (
        "an upgrade to nothing",
        GET[:-2] + b"Upgrade: websocket\r\n\r\n" + GET,
        [HEAD._replace(upgrade=b"websocket"), End([]), HEAD, End([])],
    ),
    ("empty lines before", b"\r\n\r\n" + GET, [HEAD, End([])]),
]


@pytest.mark.parametrize(
    ("data", "events"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED]
)
def test_reads_a_request_at_every_split(data: bytes, events: list[Event]) -> None:
    assert _read([data]) == (events, "")
    assert _read(slices(data, range(len(data)))) == (events, "")
    for at in range(len(data)):
        assert _read([data[:at], data[at:]]) == (events, "")


OFFERED = [
    ("a length", b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", b"Content-Length: 28"),
    ("length 0", b"", b"Content-Length: 0"),
    (
        "chunks",
        chunked(b"GET / HTTP/1.1\r\n", b"Host: x\r\n\r\n", trailers=b"X-Sum: 1\r\n"),
        CHUNKED,
    ),
]


@pytest.mark.parametrize(
    ("body", "framing"), [row[1:] for row in OFFERED], ids=[row[0] for row in OFFERED]
)
def test_the_body_of_a_request_that_offers_an_upgrade_is_not_a_request(
    body: bytes, framing: bytes
) -> None:
    plain = _post(body, framing) + GET
    offered = _post(body, framing, *UPGRADE) + GET
    events, refused = _read([plain])
    assert isinstance(events[0], RequestHead)
    events[0] = events[0]._replace(upgrade=b"h2c")
    assert sum(isinstance(event, RequestHead) for event in events) == 2

    assert _read([offered]) == (events, refused)
    assert _read(slices(offered, range(len(offered)))) == (events, "")
    for at in range(len(offered)):
        assert _read([offered[:at], offered[at:]]) == (events, "")


def test_many_that_offer_an_upgrade_are_read_one_by_one() -> None:
    offered = _post(b"abc", b"Content-Length: 3", *UPGRADE)

    events, refused = _read([offered * MAX_PIPELINED])

    assert refused == ""
    assert len(events) == 3 * MAX_PIPELINED


def test_there_is_a_limit_to_what_one_read_brings() -> None:
    events, refused = _read([GET * 5000])

    assert "too many requests" in refused
    assert MAX_PIPELINED <= len(events) // 2 <= MAX_PIPELINED + 1


def test_requests_without_end_are_not_all_read_before_the_first_is_answered() -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    assert _read([request * 6000])[1] == "too many requests at once"
    assert _read([request] * 6000)[1] == ""


REFUSED = [
    ("bare LF after the request line", b"GET / HTTP/1.1\nHost: x\r\n\r\n"),
    ("bare LF after a field", b"GET / HTTP/1.1\r\nHost: x\n\r\n"),
    ("bare LF at the end", b"GET / HTTP/1.1\r\nHost: x\r\n\n"),
    ("bare CR in a value", b"GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n"),
    ("bare CR after a field", b"GET / HTTP/1.1\r\nHost: x\r\r\n\r\n"),
    ("NUL in a value", b"GET / HTTP/1.1\r\nHost: x\0\r\n\r\n"),
    ("NUL in a name", b"GET / HTTP/1.1\r\nHo\0st: x\r\n\r\n"),
    ("a control character", b"GET / HTTP/1.1\r\nHost: x\r\nX: \x0b\r\n\r\n"),
    ("DEL", b"GET / HTTP/1.1\r\nHost: x\r\nX: \x7f\r\n\r\n"),
    ("a folded line", b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"),
    ("a folded line with a tab", b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\n\r\n"),
    ("a space before the first field", b"GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
    ("a space before the colon", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
    ("a tab before the colon", b"GET / HTTP/1.1\r\nHost\t: x\r\n\r\n"),
    ("no colon", b"GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n"),
    ("no name", b"GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n"),
    ("a name with a parenthesis", b"GET / HTTP/1.1\r\nHost: x\r\nX(: y\r\n\r\n"),
    ("a name beyond ASCII", b"GET / HTTP/1.1\r\nHost: x\r\nX\xe9: y\r\n\r\n"),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n"),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
    ("two Hosts in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n"),
    ("HTTP/0.9", b"GET /\r\n\r\n"),
    ("HTTP/0.9, said so", b"GET / HTTP/0.9\r\n\r\n"),
    ("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: x\r\n\r\n"),
    ("HTTP/2", b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
    ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("HTTP/1.1 in lower case", b"GET / http/1.1\r\nHost: x\r\n\r\n"),
    ("HTTP/1.10", b"GET / HTTP/1.10\r\nHost: x\r\n\r\n"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("an unknown method", b"STEAL / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a method in lower case", b"get / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("CONNECT", b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a space in the target", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("a target beyond ASCII", b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("CL.TE", _post(b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"Content-Length: 5", CHUNKED)),
    ("TE.CL", _post(b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n", CHUNKED, b"Content-Length: 5")),
    ("TE.TE", _post(b"0\r\n\r\n", CHUNKED, b"Transfer-Encoding: identity")),
    ("TE.TE the other way", _post(b"0\r\n\r\n", b"Transfer-Encoding: identity", CHUNKED)),
    ("TE.TE twice the same", _post(b"0\r\n\r\n", CHUNKED, CHUNKED)),
    ("TE.TE in another case", _post(b"0\r\n\r\n", CHUNKED, b"TRANSFER-encoding: x")),
    ("an unknown coding", _post(b"0\r\n\r\n", b"Transfer-Encoding: xchunked")),
    ("chunked within", _post(b"0\r\n\r\n", b"Transfer-Encoding: chunked, gzip")),
    ("another coding too", _post(b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked")),
    ("chunked in quotes", _post(b"0\r\n\r\n", b'Transfer-Encoding: "chunked"')),
    ("chunked after a vertical tab", _post(b"0\r\n\r\n", b"Transfer-Encoding: \x0bchunked")),
    ("chunked and a blank", _post(b"0\r\n\r\n", b"Transfer-Encoding: chunked ")),
    ("chunked and a tab", _post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\t")),
    ("an empty coding", _post(b"0\r\n\r\n", b"Transfer-Encoding:")),
    ("a space before TE's colon", _post(b"0\r\n\r\n", b"Transfer-Encoding : chunked")),
    ("TE folded", _post(b"0\r\n\r\n", b"Transfer-Encoding:\r\n chunked")),
    ("chunked in HTTP/1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two lengths", _post(b"abc", b"Content-Length: 3", b"Content-Length: 4")),
    ("the same length twice", _post(b"abc", b"Content-Length: 3", b"Content-Length: 3")),
    ("two lengths in one", _post(b"abc", b"Content-Length: 3, 3")),
    ("a signed length", _post(b"abc", b"Content-Length: +3")),
    ("a negative length", _post(b"abc", b"Content-Length: -3")),
    ("a hexadecimal length", _post(b"abc", b"Content-Length: 0x3")),
    ("an empty length", _post(b"abc", b"Content-Length:")),
    ("a length with a space within", _post(b"abc", b"Content-Length: 3 3")),
    ("a length too large", _post(b"abc", b"Content-Length: 18446744073709551616")),
    ("a length far too large", _post(b"abc", b"Content-Length: " + b"9" * 5000)),
    ("bare LF after a chunk's size", _post(b"3\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("bare LF after a chunk", _post(b"3\r\nabc\n0\r\n\r\n", CHUNKED)),
    ("bare LF in an extension", _post(b"3;a\nb\r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("bare LF at the end of chunks", _post(b"0\r\n\n", CHUNKED)),
    ("NUL in an extension", _post(b"3;\0\r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk longer than it says", _post(b"3\r\nabcd\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk shorter than it says", _post(b"3\r\nab\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk's size with 0x", _post(b"0x3\r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk's size negative", _post(b"-3\r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk's size signed", _post(b"+3\r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk's size with a space", _post(b"3 \r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk's size missing", _post(b"\r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("a chunk's size too large", _post(b"10000000000000003\r\nabc\r\n0\r\n\r\n", CHUNKED)),
    ("a trailer folded", _post(b"0\r\nA: b\r\n c\r\n\r\n", CHUNKED)),
    ("a trailer with a space", _post(b"0\r\nA : b\r\n\r\n", CHUNKED)),
    ("a trailer with bare LF", _post(b"0\r\nA: b\n\r\n", CHUNKED)),
    ("something after close", GET[:-2] + b"Connection: close\r\n\r\n" + GET),
    ("something glued to a length", _post(b"abcx", b"Content-Length: 3")),
]


@pytest.mark.parametrize("data", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses_a_request_at_every_split(data: bytes) -> None:
    events, refused = _read([data])

    assert refused
    assert _read(slices(data, range(len(data)))) == (events, refused)
    for at in range(len(data)):
        assert _read([data[:at], data[at:]]) == (events, refused)


def test_what_came_before_a_mistake_was_read() -> None:
    events, refused = _read([GET + _post(b"abcx", b"Content-Length: 3") + b"yz"])

    assert [type(event) for event in events] == [RequestHead, End, RequestHead, bytes, End]
    assert "method" in refused


def _many(count: int, size: int) -> bytes:
    fields = b"".join(b"X-%d: %b\r\n" % (at, b"a" * size) for at in range(count))
    return GET[:-2] + fields + b"\r\n"


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        (_many(MAX_FIELDS - 1, 1), True),
        (_many(MAX_FIELDS, 1), False),
        (_many(1, MAX_HEAD_BYTES - 100), True),
        (_many(1, MAX_HEAD_BYTES), False),
        (_many(200, 300), True),
        (_many(200, 400), False),
        (b"GET /" + b"a" * (MAX_HEAD_BYTES - 100) + b" HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", False),
        (_post(chunked(b"a", trailers=b"X: y\r\n" * MAX_FIELDS), CHUNKED), True),
        (_post(chunked(b"a", trailers=b"X: y\r\n" * (MAX_FIELDS + 1)), CHUNKED), False),
        (_post(chunked(b"a", trailers=b"X: " + b"y" * MAX_HEAD_BYTES + b"\r\n"), CHUNKED), False),
    ],
    ids=[
        *("fields", "too many fields", "a long field", "too long a field", "long fields"),
        *("too long fields", "a long target", "too long a target", "trailers"),
        *("too many trailers", "too long a trailer"),
    ],
)
def test_heads_have_limits(data: bytes, fits: bool) -> None:
    for size in (len(data), 1000, 4096):
        _, refused = _read(slices(data, range(0, len(data), size)))
        assert (refused == "") is fits, (size, refused)


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        GET[:-2] + b"X: ",
        GET[:-2] + b"X",
        _post(b"3;", CHUNKED),
        _post(b"0\r\nX: ", CHUNKED),
        b"\r\n",
    ],
    ids=["target", "value", "name", "chunk extension", "trailer", "empty lines"],
)
def test_what_never_ends_is_not_kept(start: bytes) -> None:
    filler = b"\r\n" * 500 if start == b"\r\n" else b"a" * 1000

    _events, refused = _read([start, *[filler] * 200])

    assert refused


@given(
    st.lists(st.sampled_from([row[1] for row in ACCEPTED]), max_size=4),
    st.lists(st.integers(0, 600)),
)
def test_slicing_never_matters_for_requests(messages: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(messages)

    assert _read(slices(whole, cuts)) == _read([whole])


@given(st.binary(max_size=80), st.sampled_from([b"", GET, GET[:-2], _post(b"", CHUNKED)]))
def test_junk_from_a_child_is_refused_never_fatal(junk: bytes, before: bytes) -> None:
    _read([before, junk, junk])


OK = b"HTTP/1.1 200 OK\r\n"
ANSWER = ResponseHead(200, b"OK", "1.1", [], Framing.LENGTH, 2, True)
CONTINUE = ANSWER._replace(status=100, reason=b"Continue", framing=Framing.NONE, length=-1)

ANSWERS: list[tuple[str, bytes, list[Event]]] = [
    ("a length", OK + b"Content-Length: 2\r\n\r\nab", [ANSWER, b"ab", End([])]),
    ("length 0", OK + b"Content-Length: 0\r\n\r\n", [ANSWER._replace(length=0), End([])]),
    (
        "chunks",
        OK + CHUNKED + b"\r\n\r\n" + chunked(b"ab", b"c", trailers=b"X: y\r\n"),
        [ANSWER._replace(framing=Framing.CHUNKED, length=-1), b"abc", End([(b"X", b"y")])],
    ),
    (
        "until close",
        OK + b"\r\nabc",
        [ANSWER._replace(framing=Framing.CLOSE, length=-1, keep_alive=False), b"abc"],
    ),
    (
        "no reason",
        b"HTTP/1.1 204\r\n\r\n",
        [ANSWER._replace(status=204, reason=b"", framing=Framing.NONE, length=-1), End([])],
    ),
    (
        "304 with a length",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        [
            ANSWER._replace(status=304, reason=b"Not Modified", framing=Framing.NONE, length=9),
            End([]),
        ],
    ),
    (
        "continue",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nab",
        [CONTINUE, ANSWER, b"ab", End([])],
    ),
    (
        "two interim ones with fields",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
        + OK
        + b"Content-Length: 0\r\n\r\n",
        [
            CONTINUE,
            CONTINUE._replace(status=103, reason=b"Early Hints", fields=[(b"Link", b"<a>")]),
            ANSWER._replace(length=0),
            End([]),
        ],
    ),
    (
        "close",
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nab",
        [ANSWER._replace(keep_alive=False), b"ab", End([])],
    ),
    (
        "HTTP/1.0",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
        [ANSWER._replace(version="1.0", keep_alive=False), b"ab", End([])],
    ),
    (
        "HTTP/1.0 that stays",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
        [ANSWER._replace(version="1.0"), b"ab", End([])],
    ),
    (
        "HTTP/1.0 in chunks",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + CHUNKED + b"\r\n\r\n" + chunked(b"ab"),
        [
            ANSWER._replace(version="1.0", framing=Framing.CHUNKED, length=-1, keep_alive=False),
            b"ab",
            End([]),
        ],
    ),
    (
        "an upgrade that is not one",
        OK + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
        [ANSWER, b"ab", End([])],
    ),
]


@pytest.mark.parametrize(
    ("data", "events"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_reads_a_response_at_every_split(data: bytes, events: list[Event]) -> None:
    assert _answered([data]) == (events, "", False)
    assert _answered(slices(data, range(len(data)))) == (events, "", False)
    for at in range(len(data)):
        assert _answered([data[:at], data[at:]]) == (events, "", False)


@pytest.mark.parametrize(
    ("data", "length", "keep_alive"),
    [
        (OK + b"Content-Length: 2\r\n\r\n", 2, True),
        (OK + CHUNKED + b"\r\n\r\n", -1, False),
        (OK + b"\r\n", -1, True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n", 2, True),
    ],
    ids=["length", "chunked", "nothing", "after an interim one"],
)
def test_the_answer_to_head_ends_with_its_head(data: bytes, length: int, keep_alive: bool) -> None:
    for pieces in ([data], slices(data, range(len(data)))):
        events, refused, excess = _answered(pieces, head_only=True)

        head = ANSWER._replace(framing=Framing.NONE, length=length, keep_alive=keep_alive)
        assert events[-2:] == [head, End([])]
        assert (refused, excess) == ("", False)


@pytest.mark.parametrize(
    ("data", "head_only"),
    [
        (OK + b"Content-Length: 2\r\n\r\nabc", False),
        (OK + b"Content-Length: 2\r\n\r\nab" + OK + b"\r\n", False),
        (OK + CHUNKED + b"\r\n\r\n0\r\n\r\nx", False),
        (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nabc", False),
        (b"HTTP/1.1 204 \r\nContent-Length: 2\r\n\r\nab", False),
        (b"HTTP/1.1 304 \r\nContent-Length: 2\r\n\r\nab", False),
        (OK + b"Content-Length: 2\r\n\r\nab", True),
    ],
    ids=[
        "bytes",
        "a response",
        "after chunks",
        "after close",
        "204",
        "304",
        "HEAD",
    ],
)
def test_what_comes_after_the_end_spoils_the_connection_only(data: bytes, head_only: bool) -> None:
    events, refused, excess = _answered([data], head_only=head_only)
    assert (refused, excess) == ("", True)
    assert sum(isinstance(event, End) for event in events) == 1

    for at in range(len(data)):
        assert _answered([data[:at], data[at:]], head_only=head_only) == (events, "", True)


NO_ANSWERS = [
    ("nothing of HTTP", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ("HTTP/2", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/0.9", b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/3", b"HTTP/3.0 200 OK\r\n\r\n"),
    ("status 099", b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"),
    ("status 000", b"HTTP/1.1 000 Odd\r\n\r\n"),
    ("status 20", b"HTTP/1.1 20 OK\r\n\r\n"),
    ("status 2000", b"HTTP/1.1 2000 OK\r\n\r\n"),
    ("a control character in the reason", b"HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n"),
    ("NUL in the reason", b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"),
    ("bare LF after the reason", b"HTTP/1.1 200 OK\nX: y\r\n\r\n"),
    ("bare CR in the reason", b"HTTP/1.1 200 OK\rX: y\r\n\r\n"),
    ("bare LF", OK + b"X: y\n\r\n"),
    ("a folded line", OK + b"X: y\r\n z\r\n\r\n"),
    ("NUL", OK + b"X: \0\r\n\r\n"),
    ("a space before the colon", OK + b"Content-Length : 2\r\n\r\nab"),
    (
        "a protocol switched",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxx",
    ),
    ("a protocol switched without a name", b"HTTP/1.1 101 Switching\r\n\r\nxx"),
    ("both framings", OK + CHUNKED + b"\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    ("two lengths", OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nab"),
    ("another coding", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("a coding that never ends", OK + b"Transfer-Encoding: gzip\r\n\r\nabc"),
    ("chunked and a tab", OK + b"Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"),
    ("chunked and a blank", OK + b"Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"),
    ("a broken chunk", OK + CHUNKED + b"\r\n\r\nxyz\r\n"),
]
TOO_MUCH = [
    ("too many fields", OK + b"X: y\r\n" * (MAX_FIELDS + 1) + b"\r\n"),
    ("a reason too long", b"HTTP/1.1 200 " + b"a" * (MAX_HEAD_BYTES + 1) + b"\r\n\r\n"),
]


@pytest.mark.parametrize("data", [row[1] for row in NO_ANSWERS], ids=[row[0] for row in NO_ANSWERS])
def test_refuses_a_response_at_every_split(data: bytes) -> None:
    events, refused, _ = _answered([data])
    assert refused
    assert not any(isinstance(event, End) for event in events)

    for at in range(len(data)):
        assert _answered([data[:at], data[at:]]) == (events, refused, False)


@pytest.mark.parametrize("data", [row[1] for row in TOO_MUCH], ids=[row[0] for row in TOO_MUCH])
def test_an_upstreams_heads_have_limits_too(data: bytes) -> None:
    for size in (len(data), 4096):
        events, refused, _ = _answered(slices(data, range(0, len(data), size)))

        assert (events, refused != "") == ([], True)


@given(st.sampled_from([row[1] for row in ANSWERS]), st.lists(st.integers(0, 300)), st.booleans())
def test_slicing_never_matters_for_responses(data: bytes, cuts: list[int], head_only: bool) -> None:
    whole = _answered([data], head_only=head_only)

    assert _answered(slices(data, cuts), head_only=head_only) == whole


@given(
    st.binary(max_size=80), st.sampled_from([b"", OK, OK + CHUNKED + b"\r\n\r\n"]), st.booleans()
)
def test_junk_from_an_upstream_is_refused_never_fatal(
    junk: bytes, before: bytes, head_only: bool
) -> None:
    _answered([before, junk, junk], head_only=head_only)


# h11, the oracle


@pytest.mark.parametrize("known", REQUESTS, ids=lambda known: known.why)
def test_a_known_difference_about_requests_is_one(known: Difference) -> None:
    outcomes = {"ours": our_request(known.example), "h11": h11_request(known.example)}

    assert outcomes.pop(known.strict) == "refused"
    assert all(isinstance(outcome, Read) for outcome in outcomes.values())


@pytest.mark.parametrize("known", RESPONSES, ids=lambda known: known.why)
def test_a_known_difference_about_responses_is_one(known: Difference) -> None:
    outcomes = {"ours": our_response(known.example), "h11": h11_response(known.example)}

    assert outcomes.pop(known.strict) == "refused"
    assert all(isinstance(outcome, Read) for outcome in outcomes.values())


@pytest.mark.parametrize(
    "data",
    [row[1] for row in ACCEPTED] + [row[1] for row in REFUSED],
    ids=[row[0] for row in ACCEPTED] + [row[0] for row in REFUSED],
)
def test_h11_agrees_about_every_request_here_or_the_difference_is_known(data: bytes) -> None:
    assert not unexplained(data, our_request(data), h11_request(data), REQUESTS)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "data",
    [row[1] for row in ANSWERS] + [row[1] for row in NO_ANSWERS],
    ids=[row[0] for row in ANSWERS] + [row[0] for row in NO_ANSWERS],
)
def test_h11_agrees_about_every_response_here_or_the_difference_is_known(
    data: bytes, method: str
) -> None:
    ours, theirs = our_response(data, method=method), h11_response(data, method=method)

    assert not unexplained(data, ours, theirs, RESPONSES)


_TOKENS = [
    *(b"\r", b"\n", b"\r\n", b"\r\n ", b"\r\n\t", b"\r\n\r\n", b" ", b"\t", b":", b"\0", b"\x01"),
    *(b"\x7f", b"\xff", b",", b";", b"0", b"1", b"9", b"a", b"/", b"#", b'"', b"=", b"-", b"+"),
    *(b"_", b".", b"\\", b"(", b"[", b"chunked", b"HTTP/1.1", b"x: y\r\n", b"Host: y\r\n"),
    *(b"Content-Length: 3\r\n", b"Content-Length: 1, 1\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: x\r\n"),
]
_EDITS = st.lists(
    st.tuples(st.integers(0, 150), st.integers(0, 2), st.sampled_from(_TOKENS)), max_size=3
)


def _edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for at, dropped, put in edits:
        data = data[:at] + put + data[at + dropped :]
    return data


@settings(max_examples=400)
@given(st.sampled_from([row[1] for row in ACCEPTED]), _EDITS)
def test_h11_agrees_about_any_request_or_the_difference_is_known(
    data: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    data = _edited(data, edits)

    assert not unexplained(data, our_request(data), h11_request(data), REQUESTS), (
        our_request(data),
        h11_request(data),
    )


@settings(max_examples=400)
@given(st.sampled_from([row[1] for row in ANSWERS]), _EDITS, st.sampled_from(["GET", "HEAD"]))
def test_h11_agrees_about_any_response_or_the_difference_is_known(
    data: bytes, edits: list[tuple[int, int, bytes]], method: str
) -> None:
    data = _edited(data, edits)
    ours, theirs = our_response(data, method=method), h11_response(data, method=method)

    assert not unexplained(data, ours, theirs, RESPONSES), (ours, theirs)
