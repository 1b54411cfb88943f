"""Routes: whose phantom it is, and which upstream's secret it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from phantomrun.core.provider import Slot
from phantomrun.core.route import Route, Stand, Upstream, link, parse_upstream
from phantomrun.errors import ConfigError, Denied
from tests.wire.ground import (
    OTHER_PHANTOM,
    PHANTOM,
    REAL,
    anthropic,
    openai,
    provider,
    stand,
)

if TYPE_CHECKING:
    from phantomrun.core.phantom import Phantom

UPSTREAMS = [
    ("https://api.openai.com/v1", Upstream("https", "api.openai.com", 443, "/v1")),
    ("https://api.openai.com", Upstream("https", "api.openai.com", 443, "")),
    ("https://api.openai.com/", Upstream("https", "api.openai.com", 443, "")),
    ("https://gw.example/a/b/", Upstream("https", "gw.example", 443, "/a/b")),
    ("https://GW.Example:8443/A", Upstream("https", "gw.example", 8443, "/A")),
    ("https://[2001:db8::1]:8443", Upstream("https", "2001:db8::1", 8443, "")),
    ("http://127.0.0.1:8080/v1", Upstream("http", "127.0.0.1", 8080, "/v1")),
    ("http://127.9.9.9", Upstream("http", "127.9.9.9", 80, "")),
    ("http://localhost:1", Upstream("http", "localhost", 1, "")),
    ("http://[::1]:65535/x", Upstream("http", "::1", 65535, "/x")),
]

REFUSED = [
    ("", "not the URL"),
    ("api.openai.com", "not the URL"),
    ("ftp://api.openai.com", "not the URL"),
    ("file:///etc/passwd", "not the URL"),
    ("HTTPS://api.openai.com", "not the URL"),
    ("https://", "not the URL"),
    ("https:///v1", "not the URL"),
    ("https://api.openai.com?x=1", "not the URL"),
    ("https://api.openai.com/v1?x=1", "not the URL"),
    ("https://api.openai.com/#x", "not the URL"),
    ("https://api.openai.com\n", "not the URL"),
    ("https://api.openai.com/\r\nX: y", "not the URL"),
    ("https://api openai.com", "not the URL"),
    ("https://user@api.openai.com", "not the URL"),
    ("https://api.openai.com:port", "not the URL"),
    ("https://api.openai.com:123456", "not the URL"),
    ("https://api.openai.com:0", "port 0"),
    ("https://api.openai.com:65536", "port 65536"),
    ("https://api.openai.com/../x", "`..`"),
    ("https://api.openai.com/a/./x", "`..`"),
    ("http://api.openai.com", "in the clear"),
    ("http://127.0.0.1.evil.test", "in the clear"),
    ("http://localhost.evil.test", "in the clear"),
    ("http://notlocalhost", "in the clear"),
    ("http://0.0.0.0", "in the clear"),
    ("http://[::2]", "in the clear"),
    ("http://10.0.0.1", "in the clear"),
]


@pytest.mark.parametrize(("url", "upstream"), UPSTREAMS, ids=[url for url, _ in UPSTREAMS])
def test_an_upstreams_url(url: str, upstream: Upstream) -> None:
    assert parse_upstream(url) == upstream


@pytest.mark.parametrize(("url", "why"), REFUSED, ids=[repr(url) for url, _ in REFUSED])
def test_refuses_an_upstream_that_it_should_not_send_to(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_upstream(url)


def test_a_password_in_the_url_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_upstream("https://user:CANARYpw@api.openai.com/v1")

    assert "CANARY" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("url", "authority", "origin"),
    [
        ("https://a.test", "a.test", "https://a.test"),
        ("https://a.test:443", "a.test", "https://a.test"),
        ("https://a.test:80", "a.test:80", "https://a.test:80"),
        ("http://localhost:80", "localhost", "http://localhost"),
        ("http://localhost:443", "localhost:443", "http://localhost:443"),
        ("https://[2001:db8::1]", "[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_how_an_upstream_is_addressed(url: str, authority: str, origin: str) -> None:
    upstream = parse_upstream(url)

    assert upstream.authority == authority
    assert upstream.origin == origin


def test_a_certificate_is_kept() -> None:
    assert parse_upstream("https://a.test", ca_pem="PEM").ca_pem == "PEM"


def test_finds_the_stand_of_a_phantom() -> None:
    route, _ = link([openai(), anthropic()])

    found = route.find(PHANTOM)

    assert found is route.book[0]
    assert found.phantom.secret.reveal() == REAL


@pytest.mark.parametrize(
    "candidate",
    [
        *(b"", b"x", PHANTOM[:-1], PHANTOM + b"x", PHANTOM.upper(), PHANTOM.swapcase(), REAL),
        *(b" " + PHANTOM, PHANTOM + b"\0", b"\xff" * len(PHANTOM)),
    ],
)
def test_nothing_but_the_phantom_itself_is_one(candidate: bytes) -> None:
    route, _ = link([openai(), anthropic()])

    assert route.find(candidate) is None


def test_another_routes_phantom_is_denied_by_the_name_of_its_secret() -> None:
    route, _ = link([openai(), anthropic()])

    with pytest.raises(Denied, match="the phantom of ANTHROPIC_API_KEY, which is not for Openai"):
        route.find(OTHER_PHANTOM)


class _Watched:
    """Stands in for a phantom and notes when it is looked at."""

    def __init__(self, value: bytes, seen: list[bytes]) -> None:
        self._value = value
        self._seen = seen

    @property
    def value(self) -> bytes:
        self._seen.append(self._value)
        return self._value


@pytest.mark.parametrize("candidate", [b"phantom-0", b"phantom-2", b"phantom-4", b"none of them"])
def test_looks_at_every_phantom_whatever_matches(candidate: bytes) -> None:
    seen: list[bytes] = []
    phantoms = [b"phantom-%d" % number for number in range(5)]
    book = tuple(
        Stand(cast("Phantom", _Watched(value, seen)), stand().upstream) for value in phantoms
    )

    Route(provider(), book).find(candidate)

    assert seen == phantoms


def test_linked_routes_know_all_phantoms_but_their_own() -> None:
    first, second = link([openai(), anthropic()])

    assert first.others == second.book
    assert second.others == first.book


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (b"", "no credential was sent; Openai was not contacted"),
        (b"sk-whatever", "the credential is not a phantom of this run; Openai was not contacted"),
        (REAL, "the credential is not a phantom of this run"),
        (b"${PHANTOMRUN_ENV_OPENAI_API_KEY}", "a placeholder from a rewritten .env file"),
    ],
)
def test_says_what_is_wrong_with_the_credential(seen: bytes, said: str) -> None:
    refusal = openai().nobody(seen)

    assert said in refusal.message
    assert "CANARY" not in refusal.message
    assert (refusal.status, refusal.code) == (401, "PR-PHANTOM")


def test_a_route_with_a_port_of_its_own_has_no_prefix() -> None:
    assert Route(provider("stripe", way="port"), ()).prefix == b""
    assert Route(provider("openai"), ()).prefix == b"/openai"


def test_sorts_the_slots_by_where_they_are() -> None:
    header, key = Slot("header", "authorization", "Bearer "), Slot("header", "x-api-key", "")
    basic, query, path = (
        Slot("basic", "user", ""),
        Slot("query", "key", ""),
        Slot("path", "", "/bot"),
    )

    route = Route(provider(slots=(header, basic, query, key, path)), ())

    assert route.fields == {b"authorization": (header, basic), b"x-api-key": (key,)}
    assert route.in_target == (query, path)
