"""Exchanges: playbooks of a child, a wire and an upstream; then every split, and junk."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phantomrun.core.provider import Errors, Slot
from phantomrun.core.route import Route, parse_upstream
from phantomrun.wire.actions import Dial, Hangup, Release, ToChild, ToUpstream
from phantomrun.wire.http.exchange import HttpWire
from tests.wire.ground import (
    BEARER,
    OTHER_PHANTOM,
    OTHER_REAL,
    PHANTOM,
    REAL,
    Talk,
    anthropic,
    chunked,
    door,
    get,
    openai,
    provider,
    read_request,
    read_response,
    request,
    slices,
    stand,
)

UPSTREAM = parse_upstream("https://api.openai.com/v1")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SENT = (
    b"GET /v1/models HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer " + REAL + b"\r\n"
    b"Accept-Encoding: identity\r\n\r\n"
)


def _post(body: bytes = b"", *, fields: str = "", path: str = "/openai/v1/chat") -> bytes:
    fields = f"Content-Length: {len(body)}\r\n{fields}"
    return request(path, method="POST", fields=fields, body=body)


def _chunked_post(body: bytes, *, fields: str = "") -> bytes:
    fields = f"Transfer-Encoding: chunked\r\n{fields}"
    return request("/openai/v1/chat", method="POST", fields=fields, body=body)


# one exchange, action by action


def test_swaps_the_phantom_and_dials_the_upstream() -> None:
    wire = HttpWire(door())

    assert wire.from_child(get()) == [Dial(UPSTREAM), ToUpstream(SENT)]


def test_scrubs_the_answer_and_keeps_both_connections() -> None:
    wire = HttpWire(door())
    wire.from_child(get())

    assert wire.from_upstream(
        b"HTTP/1.1 200 OK\r\nX-Key: " + REAL + b"\r\nContent-Length: 2\r\n\r\nok"
    ) == [
        ToChild(b"HTTP/1.1 200 OK\r\nX-Key: " + PHANTOM + b"\r\nContent-Length: 2\r\n\r\n"),
        ToChild(b"ok"),
        Release(reusable=True),
    ]


def test_one_connection_carries_one_exchange_after_another() -> None:
    talk = Talk()

    for _ in range(3):
        talk.says(get()).hears(OK)

    assert talk.asked == [Dial(UPSTREAM), Release(reusable=True)] * 3
    assert talk.child == OK * 3


def test_each_route_leads_to_its_own_upstream() -> None:
    talk = Talk()

    talk.says(get()).hears(OK)
    talk.says(get("/anthropic/v1/models", phantom=OTHER_PHANTOM))

    assert [a.upstream.host for a in talk.asked if isinstance(a, Dial)] == [
        "api.openai.com",
        "api.anthropic.com",
    ]
    assert OTHER_REAL in talk.upstream
    assert b"\r\nHost: api.anthropic.com\r\n" in talk.upstream


@pytest.mark.parametrize(
    ("fields", "gone"),
    [
        ("Accept-Encoding: gzip, br\r\n", b"gzip"),
        ("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", b"eep-"),
        ("Connection: X-Hop\r\nX-Hop: 1\r\n", b"Hop"),
        ("Connection: Host, Content-Length\r\n", b"onnection"),
        ("TE: trailers\r\nConnection: TE\r\n", b"TE"),
        ("Proxy-Authorization: Basic xyz\r\n", b"xyz"),
        ("Proxy-Connection: keep-alive\r\n", b"roxy"),
        (
            "Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\nConnection: Upgrade, HTTP2-Settings\r\n",
            b"pgrade",
        ),
        ("Transfer_Encoding: chunked\r\n", b"chunked"),
        ("Content_Length: 5\r\n", b"5"),
    ],
)
def test_what_belongs_to_the_childs_connection_stays_here(fields: str, gone: bytes) -> None:
    talk = Talk().says(get(fields=fields))

    assert gone not in talk.upstream
    message = read_request(talk.upstream)
    assert message.values("host") == [b"api.openai.com"]
    assert message.values("accept-encoding") == [b"identity"]


def test_everything_else_goes_on_in_order() -> None:
    fields = "X-B: 1\r\nx-a: \xe9 2\r\nX-B:3\r\nVia: 1.1 x\r\nExpect: 100-continue\r\n"
    data = get().replace(b"\r\n\r\n", b"\r\n" + fields.encode("latin-1") + b"\r\n")

    talk = Talk().says(data)

    assert (
        b"\r\nX-B: 1\r\nx-a: \xe9 2\r\nX-B: 3\r\nVia: 1.1 x\r\nExpect: 100-continue\r\n"
        in talk.upstream
    )


def test_connection_cannot_strip_the_credential_and_get_through() -> None:
    talk = Talk().says(get(fields="Connection: Authorization\r\n"))

    assert (talk.status, talk.code, talk.dialled) == (401, "PR-PHANTOM", 0)


# bodies on their way out


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (_post(b"hello"), b"hello"),
        (_post(b""), b""),
        (_chunked_post(chunked(b"hello", b" world")), b"hello world"),
        (_chunked_post(b"5;ext=1\r\nhello\r\n0;x\r\n\r\n"), b"hello"),
        (_chunked_post(chunked()), b""),
        (_post(b"hello", fields="Upgrade: h2c\r\nConnection: Upgrade\r\n"), b"hello"),
    ],
    ids=["length", "length 0", "chunks", "extensions", "no chunks", "upgrade offered"],
)
def test_a_body_is_streamed_and_framed_anew(data: bytes, body: bytes) -> None:
    for pieces in ([data], slices(data, range(len(data)))):
        talk = Talk()
        for piece in pieces:
            talk.says(piece)

        message = read_request(talk.upstream)
        assert message.body == body
        assert b";" not in talk.upstream.partition(b"\r\n\r\n")[2]


def test_a_body_is_not_waited_for() -> None:
    whole = _post(b"a" * 100)
    wire = HttpWire(door())

    assert [type(action) for action in wire.from_child(whole[:-50])] == [
        Dial,
        ToUpstream,
        ToUpstream,
    ]
    assert wire.from_child(whole[-50:-20]) == [ToUpstream(b"a" * 30)]
    assert wire.from_child(whole[-20:]) == [ToUpstream(b"a" * 20)]
    assert not wire.blocked


def test_trailers_go_on_but_not_the_forbidden_ones() -> None:
    trailers = (
        b"X-Sum: 1\r\nAuthorization: Bearer " + PHANTOM + b"\r\nHost: evil.test\r\nTrailer: x\r\n"
    )

    talk = Talk().says(_chunked_post(chunked(b"abc", trailers=trailers)))

    assert read_request(talk.upstream).trailers == [(b"x-sum", b"1")]
    assert talk.upstream.endswith(b"0\r\nX-Sum: 1\r\n\r\n")


def test_a_phantom_in_a_body_stays_a_phantom() -> None:
    body = json.dumps({"key": PHANTOM.decode()}).encode()

    talk = Talk().says(
        _post(body, fields=f"X-Note: {PHANTOM.decode()}\r\n", path=f"/openai/v1/{PHANTOM.decode()}")
    )

    message = read_request(talk.upstream)
    assert message.body == body
    assert message.values("x-note") == [PHANTOM]
    assert message.head.target == b"/v1/" + PHANTOM  # type: ignore[union-attr]  # a request
    assert talk.upstream.count(REAL) == 1


# refusals of the child's request

REFUSED = [
    ("no credential", b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 401, "PR-PHANTOM"),
    ("a wrong one", get(phantom=b"sk-wrong"), 401, "PR-PHANTOM"),
    ("the real one", get(phantom=REAL), 401, "PR-PHANTOM"),
    ("another scheme", get().replace(b"Bearer ", b"Token "), 401, "PR-PHANTOM"),
    (
        "in another field",
        get(phantom=b"x", fields=f"X-Key: {PHANTOM.decode()}\r\n"),
        401,
        "PR-PHANTOM",
    ),
    ("in the query", get(f"/openai/v1?key={PHANTOM.decode()}", phantom=b"x"), 401, "PR-PHANTOM"),
    ("of another route", get(phantom=OTHER_PHANTOM), 403, "PR-ROUTE"),
    ("on another route", get("/anthropic/v1/models"), 403, "PR-ROUTE"),
    ("two of them", get(fields="authorization: Bearer x\r\n"), 400, "PR-MALFORMED"),
    ("a route unknown", get("/nowhere/v1"), 404, "PR-NOROUTE"),
    ("the root", get("/"), 404, "PR-NOROUTE"),
    ("dot segments", get("/openai/v1/../../x"), 400, "PR-MALFORMED"),
    ("encoded dot segments", get("/openai/v1/%2e%2e/x"), 400, "PR-MALFORMED"),
    ("an asterisk", get("*"), 400, "PR-MALFORMED"),
    ("a fragment", get("/openai/v1#x"), 400, "PR-MALFORMED"),
    ("a WebSocket", get(fields="Upgrade: websocket\r\nConnection: upgrade\r\n"), 501, "PR-UPGRADE"),
    ("a WebSocket to be", get(fields="Upgrade: WebSocket\r\n"), 501, "PR-UPGRADE"),
]


@pytest.mark.parametrize(
    ("data", "status", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_request_is_refused_before_anything_is_dialled(
    data: bytes, status: int, code: str
) -> None:
    talk = Talk().says(data)

    assert (talk.status, talk.code) == (status, code)
    assert (talk.asked, talk.upstream) == ([], b"")
    assert b"CANARY" not in talk.child
    again = len(talk.child)
    talk.says(get()).hears(OK)  # the connection goes on
    assert talk.child[again:] == OK


@pytest.mark.parametrize(
    "data",
    [
        _post(json.dumps({"api_key": PHANTOM.decode()}).encode()).replace(
            b"Bearer " + PHANTOM, b"x"
        ),
        _chunked_post(chunked(PHANTOM)).replace(b"Bearer " + PHANTOM, b"x"),
    ],
    ids=["length", "chunks"],
)
def test_a_refused_body_is_not_waited_for(data: bytes) -> None:
    for pieces in ([data], slices(data, range(len(data)))):
        talk = Talk()
        for piece in pieces:
            talk.says(piece)

        assert (talk.status, talk.code, talk.dialled) == (401, "PR-PHANTOM", 0)
        assert read_response(talk.child).values("connection") == [b"close"]
        assert talk.hung_up is not None
        assert talk.child.count(b"HTTP/1.1") == 1


def test_nothing_is_read_out_of_the_body_of_a_refused_request() -> None:
    hidden = get()

    talk = Talk().says(
        request(
            phantom=b"wrong",
            method="POST",
            fields=f"Content-Length: {len(hidden)}\r\n",
            body=hidden,
        )
    )

    assert (talk.dialled, talk.upstream) == (0, b"")


@pytest.mark.parametrize(
    ("errors", "found"),
    [("openai", "error"), ("anthropic", "error"), ("google", "error"), ("problem", "detail")],
)
def test_a_refusal_has_the_shape_of_the_provider(errors: Errors, found: str) -> None:
    talk = Talk(Route(provider(errors=errors), (stand(),))).says(get(phantom=b"wrong"))

    assert found in json.loads(read_response(talk.child).body)
    assert len(read_response(talk.child).values("www-authenticate")) == 2


def test_a_placeholder_gets_a_hint() -> None:
    talk = Talk().says(get(phantom=b"${PHANTOMRUN_ENV_OPENAI_API_KEY}"))

    assert (talk.status, talk.code) == (401, "PR-PHANTOM")
    assert "placeholder" in json.loads(read_response(talk.child).body)["error"]["message"]


def test_head_is_refused_without_a_body() -> None:
    talk = Talk().says(request(method="HEAD", phantom=b"wrong"))

    assert talk.child.endswith(b"\r\n\r\n")
    talk.says(get()).hears(OK)
    assert talk.child.endswith(OK)


MALFORMED = [
    ("a space before the colon", get(fields="X : y\r\n")),
    ("both framings", _post(b"abc", fields="Transfer-Encoding: chunked\r\n")),
    ("no Host", get().replace(b"Host: 127.0.0.1:5050\r\n", b"")),
    ("two Hosts", get(fields="Host: evil.test\r\n")),
    ("bare LF", get(fields="X: y\n")),
    ("CONNECT", b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com\r\n\r\n"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("HTTP/0.9", b"GET /openai/v1/models\r\n\r\n"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01"),
]


@pytest.mark.parametrize("data", [row[1] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_what_is_not_a_request_ends_the_connection(data: bytes) -> None:
    for at in range(len(data)):
        talk = Talk().says(data[:at] or b"\r\n").says(data[at:]).says(get())

        assert (talk.status, talk.code, talk.dialled) == (400, "PR-MALFORMED", 0)
        assert isinstance(talk.asked[-1], Hangup)
        assert talk.child.count(b"HTTP/1.1 ") == 1


# more than one request at a time


def test_requests_are_answered_in_their_order() -> None:
    talk = Talk().says(get("/openai/v1/a") + get("/openai/v1/b") + get("/openai/v1/c"))

    for path in (b"a", b"b", b"c"):
        assert talk.upstream.startswith(b"GET /v1/%b " % path)
        assert talk.wire.blocked is (path != b"c")
        talk.hears(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + path)

    assert [part[-1:] for part in talk.child.split(b"HTTP/1.1")[1:]] == [b"a", b"b", b"c"]
    assert talk.asked == [Dial(UPSTREAM), Release(reusable=True)] * 3


def test_a_refused_request_between_two_others_keeps_its_place() -> None:
    talk = Talk().says(get() + get(phantom=b"wrong") + get("/nowhere") + get())
    assert talk.child == b""

    talk.hears(OK)

    assert [part[:3] for part in talk.child.split(b"HTTP/1.1 ")[1:]] == [b"200", b"401", b"404"]
    assert talk.dialled == 2
    talk.hears(OK)
    assert talk.child.endswith(OK)
    assert not talk.wire.blocked


def test_what_is_glued_to_a_request_waits_until_it_is_answered() -> None:
    talk = Talk().says(get() + b"nonsense\r\n\r\n")
    assert (talk.dialled, talk.child, talk.wire.blocked) == (1, b"", True)

    talk.hears(OK)

    assert talk.child.startswith(OK)
    assert talk.child[len(OK) :].startswith(b"HTTP/1.1 400 ")
    assert isinstance(talk.asked[-1], Hangup)


def test_what_is_glued_to_a_refused_request_is_not_acted_on() -> None:
    talk = Talk().says(_post(b"abc").replace(PHANTOM, b"wrong") + get())

    assert (talk.status, talk.dialled) == (401, 0)
    assert talk.child.count(b"HTTP/1.1 ") == 1
    assert talk.says(get()).dialled == 0


def test_after_close_nothing_more_is_served() -> None:
    talk = Talk().says(get(fields="Connection: close\r\n") + get())
    talk.hears(OK)

    assert read_response(talk.child).values("connection") == [b"close"]
    assert talk.asked == [
        Dial(UPSTREAM),
        Release(reusable=True),
        Hangup("the exchange was the last one"),
    ]
    assert talk.says(get()).dialled == 1


def test_a_broken_body_is_answered_while_there_is_no_other_answer() -> None:
    talk = Talk().says(_chunked_post(b"3\r\nabc\r\nnonsense"))

    assert (talk.status, talk.code) == (400, "PR-MALFORMED")
    assert isinstance(talk.asked[-1], Hangup)
    assert b"0\r\n\r\n" not in talk.upstream  # no clean end for what was not one


def test_a_broken_body_under_an_answer_cuts_the_child() -> None:
    talk = Talk().says(_chunked_post(b"3\r\nabc\r\n")).hears(CHUNKS + b"2\r\nhi\r\n")

    talk.says(b"nonsense")

    assert talk.hung_up is not None
    assert talk.hung_up.reset
    assert not talk.child.endswith(b"0\r\n\r\n")


def test_a_child_that_leaves_ends_everything() -> None:
    for before in (b"", b"GET /ope", get(), _post(b"abc")[:-1]):
        talk = Talk()
        if before:
            talk.says(before)

        talk.says(b"")

        assert talk.hung_up == Hangup("the child closed its connection")
        assert talk.hears(OK).child == b""
        assert talk.fails("why").child == b""


# answers


def test_continue_is_passed_on_and_the_body_follows() -> None:
    whole = _post(b"hello", fields="Expect: 100-continue\r\n")
    talk = Talk().says(whole[:-5])
    assert b"\r\nExpect: 100-continue\r\n" in talk.upstream

    talk.hears(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert talk.child == b"HTTP/1.1 100 Continue\r\n\r\n"
    talk.says(whole[-5:]).hears(OK)

    assert talk.child == b"HTTP/1.1 100 Continue\r\n\r\n" + OK
    assert talk.asked[-1] == Release(reusable=True)


@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
def test_an_answer_before_the_request_is_complete_is_the_last_one(expect: str) -> None:
    whole = _post(b"hello", fields=expect)
    talk = Talk().says(whole[:-2]).hears(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

    message = read_response(talk.child)
    assert (message.body, message.values("connection")) == (b"no", [b"close"])
    assert talk.asked[1:] == [Release(reusable=False), Hangup("the exchange was the last one")]


def test_an_answer_that_began_early_may_take_its_time() -> None:
    whole = _post(b"hello")
    talk = Talk().says(whole[:-2]).hears(CHUNKS + b"2\r\nhi\r\n").says(whole[-2:])
    assert talk.upstream.endswith(b"hello")

    talk.hears(b"0\r\n\r\n")

    assert read_response(talk.child).body == b"hi"
    assert isinstance(talk.asked[-1], Hangup)


@pytest.mark.parametrize(
    ("answer", "method", "reusable"),
    [
        (OK, "GET", True),
        (OK.replace(b"1.1", b"1.0"), "GET", False),
        (OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), "GET", False),
        (OK + b"excess", "GET", False),
        (CHUNKS + chunked(b"a"), "GET", True),
        (CHUNKS + chunked(b"a") + OK, "GET", False),
        (OK[:-2], "HEAD", True),
        (OK, "HEAD", False),
        (OK[:-2].replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), "HEAD", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "GET", True),
        (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", "GET", False),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "GET", True),
        (b"HTTP/1.1 204 No Content\r\n\r\nexcess", "GET", False),
    ],
)
def test_a_connection_is_kept_only_where_it_is_clean(
    answer: bytes, method: str, reusable: bool
) -> None:
    talk = Talk().says(request(method=method)).hears(answer)

    assert talk.asked == [Dial(UPSTREAM), Release(reusable=reusable)]
    read_response(talk.child, method=method)


def test_an_answer_until_close_is_given_an_end() -> None:
    talk = Talk().says(get()).hears(b"HTTP/1.1 200 OK\r\n\r\nhello ").hears(b"world").hears(b"")

    assert read_response(talk.child).body == b"hello world"
    assert talk.asked == [Dial(UPSTREAM), Release(reusable=False)]
    assert talk.says(get()).dialled == 2


def test_an_old_child_gets_an_answer_until_close() -> None:
    talk = Talk().says(request(version="1.0")).hears(CHUNKS + chunked(b"hello"))

    assert talk.child == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"
    assert talk.hung_up == Hangup("the exchange was the last one")


def test_an_old_child_is_spared_interim_answers() -> None:
    talk = Talk().says(request(version="1.0")).hears(b"HTTP/1.1 103 Early\r\n\r\n" + OK)

    assert talk.child.startswith(b"HTTP/1.1 200 OK\r\n")


def test_cookies_stay_several() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"

    message = read_response(Talk().says(get()).hears(answer).child)

    assert message.values("set-cookie") == [b"a=1", b"b=2"]


def test_a_redirect_is_not_followed_and_leads_back() -> None:
    answer = b"HTTP/1.1 307 T\r\nLocation: https://api.openai.com/v1/x\r\nContent-Length: 0\r\n\r\n"

    talk = Talk().says(get()).hears(answer)

    assert read_response(talk.child).values("location") == [b"http://127.0.0.1:5050/openai/v1/x"]
    assert talk.dialled == 1


# what the upstream shows of the secret

ECHOES = [
    ("a body", OK[:34].replace(b"2", b"%d" % (len(REAL) + 2)) + b"\r\n\r\n<" + REAL + b">"),
    ("chunks", CHUNKS + chunked(b"<" + REAL[:9], REAL[9:] + b">")),
    ("single bytes", CHUNKS + chunked(*slices(b"<" + REAL + b">", range(60)))),
    ("until close", b"HTTP/1.1 200 OK\r\n\r\n<" + REAL + b">"),
    ("a field", b"HTTP/1.1 200 OK\r\nX-Echo: " + REAL + b"\r\nContent-Length: 0\r\n\r\n"),
    ("the reason", b"HTTP/1.1 200 " + REAL + b"\r\nContent-Length: 0\r\n\r\n"),
    ("an interim answer", b"HTTP/1.1 103 " + REAL + b"\r\nX: " + REAL + b"\r\n\r\n" + OK),
    (
        "a location",
        b"HTTP/1.1 302 F\r\nLocation: /v1/x?key=" + REAL + b"\r\nContent-Length: 0\r\n\r\n",
    ),
    ("a trailer", CHUNKS + chunked(b"x", trailers=b"X-Echo: " + REAL + b"\r\n")),
    ("a trailer's name", CHUNKS + chunked(b"x", trailers=b"X-" + REAL + b": y\r\n")),
    ("gzip", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(REAL)),
    ("a coding", b"HTTP/1.1 200 OK\r\nContent-Encoding: " + REAL + b"\r\n\r\n"),
    ("a broken head", b"HTTP/1.1 200 OK\r\n" + REAL + b"\r\n\r\n"),
    ("a broken status", b"HTTP/1.1 " + REAL + b"\r\n\r\n"),
    ("a broken chunk", CHUNKS + REAL),
    ("no HTTP at all", REAL),
    ("a cut body", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + REAL),
]


@pytest.mark.parametrize("answer", [row[1] for row in ECHOES], ids=[row[0] for row in ECHOES])
def test_the_child_never_sees_the_secret_at_any_split(answer: bytes) -> None:
    for at in range(len(answer) + 1):
        talk = Talk().says(get())

        for piece in (answer[:at], answer[at:]):
            if piece:
                talk.hears(piece)
        talk.hears(b"")

        assert REAL not in talk.child
        assert b"CANARY" not in talk.child


def test_what_was_sent_as_a_basic_pair_comes_back_as_the_phantoms() -> None:
    route = Route(provider(slots=(Slot("basic", "user", ""),)), (stand(),))
    sent, held = b64encode(REAL + b":x"), b64encode(PHANTOM + b":x")
    data = get().replace(b"Bearer " + PHANTOM, b"Basic " + held)

    talk = Talk(route).says(data)
    assert b"\r\nAuthorization: Basic " + sent + b"\r\n" in talk.upstream
    talk.hears(CHUNKS + chunked(b"you sent " + sent[:7], sent[7:]))

    assert read_response(talk.child).body == b"you sent " + held


def test_a_secret_in_the_path_comes_back_as_the_phantom() -> None:
    slots = (Slot("path", "", "/bot"),)
    one = stand(b"110:CANARY/q7+Zt3", b"289:phantom_W3sD8", upstream="https://api.telegram.org")
    route = Route(provider("telegram", slots=slots, version="", suffix="", way="port"), (one,))

    talk = Talk(route).says(b"GET /bot289:phantom_W3sD8/getMe HTTP/1.1\r\nHost: x\r\n\r\n")
    assert talk.upstream.startswith(b"GET /bot110:CANARY%2Fq7+Zt3/getMe HTTP/1.1\r\n")
    answer = b"HTTP/1.1 301 M\r\nLocation: https://api.telegram.org/bot110:CANARY%2Fq7+Zt3/\r\n"
    talk.hears(answer + b"Content-Length: 0\r\n\r\n")

    assert b"CANARY" not in talk.child
    location = read_response(talk.child).values("location")
    assert location == [b"http://127.0.0.1:5050/bot289:phantom_W3sD8/"]


def test_a_phantom_longer_than_its_secret_makes_a_length_chunks() -> None:
    route = openai(b"CANARY-short", PHANTOM)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<CANARY-short>"

    talk = Talk(route).says(get()).hears(answer)

    message = read_response(talk.child)
    assert message.body == b"<" + PHANTOM + b">"
    assert message.values("content-length") == []


# upstreams that fail


@pytest.mark.parametrize("code", ["PR-UNREACHABLE", "PR-TLS"])
@pytest.mark.parametrize(
    ("data", "closes"),
    [
        (get(), False),
        (_post(b"abc"), False),
        (_post(b"abc")[:-1], True),
        (request(version="1.0"), True),
    ],
    ids=["complete", "with a body", "incomplete", "HTTP/1.0"],
)
def test_an_upstream_that_cannot_be_reached_is_a_502(data: bytes, closes: bool, code: str) -> None:
    talk = Talk().says(data).fails("api.openai.com could not be reached", code=code)

    assert (talk.status, talk.code) == (502, code)
    assert (talk.hung_up is not None) is closes
    assert read_response(talk.child).values("connection") == [b"close"] * closes
    if not closes:
        assert talk.says(get()).hears(OK).child.endswith(OK)


PHASES = [
    ("nothing", b""),
    ("half a status line", b"HTTP/1.1 2"),
    ("half a head", b"HTTP/1.1 200 OK\r\nX: y\r\n"),
    ("an interim answer", b"HTTP/1.1 103 Early\r\n\r\n"),
    ("a head with a length", OK[:-2]),
    ("half a body", OK[:-1]),
    ("a head with chunks", CHUNKS),
    ("half a chunk", CHUNKS + b"5\r\nhel"),
    ("a chunk", CHUNKS + b"5\r\nhello\r\n"),
    ("half the last chunk", CHUNKS + b"5\r\nhello\r\n0\r\n"),
    ("half a trailer", CHUNKS + b"5\r\nhello\r\n0\r\nX: y\r\n"),
    (
        "half a gzip body",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 99)[:-4],
    ),
]


@pytest.mark.parametrize("said", [row[1] for row in PHASES], ids=[row[0] for row in PHASES])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("how", ["closed", "broken"])
def test_a_cut_upstream_is_a_cut_connection(said: bytes, version: str, how: str) -> None:
    talk = Talk().says(request(version=version))
    if said:
        talk.hears(said)
    begun = b"HTTP/1.1 200" in talk.child

    if how == "closed":
        talk.hears(b"")
    else:
        talk.fails("the connection broke")

    if not begun:
        answer = talk.child.removeprefix(b"HTTP/1.1 103 Early\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 502 ")
        return
    assert talk.hung_up is not None
    assert b"\r\n0\r\n" not in talk.child
    until_close = b"Content-Length" not in talk.child and b"chunked" not in talk.child
    assert talk.hung_up.reset is until_close  # where a close would look like the end
    if not until_close:
        with pytest.raises(Exception, match="peer closed connection without"):
            read_response(talk.child, closed=True)


def test_an_answer_until_close_that_breaks_is_cut() -> None:
    talk = Talk().says(get()).hears(b"HTTP/1.1 200 OK\r\n\r\nhello").fails("the connection broke")

    assert talk.hung_up is not None
    assert b"0\r\n\r\n" not in talk.child


@pytest.mark.parametrize(
    "answer",
    [
        *(b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        *(b"HTTP/2.0 200 OK\r\n\r\n", CHUNKS[:-2] + b"Content-Length: 3\r\n\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_an_answer_that_is_none_is_a_502(answer: bytes) -> None:
    talk = Talk().says(get()).hears(answer)

    assert talk.status == 502
    assert talk.code in ("PR-UNREACHABLE", "PR-CODING")
    assert talk.asked == [Dial(UPSTREAM), Release(reusable=False)]


def test_an_answer_that_turns_bad_is_cut_wherever_it_was_split() -> None:
    answer = CHUNKS + b"5\r\nhello\r\nnonsense"

    for at in range(1, len(answer)):
        talk = Talk().says(get()).hears(answer[:at]).hears(answer[at:])

        assert talk.child.startswith(CHUNKS)
        assert isinstance(talk.asked[-1], Hangup)


@pytest.mark.parametrize("how", ["closed", "broken"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PUT"])
def test_a_stale_connection_is_replaced_once(method: str, how: str) -> None:
    talk = Talk(idle=True).says(request(method=method))
    sent = talk.upstream

    if how == "closed":
        talk.hears(b"")
    else:
        talk.fails("the connection broke")

    assert talk.asked == [Dial(UPSTREAM), Dial(UPSTREAM, fresh=True)]
    assert (talk.upstream, talk.child) == (sent, b"")
    talk.hears(b"")
    assert talk.status == 502
    assert talk.dialled == 2


@pytest.mark.parametrize(
    "data",
    [
        request(method="POST"),
        request(method="PATCH"),
        _post(b"abc"),
        request(method="PUT", fields="Content-Length: 3\r\n", body=b"abc"),
        request(method="GET", fields="Content-Length: 0\r\n"),
        request(method="DELETE", fields="Transfer-Encoding: chunked\r\n", body=chunked()),
    ],
    ids=["POST", "PATCH", "a body", "PUT with a body", "a length", "chunks"],
)
def test_what_may_have_happened_is_not_done_again(data: bytes) -> None:
    talk = Talk(idle=True).says(data).hears(b"")

    assert (talk.status, talk.dialled) == (502, 1)


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 103 Early\r\n\r\n", b"nonsense\r\n"])
def test_a_connection_that_said_something_was_not_stale(said: bytes) -> None:
    talk = Talk(idle=True).says(get()).hears(said).hears(b"")

    assert talk.dialled == 1
    assert b"HTTP/1.1 502 " in talk.child


def test_a_fresh_connection_is_not_stale() -> None:
    talk = Talk().says(get()).hears(b"")

    assert (talk.status, talk.dialled) == (502, 1)


def test_replacing_a_stale_connection_keeps_what_is_waiting() -> None:
    talk = Talk(idle=True).says(get("/openai/v1/a") + get("/openai/v1/b")).hears(b"").hears(OK)

    assert talk.upstream.startswith(b"GET /v1/b ")
    assert talk.child == OK


# paths


@pytest.mark.parametrize(
    ("route", "path", "target"),
    [
        (openai(), "/openai/v1/models", b"/v1/models"),
        (openai(), "/openai/models", b"/v1/models"),
        (openai(), "/openai/v1/v1/models", b"/v1/models"),
        (openai(), "http://api.openai.com/openai/v1/models", b"/v1/models"),
        (openai(), "http://evil.test/openai/v1/models", b"/v1/models"),
        (openai(), "/openai/v1/a%20b?x=%2F#".rstrip("#"), b"/v1/a%20b?x=%2F"),
    ],
)
def test_paths_lead_to_the_sealed_upstream(route: Route, path: str, target: bytes) -> None:
    talk = Talk(route).says(get(path))

    assert talk.upstream.startswith(b"GET " + target + b" HTTP/1.1\r\nHost: api.openai.com\r\n")
    assert talk.asked == [Dial(UPSTREAM)]


def test_a_nested_run_is_answered() -> None:
    wire = HttpWire(door(openai(), run_id="x7k2m", fingerprint="abc"))

    said, closing = wire.from_child(b"GET /.phantomrun/x7k2m HTTP/1.1\r\nHost: phantomrun\r\n\r\n")

    assert isinstance(said, ToChild)
    assert read_response(said.data).body == b"abc"
    assert closing == Hangup("presented")
    assert wire.from_child(get()) == []


# properties

_REQUESTS = [
    get(),
    _post(b"hello"),
    _chunked_post(chunked(b"hello", b" ", b"world", trailers=b"X: y\r\n")),
    get(phantom=b"wrong"),
    get("/nowhere"),
    _post(b"hello", fields="Upgrade: h2c\r\nConnection: Upgrade\r\n"),
    get("/anthropic/v1/x", phantom=OTHER_PHANTOM),
    get(fields="Connection: close\r\n"),
    _post(b"abc").replace(PHANTOM, b"wrong"),
    get(fields="X: y\n"),
]
_ANSWERS = [
    OK,
    CHUNKS + chunked(b"<" + REAL, b">" + REAL[:5], trailers=b"X: " + REAL + b"\r\n"),
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    % len(gzip.compress(REAL, mtime=0))
    + gzip.compress(REAL, mtime=0),
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    CHUNKS + b"3\r\nabc\r\nnonsense",
    b"nonsense\r\n",
]


def _unchunked(data: bytes) -> bytes:
    """Return the bytes that do not depend on how a body was cut into chunks."""
    done, at = b"", 0
    while (begins := data.find(b"ransfer-Encoding: chunked\r\n", at)) >= 0:
        body = data.find(b"\r\n\r\n", begins) + 4
        done += data[at:body]
        at = body
        while (line := data.find(b"\r\n", at)) >= 0:
            size = int(data[at:line], 16)
            if size == 0:
                at = line
                break
            done += data[line + 2 : line + 2 + size]
            at = line + size + 4
    return done + data[at:]


def _played(
    requests: list[bytes], answers: list[bytes], *, child: list[int], upstream: list[int]
) -> tuple[object, ...]:
    """Return what both sides got of requests cut in one way, and answers in another."""
    talk = Talk()
    heard: list[bytes] = []
    for piece in slices(b"".join(requests), child):
        talk.says(piece)
    for answer in answers:
        if not (talk.asked and isinstance(talk.asked[-1], Dial)):
            break
        heard.append(_unchunked(talk.upstream))
        asked = len(talk.asked)
        for piece in slices(answer, upstream):
            if len(talk.asked) == asked:  # else its connection is not the wire's any more
                talk.hears(piece)
    return heard, _unchunked(talk.child), talk.asked, talk.wire.blocked


_CUTS = st.lists(st.integers(0, 900), max_size=6)


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(_REQUESTS), min_size=1, max_size=3),
    st.lists(st.sampled_from(_ANSWERS), min_size=3, max_size=3),
    _CUTS,
    _CUTS,
)
def test_slicing_never_matters(
    requests: list[bytes], answers: list[bytes], child: list[int], upstream: list[int]
) -> None:
    whole = _played(requests, answers, child=[], upstream=[])

    assert _played(requests, answers, child=child, upstream=upstream) == whole


def test_byte_by_byte_is_as_good_as_whole() -> None:
    for data in _REQUESTS:
        for answer in _ANSWERS:
            whole = _played([data], [answer], child=[], upstream=[])
            each = list(range(900))

            assert _played([data], [answer], child=each, upstream=each) == whole


_JUNK = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*_REQUESTS, *_ANSWERS, b"\r\n\r\n", b"0\r\n\r\n", PHANTOM, REAL]),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(["child", "upstream", "failure"]), _JUNK), max_size=8))
def test_junk_is_refused_never_fatal(said: list[tuple[str, bytes]]) -> None:
    talk = Talk(idle=True)

    for who, data in said:
        if who == "child":
            talk.says(data)
        elif who == "upstream":
            talk.hears(data)
        else:
            talk.fails("why")

    if not any(who == "child" and REAL in data for who, data in said):
        assert REAL not in talk.child
    dialled = sum(isinstance(action, Dial) for action in talk.asked)
    assert dialled <= 2 * sum(data.count(PHANTOM) + data.count(OTHER_PHANTOM) for _, data in said)


@given(st.binary(max_size=60), st.integers(0, 100))
def test_a_damaged_request_never_takes_the_secret_elsewhere(junk: bytes, at: int) -> None:
    data = get()

    talk = Talk().says(data[:at] + junk + data[at:])

    if talk.dialled:
        head = talk.upstream.partition(b"\r\n\r\n")[0]
        assert next(a.upstream for a in talk.asked if isinstance(a, Dial)) == UPSTREAM
        assert head.count(b"\r\nAuthorization: Bearer " + REAL) == head.count(REAL)


def test_the_bearer_is_what_most_tests_rely_on() -> None:
    assert openai().provider.slots == (BEARER,)
    assert anthropic().provider.slots[0] == BEARER
