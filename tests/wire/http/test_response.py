"""Responses: what the child sees of an answer, read back by h11."""

from __future__ import annotations

import gzip
import zlib

import pytest

from phantomrun.core.forms import Needles, needles
from phantomrun.core.route import Route
from phantomrun.errors import Malformed, Unreachable
from phantomrun.wire.http.head import Fields, Framing, RequestHead, ResponseHead
from phantomrun.wire.http.response import Response, Scope
from tests.wire.ground import PHANTOM, REAL, openai, provider, read_response, stand

LONGER = PHANTOM + b"-and-more"
REQUEST = RequestHead(b"GET", b"/openai/v1", "1.1", [], Framing.NONE, -1, True, b"")
ANSWER = ResponseHead(200, b"OK", "1.1", [], Framing.LENGTH, 5, True)


def _response(
    *, method: bytes = b"GET", version: str = "1.1", route: Route | None = None
) -> Response:
    route = route or openai()
    (one,) = route.book
    scope = Scope(route, one.upstream, Needles(needles(one.phantom)), b"http://127.0.0.1:5050")
    return Response(REQUEST._replace(method=method, version=version), scope)


def _lines(head: bytes) -> list[bytes]:
    assert head.endswith(b"\r\n\r\n")
    return head[:-4].split(b"\r\n")


def _head(
    head: ResponseHead,
    *,
    keep_alive: bool = True,
    method: bytes = b"GET",
    version: str = "1.1",
    route: Route | None = None,
) -> list[bytes]:
    made = _response(method=method, version=version, route=route)
    return _lines(made.begin(head, keep_alive=keep_alive))


def _longer() -> Route:
    return openai(REAL, LONGER)


CHUNKED = b"Transfer-Encoding: chunked"
CLOSE = b"Connection: close"
FRAMED = [
    ("a length", ANSWER, {}, [b"Content-Length: 5"]),
    ("a length of nothing", ANSWER._replace(length=0), {}, [b"Content-Length: 0"]),
    ("chunks", ANSWER._replace(framing=Framing.CHUNKED, length=-1), {}, [CHUNKED]),
    ("until close", ANSWER._replace(framing=Framing.CLOSE, length=-1), {}, [CHUNKED]),
    ("the last one", ANSWER, {"keep_alive": False}, [b"Content-Length: 5", CLOSE]),
    (
        "a length to HTTP/1.0",
        ANSWER,
        {"version": "1.0", "keep_alive": False},
        [b"Content-Length: 5", CLOSE],
    ),
    (
        "chunks to HTTP/1.0",
        ANSWER._replace(framing=Framing.CHUNKED, length=-1),
        {"version": "1.0"},
        [CLOSE],
    ),
    (
        "until close to HTTP/1.0",
        ANSWER._replace(framing=Framing.CLOSE, length=-1),
        {"version": "1.0"},
        [CLOSE],
    ),
    ("a longer phantom", ANSWER, {"route": _longer()}, [CHUNKED]),
    ("a longer phantom to HTTP/1.0", ANSWER, {"route": _longer(), "version": "1.0"}, [CLOSE]),
    ("HEAD", ANSWER._replace(framing=Framing.NONE), {"method": b"HEAD"}, [b"Content-Length: 5"]),
    (
        "HEAD without a length",
        ANSWER._replace(framing=Framing.NONE, length=-1),
        {"method": b"HEAD"},
        [],
    ),
    ("204", ANSWER._replace(status=204, framing=Framing.NONE), {}, []),
    ("304", ANSWER._replace(status=304, framing=Framing.NONE), {}, [b"Content-Length: 5"]),
    ("304 without a length", ANSWER._replace(status=304, framing=Framing.NONE, length=-1), {}, []),
]


@pytest.mark.parametrize(
    ("head", "options", "framed"), [row[1:] for row in FRAMED], ids=[row[0] for row in FRAMED]
)
def test_how_the_child_is_told_of_the_end(
    head: ResponseHead, options: dict[str, object], framed: list[bytes]
) -> None:
    _, *lines = _head(head, **options)  # type: ignore[arg-type]  # of several kinds

    assert lines == framed


def test_fields_keep_order_case_and_number() -> None:
    fields = [(b"Set-Cookie", b"a=1"), (b"X-B", b""), (b"set-cookie", b"b=2"), (b"X-A", b"\xe9")]

    assert _head(ANSWER._replace(fields=fields)) == [
        *(b"HTTP/1.1 200 OK", b"Set-Cookie: a=1", b"X-B: ", b"set-cookie: b=2", b"X-A: \xe9"),
        b"Content-Length: 5",
    ]


@pytest.mark.parametrize("name", [b"Alt-Svc", b"alt-svc", b"Phantomrun-Error"])
def test_what_would_mislead_the_child_is_dropped(name: bytes) -> None:
    assert _head(ANSWER._replace(fields=[(name, b"x"), (b"X", b"y")]))[1:-1] == [b"X: y"]


STEERED = [
    (b"Location", b"https://api.openai.com/v1/x", b"http://127.0.0.1:5050/openai/v1/x"),
    (b"LOCATION", b"/v1/x", b"/openai/v1/x"),
    (b"Content-Location", b"/v1/x", b"/openai/v1/x"),
    (b"Operation-Location", b"https://api.openai.com/v1/x", b"http://127.0.0.1:5050/openai/v1/x"),
    (b"Azure-AsyncOperation", b"https://api.openai.com/v1/x", b"http://127.0.0.1:5050/openai/v1/x"),
    (b"Link", b'</v1/x>; rel="next"', b'</openai/v1/x>; rel="next"'),
    (b"Location", b"https://elsewhere.example/v1", b"https://elsewhere.example/v1"),
    (b"X-Location", b"https://api.openai.com/v1/x", b"https://api.openai.com/v1/x"),
    (
        b"Location",
        b"https://api.openai.com/v1/" + REAL,
        b"http://127.0.0.1:5050/openai/v1/" + PHANTOM,
    ),
]


@pytest.mark.parametrize(("name", "value", "made"), STEERED)
def test_urls_are_led_back(name: bytes, value: bytes, made: bytes) -> None:
    lines = _head(ANSWER._replace(status=307, reason=b"x", fields=[(name, value)]))

    assert lines[1] == name + b": " + made


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        (REAL, []),
        (b"OK", [(b"X-Echo", b"Bearer " + REAL)]),
        (b"OK", [(b"X-" + REAL, b"y")]),
        (b"OK", [(b"Set-Cookie", REAL), (b"Set-Cookie", REAL + REAL)]),
        (b"OK", [(b"Alt-Svc", REAL)]),
    ],
    ids=["reason", "value", "name", "cookies", "dropped"],
)
@pytest.mark.parametrize("interim", [False, True], ids=["", "interim"])
def test_no_head_has_the_secret_in_it(reason: bytes, fields: Fields, interim: bool) -> None:
    head = ANSWER._replace(reason=reason, fields=fields)

    said = _response().interim(head) if interim else _response().begin(head, keep_alive=True)

    assert REAL not in said
    plain = REAL in reason or any(name != b"Alt-Svc" for name, _ in fields)
    assert (PHANTOM in said) is plain


def test_a_field_is_scrubbed_as_a_field() -> None:
    real = b"CANARY: x"  # would be a whole line
    (one,) = Route(provider(), (stand(real, b"phantom1"),)).book
    scope = Scope(openai(), one.upstream, Needles(needles(one.phantom)), b"")

    said = Response(REQUEST, scope).begin(
        ANSWER._replace(fields=[(b"CANARY", b"x")]), keep_alive=True
    )

    assert _lines(said)[1] == b"CANARY: x"


@pytest.mark.parametrize(
    ("version", "said"), [("1.1", b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n"), ("1.0", b"")]
)
def test_interim_heads_are_for_those_who_know_them(version: str, said: bytes) -> None:
    head = ANSWER._replace(status=103, reason=b"Early", fields=[(b"X", b"y")], length=-1)

    assert _response(version=version).interim(head) == said


def _whole(
    head: ResponseHead,
    pieces: list[bytes],
    *,
    route: Route | None = None,
    version: str = "1.1",
    trailers: Fields | None = None,
) -> bytes:
    made = _response(version=version, route=route)
    said = made.begin(head, keep_alive=True)
    said += b"".join(map(made.body, pieces))
    said += made.end(trailers or [])
    assert made.done
    return said


ECHO = b"before " + REAL + b" after"
CLEAN = b"before " + PHANTOM + b" after"


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("route", [openai(), _longer()], ids=["as long", "longer"])
def test_a_body_is_scrubbed_at_every_split(framing: Framing, version: str, route: Route) -> None:
    head = ANSWER._replace(framing=framing, length=len(ECHO) if framing is Framing.LENGTH else -1)
    clean = CLEAN.replace(PHANTOM, route.book[0].phantom.value)

    for at in range(len(ECHO) + 1):
        said = _whole(head, [ECHO[:at], ECHO[at:]], route=route, version=version)

        assert read_response(said, closed=True).body == clean


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        (b"gzip", gzip.compress(ECHO)),
        (b"gzip", gzip.compress(ECHO[:20]) + gzip.compress(ECHO[20:])),
        (b"deflate", zlib.compress(ECHO)),
    ],
    ids=["gzip", "members", "deflate"],
)
@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE])
def test_a_compressed_body_is_opened_and_scrubbed(
    coding: bytes, data: bytes, framing: Framing
) -> None:
    fields = [(b"X", b"y"), (b"Content-Encoding", coding), (b"Vary", b"Accept-Encoding")]
    head = ANSWER._replace(fields=fields, framing=framing, length=len(data))

    for at in range(0, len(data), 7):
        message = read_response(_whole(head, [data[:at], data[at:]]), closed=True)

        assert message.body == CLEAN
        assert message.values("content-encoding") == []
        assert message.values("vary") == [b"Accept-Encoding"]


def test_a_compressed_body_that_is_cut_has_no_end() -> None:
    made = _response()
    made.begin(ANSWER._replace(fields=[(b"Content-Encoding", b"gzip")]), keep_alive=True)
    made.body(gzip.compress(ECHO)[:-3])

    with pytest.raises(Malformed, match="too early"):
        made.end([])
    assert not made.done


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, br", b"compress", b"x-new"])
def test_a_body_that_cannot_be_scrubbed_never_begins(coding: bytes) -> None:
    made = _response()

    with pytest.raises(Unreachable):
        made.begin(ANSWER._replace(fields=[(b"Content-Encoding", coding)]), keep_alive=True)
    assert not made.started


@pytest.mark.parametrize("status", [204, 304])
def test_a_coding_of_no_body_does_no_harm(status: int) -> None:
    head = ANSWER._replace(
        status=status, framing=Framing.NONE, length=-1, fields=[(b"Content-Encoding", b"br")]
    )

    assert _head(head)[1:] == [b"Content-Encoding: br"]


def test_trailers_are_scrubbed_and_only_follow_chunks() -> None:
    trailers = [(b"X-Sum", b"1 " + REAL), (b"Set-Cookie", b"no")]
    head = ANSWER._replace(framing=Framing.CHUNKED, length=-1)

    assert read_response(_whole(head, [b"abc"], trailers=trailers)).trailers == [
        (b"x-sum", b"1 " + PHANTOM)
    ]
    assert _whole(ANSWER, [b"12345"], trailers=trailers).endswith(b"\r\n\r\n12345")
    assert _whole(head, [b"abc"], trailers=trailers, version="1.0").endswith(b"\r\n\r\nabc")


def test_each_event_is_passed_on_at_once() -> None:
    made = _response()
    made.begin(ANSWER._replace(framing=Framing.CHUNKED, length=-1), keep_alive=True)

    assert made.body(b"data: 1\n\n") == b"9\r\ndata: 1\n\n\r\n"
    assert made.body(b"data: s") == b"6\r\ndata: \r\n"
    assert made.body(b"k-proj!") == b"8\r\nsk-proj!\r\n"
    assert made.body(REAL[:-1]) == b""
    assert made.body(REAL[-1:]) == b"%x\r\n%b\r\n" % (len(PHANTOM), PHANTOM)
    assert made.end([]) == b"0\r\n\r\n"


def test_what_it_says_about_the_connections() -> None:
    made = _response(version="1.0")

    made.begin(ANSWER._replace(framing=Framing.CLOSE, keep_alive=False), keep_alive=True)

    assert (made.started, made.done, made.until_close) == (True, False, True)
    assert (made.persistent, made.ends_by_close) == (False, True)
