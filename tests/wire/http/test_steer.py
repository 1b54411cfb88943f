"""Steering: the child's paths to the upstream's, and the upstream's URLs back to us."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.route import Route, Upstream, parse_upstream
from phantomrun.errors import Malformed
from phantomrun.wire.http.steer import child_link, child_location, origin_form, upstream_target
from tests.wire.ground import anthropic, openai, provider

LISTENER = b"http://127.0.0.1:5050"
OPENAI = parse_upstream("https://api.openai.com/v1")
GATEWAY = parse_upstream("https://gw.example:8443/llm/v1")
ANTHROPIC = parse_upstream("https://api.anthropic.com")
ANTHROPIC_V1 = parse_upstream("https://gw.example/anthropic/v1")
LOCAL = parse_upstream("http://[::1]:8080/x")


def _stripe() -> Route:
    return Route(provider("stripe", version="", suffix="", way="port"), ())


def _groq() -> Route:
    return Route(provider("groq", version="", suffix=""), ())


TARGETS = [
    (b"/", b"/"),
    (b"/openai/v1/models", b"/openai/v1/models"),
    (b"/a?b=c&d=../e", b"/a?b=c&d=../e"),
    (b"/a?x=/../y", b"/a?x=/../y"),
    (b"/a.b/..c/d../...", b"/a.b/..c/d../..."),
    (b"/a/.well-known", b"/a/.well-known"),
    (b"/a%20b/%2E%2Ex", b"/a%20b/%2E%2Ex"),
    (b"http://api.openai.com/openai/v1", b"/openai/v1"),
    (b"HTTPS://whoever:8080/a?b", b"/a?b"),
    (b"http://host", b"/"),
    (b"http://host?x=1", b"/?x=1"),
    (b"http://user@host/a", b"/a"),
    (b"//host/a", b"//host/a"),
]


@pytest.mark.parametrize(("target", "origin"), TARGETS, ids=[repr(target) for target, _ in TARGETS])
def test_a_target_in_origin_form(target: bytes, origin: bytes) -> None:
    assert origin_form(target) == origin


@pytest.mark.parametrize(
    "target",
    [
        *(b"", b"*", b"a", b"api.openai.com:443", b"ftp://host/a", b"/a#b", b"http://host/#"),
        *(b"/a b", b"/a\tb", b"/a\nb", b"/a\r\nX: y", b"/a\0b", b"/a\x7f", b"?x", b"http:/a"),
    ],
    ids=repr,
)
def test_refuses_what_is_not_a_path(target: bytes) -> None:
    with pytest.raises(Malformed, match="not a path"):
        origin_form(target)


@pytest.mark.parametrize(
    "target",
    [
        *(b"/..", b"/.", b"/a/..", b"/a/../b", b"/a/./b", b"/../../etc/passwd", b"/a/..?x"),
        *(b"/%2e%2e/a", b"/%2E./a", b"/.%2e/a", b"/a/%2e", b"/a%2f..%2fb", b"/a%2F%2e%2E%2Fb"),
        *(b"/a\\..\\b", b"/a%5c..%5Cb", b"/..;/a", b"/a/..;x=y/b", b"/a/.;/b", b"//../a"),
        *(b"http://host/../a", b"http://host/a/.."),
    ],
    ids=repr,
)
def test_refuses_dot_segments(target: bytes) -> None:
    with pytest.raises(Malformed, match="dot segment"):
        origin_form(target)


UPSTREAM_TARGETS = [
    ("as it should be", openai, OPENAI, b"/openai/v1/models", b"/v1/models"),
    ("without the version", openai, OPENAI, b"/openai/models", b"/v1/models"),
    ("twice", openai, OPENAI, b"/openai/v1/v1/models", b"/v1/models"),
    ("thrice", openai, OPENAI, b"/openai/v1/v1/v1/models", b"/v1/models"),
    ("the version alone", openai, OPENAI, b"/openai/v1", b"/v1"),
    ("nothing", openai, OPENAI, b"/openai", b"/v1"),
    ("a slash", openai, OPENAI, b"/openai/", b"/v1/"),
    ("a query alone", openai, OPENAI, b"/openai?a=b", b"/v1?a=b"),
    ("a query", openai, OPENAI, b"/openai/v1/models?a=/v1", b"/v1/models?a=/v1"),
    ("another version", openai, OPENAI, b"/openai/v1beta/models", b"/v1/v1beta/models"),
    ("the version later", openai, OPENAI, b"/openai/x/v1", b"/v1/x/v1"),
    ("a gateway", openai, GATEWAY, b"/openai/v1/models", b"/llm/v1/models"),
    ("a gateway without", openai, GATEWAY, b"/openai/models", b"/llm/v1/models"),
    ("a gateway of another kind", openai, LOCAL, b"/openai/v1/models", b"/x/models"),
    ("the SDK adds it", anthropic, ANTHROPIC, b"/anthropic/v1/messages", b"/v1/messages"),
    ("the variable has it", anthropic, ANTHROPIC, b"/anthropic/messages", b"/v1/messages"),
    ("both have it", anthropic, ANTHROPIC, b"/anthropic/v1/v1/messages", b"/v1/messages"),
    (
        "sealed with it",
        anthropic,
        ANTHROPIC_V1,
        b"/anthropic/v1/messages",
        b"/anthropic/v1/messages",
    ),
    (
        "sealed with it, sent without",
        anthropic,
        ANTHROPIC_V1,
        b"/anthropic/messages",
        b"/anthropic/v1/messages",
    ),
    (
        "no version",
        _groq,
        parse_upstream("https://g.test"),
        b"/groq/openai/v1/chat",
        b"/openai/v1/chat",
    ),
    (
        "another version instead",
        anthropic,
        parse_upstream("https://a.test"),
        b"/anthropic/v2/videos",
        b"/v2/videos",
    ),
    (
        "another version below the first",
        anthropic,
        parse_upstream("https://a.test"),
        b"/anthropic/v1/v2/videos",
        b"/v1/v2/videos",
    ),
    (
        "no other version",
        anthropic,
        parse_upstream("https://a.test"),
        b"/anthropic/videos",
        b"/v1/videos",
    ),
    ("no version, nothing", _groq, parse_upstream("https://g.test"), b"/groq", b"/"),
    ("no version, a query", _groq, parse_upstream("https://g.test"), b"/groq?a", b"/?a"),
    (
        "a port of its own",
        _stripe,
        parse_upstream("https://s.test"),
        b"/v1/charges",
        b"/v1/charges",
    ),
    (
        "a port and a path",
        _stripe,
        parse_upstream("https://s.test/p"),
        b"/v1/charges",
        b"/p/v1/charges",
    ),
    ("a port and the root", _stripe, parse_upstream("https://s.test"), b"/", b"/"),
]


@pytest.mark.parametrize(
    ("route", "upstream", "target", "made"),
    [row[1:] for row in UPSTREAM_TARGETS],
    ids=[row[0] for row in UPSTREAM_TARGETS],
)
def test_both_conventions_of_one_variable(
    route: object, upstream: Upstream, target: bytes, made: bytes
) -> None:
    assert upstream_target(route(), upstream, target) == made  # type: ignore[operator]  # makes one


LOCATIONS = [
    ("within", b"https://api.openai.com/v1/files/1?a#b", LISTENER + b"/openai/v1/files/1?a#b"),
    ("the root", b"https://api.openai.com/v1", LISTENER + b"/openai/v1"),
    ("a query", b"https://api.openai.com/v1?a", LISTENER + b"/openai/v1?a"),
    ("case", b"HTTPS://API.OpenAI.com/v1/x", LISTENER + b"/openai/v1/x"),
    ("its port", b"https://api.openai.com:443/v1/x", LISTENER + b"/openai/v1/x"),
    ("a path", b"/v1/files/1", b"/openai/v1/files/1"),
    ("a path to the root", b"/v1", b"/openai/v1"),
    ("a network path", b"//api.openai.com/v1/x", LISTENER + b"/openai/v1/x"),
    ("relative", b"files/1", b"files/1"),
    ("relative with dots", b"../files", b"../files"),
    ("a query only", b"?page=2", b"?page=2"),
    ("a fragment only", b"#x", b"#x"),
    ("empty", b"", b""),
    ("elsewhere", b"https://files.example/v1/x", b"https://files.example/v1/x"),
    ("elsewhere, a network path", b"//files.example/v1/x", b"https://files.example/v1/x"),
    ("beside the path", b"https://api.openai.com/v2/x", b"https://api.openai.com/v2/x"),
    ("a longer name", b"https://api.openai.com/v1beta", b"https://api.openai.com/v1beta"),
    ("a path beside", b"/dashboard", b"https://api.openai.com/dashboard"),
    ("no path", b"https://api.openai.com", b"https://api.openai.com"),
    ("another port", b"https://api.openai.com:8443/v1/x", b"https://api.openai.com:8443/v1/x"),
    ("a port in the clear", b"https://api.openai.com:80/v1", b"https://api.openai.com:80/v1"),
    ("in the clear", b"http://api.openai.com/v1/x", b"http://api.openai.com/v1/x"),
    ("in the clear at 443", b"http://api.openai.com:443/v1", b"http://api.openai.com:443/v1"),
    ("a user", b"https://api.openai.com@evil.test/v1", b"https://api.openai.com@evil.test/v1"),
    (
        "a user and password",
        b"https://api.openai.com:443@evil.test/v1",
        b"https://api.openai.com:443@evil.test/v1",
    ),
    ("a user of ours", b"https://me@api.openai.com/v1", b"https://me@api.openai.com/v1"),
    (
        "a longer host",
        b"https://api.openai.com.evil.test/v1",
        b"https://api.openai.com.evil.test/v1",
    ),
    ("a shorter host", b"https://openai.com/v1", b"https://openai.com/v1"),
    (
        "a backslash",
        b"https://api.openai.com\\@evil.test/v1",
        b"https://api.openai.com\\@evil.test/v1",
    ),
    ("a dot at the end", b"https://api.openai.com./v1", b"https://api.openai.com./v1"),
    ("an empty port", b"https://api.openai.com:/v1", b"https://api.openai.com:/v1"),
    ("another scheme", b"ftp://api.openai.com/v1", b"ftp://api.openai.com/v1"),
    ("an app's", b"myapp:/v1/x", b"myapp:/v1/x"),
]


@pytest.mark.parametrize(
    ("url", "made"), [row[1:] for row in LOCATIONS], ids=[row[0] for row in LOCATIONS]
)
def test_a_location_within_the_upstream_leads_back_to_us(url: bytes, made: bytes) -> None:
    assert child_location(openai(), OPENAI, url, listener=LISTENER) == made


@pytest.mark.parametrize(
    ("route", "upstream", "url", "made"),
    [
        (anthropic, ANTHROPIC, b"https://api.anthropic.com/v1/x", b"/anthropic/v1/x"),
        (anthropic, ANTHROPIC_V1, b"https://gw.example/anthropic/v1/x", b"/anthropic/v1/x"),
        (openai, GATEWAY, b"https://gw.example:8443/llm/v1/x", b"/openai/v1/x"),
        (openai, LOCAL, b"http://[::1]:8080/x/y", b"/openai/v1/y"),
        (_stripe, parse_upstream("https://s.test"), b"https://s.test/v1/x", b"/v1/x"),
        (_stripe, parse_upstream("https://s.test"), b"https://s.test", b"/"),
        (_stripe, parse_upstream("https://s.test/p"), b"https://s.test/p/v1/x", b"/v1/x"),
        (_groq, parse_upstream("https://g.test"), b"https://g.test", b"/groq"),
        (_groq, parse_upstream("https://g.test"), b"https://g.test?a", b"/groq?a"),
    ],
)
def test_a_location_of_each_kind_of_route(
    route: object, upstream: Upstream, url: bytes, made: bytes
) -> None:
    found = child_location(route(), upstream, url, listener=LISTENER)  # type: ignore[operator]  # makes one

    assert found == LISTENER + made


@given(st.sampled_from(["", "/", "/models", "/v1x/y", "/models?a=b"]))
def test_the_child_comes_back_to_where_the_upstream_sent_it(rest: str) -> None:
    url = b"https://api.openai.com/v1" + rest.encode()

    led = child_location(openai(), OPENAI, url, listener=LISTENER)

    again = upstream_target(openai(), OPENAI, origin_form(led))
    assert b"https://api.openai.com" + again == url


def test_every_url_of_a_link_is_led_back() -> None:
    value = (
        b'<https://api.openai.com/v1/a?page=2>; rel="next", </v1/a>; rel="first",'
        b' <https://elsewhere.example/>; rel="help", <?page=3>; rel="last"'
    )

    led = child_link(openai(), OPENAI, value, listener=LISTENER)

    assert led == (
        b'<http://127.0.0.1:5050/openai/v1/a?page=2>; rel="next", </openai/v1/a>; rel="first",'
        b' <https://elsewhere.example/>; rel="help", <?page=3>; rel="last"'
    )


@pytest.mark.parametrize(
    "value", [b"", b"<", b">", b"<>", b"<<https://api.openai.com/v1>>", b"no link"]
)
def test_an_odd_link_is_no_harm(value: bytes) -> None:
    led = child_link(openai(), OPENAI, value, listener=LISTENER)

    assert led == value.replace(b"https://api.openai.com", LISTENER + b"/openai")


@pytest.mark.parametrize(
    "value", [b"<" * 65536, b"//" * 32768, b"https://" * 8192], ids=["<", "//", "https"]
)
def test_a_long_value_does_not_take_long(value: bytes) -> None:
    before = time.process_time()

    child_link(openai(), OPENAI, value, listener=LISTENER)
    child_location(openai(), OPENAI, value, listener=LISTENER)

    assert time.process_time() - before < 0.5


@given(st.binary(max_size=30), st.sampled_from([b"", b"/", b"//", b"https://api.openai.com", b"<"]))
def test_junk_is_refused_never_fatal(junk: bytes, before: bytes) -> None:
    child_location(openai(), OPENAI, before + junk, listener=LISTENER)
    child_link(openai(), OPENAI, before + junk, listener=LISTENER)
    try:
        target = origin_form(before + junk)
    except Malformed:
        return
    assert upstream_target(_groq(), OPENAI, b"/groq" + target).startswith(b"/")
