"""Swapping: phantom → secret, in the provider's slots and nowhere else."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.provider import Slot
from phantomrun.core.route import Route, link
from phantomrun.errors import Denied, Malformed, Refusal, Unauthenticated
from phantomrun.wire.swap import Fields, Swapped, swap
from tests.wire.ground import (
    BEARER,
    OTHER_PHANTOM,
    PHANTOM,
    REAL,
    anthropic,
    openai,
    provider,
    stand,
)

KEY = Slot("header", "x-api-key", "")
TOKEN = Slot("header", "authorization", "Token ")
USER, PASSWORD = Slot("basic", "user", ""), Slot("basic", "password", "")
QUERY, PATH = Slot("query", "key", ""), Slot("path", "", "/bot")
# a key as Telegram's: it looks different in every encoding
BOT_REAL, BOT_PHANTOM = b"110201543:CANARY/q7+Zt3_Vb9", b"289928461:phantomW3sD8_hQ1"


def _route(*slots: Slot, real: bytes = REAL, phantom: bytes = PHANTOM) -> Route:
    route, _ = link([Route(provider(slots=slots), (stand(real, phantom),)), anthropic()])
    return route


def _basic(pair: bytes, scheme: bytes = b"Basic ") -> bytes:
    return scheme + b64encode(pair)


def _swapped(route: Route, fields: Fields | None = None, target: bytes = b"/openai/v1") -> Swapped:
    return swap(route, fields or [], target)


FIELDS = [
    ("bearer", [BEARER], b"Authorization", b"Bearer " + PHANTOM, b"Bearer " + REAL),
    ("the scheme's case", [BEARER], b"AUTHORIZATION", b"bEARER " + PHANTOM, b"bEARER " + REAL),
    ("more spaces", [BEARER], b"authorization", b"Bearer  \t" + PHANTOM, b"Bearer  \t" + REAL),
    ("no scheme", [KEY], b"X-Api-Key", PHANTOM, REAL),
    ("the second scheme", [BEARER, TOKEN], b"authorization", b"Token " + PHANTOM, b"Token " + REAL),
    ("basic user", [USER], b"Authorization", _basic(PHANTOM + b":"), _basic(REAL + b":")),
    ("basic user alone", [USER], b"Authorization", _basic(PHANTOM), _basic(REAL)),
    ("basic, colons", [USER], b"authorization", _basic(PHANTOM + b":a:b"), _basic(REAL + b":a:b")),
    (
        "basic password",
        [PASSWORD],
        b"Authorization",
        _basic(b"user:" + PHANTOM, b"basic "),
        _basic(b"user:" + REAL, b"basic "),
    ),
    (
        "basic both",
        [USER, PASSWORD],
        b"Authorization",
        _basic(PHANTOM + b":" + PHANTOM),
        _basic(REAL + b":" + REAL),
    ),
    (
        "bearer where basic may be",
        [BEARER, USER],
        b"Authorization",
        b"Bearer " + PHANTOM,
        b"Bearer " + REAL,
    ),
    (
        "basic where bearer may be",
        [BEARER, USER],
        b"Authorization",
        _basic(PHANTOM + b":"),
        _basic(REAL + b":"),
    ),
]


@pytest.mark.parametrize(
    ("slots", "name", "value", "made"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS]
)
def test_swaps_a_field(slots: list[Slot], name: bytes, value: bytes, made: bytes) -> None:
    around = [(b"Accept", b"*/*")]

    swapped = _swapped(_route(*slots), [*around, (name, value), (b"X-Last", b"1")])

    assert swapped.fields == [*around, (name, made), (b"X-Last", b"1")]
    assert [stand.phantom.value for stand in swapped.stands][:1] == [PHANTOM]
    assert swapped.target == b"/openai/v1"


TARGETS = [
    ("query", [QUERY], b"/openai/v1?key=%b" % PHANTOM, b"/openai/v1?key=%b" % REAL),
    ("query among others", [QUERY], b"/p?a=1&key=%b&b" % PHANTOM, b"/p?a=1&key=%b&b" % REAL),
    (
        "query twice",
        [QUERY],
        b"/p?key=%b&key=%b" % (PHANTOM, PHANTOM),
        b"/p?key=%b&key=%b" % (REAL, REAL),
    ),
    ("query, name encoded", [QUERY], b"/p?%%6bey=%b" % PHANTOM, b"/p?%%6bey=%b" % REAL),
    (
        "query, value encoded",
        [QUERY],
        b"/p?key=%b" % PHANTOM.replace(b"-", b"%2D"),
        b"/p?key=%b" % REAL,
    ),
    ("query after a second mark", [QUERY], b"/p?x=?&key=%b" % PHANTOM, b"/p?x=?&key=%b" % REAL),
    ("path", [PATH], b"/bot%b/getMe" % PHANTOM, b"/bot%b/getMe" % REAL),
    ("path to the end", [PATH], b"/bot%b" % PHANTOM, b"/bot%b" % REAL),
    ("path and query", [PATH], b"/bot%b?x=/bot1" % PHANTOM, b"/bot%b?x=/bot1" % REAL),
    ("path below another", [PATH], b"/file/bot%b/a/b" % PHANTOM, b"/file/bot%b/a/b" % REAL),
    ("path, encoded", [PATH], b"/bot%b/x" % PHANTOM.replace(b"-", b"%2d"), b"/bot%b/x" % REAL),
]


@pytest.mark.parametrize(
    ("slots", "target", "made"), [row[1:] for row in TARGETS], ids=[row[0] for row in TARGETS]
)
def test_swaps_in_the_target(slots: list[Slot], target: bytes, made: bytes) -> None:
    swapped = _swapped(_route(*slots), [(b"Accept", b"*/*")], target)

    assert swapped.target == made
    assert swapped.fields == [(b"Accept", b"*/*")]


@pytest.mark.parametrize(
    ("slot", "target", "made"),
    [
        (QUERY, b"/p?key=289928461:phantomW3sD8_hQ1", b"/p?key=110201543%3ACANARY%2Fq7%2BZt3_Vb9"),
        (
            QUERY,
            b"/p?key=289928461%3aphantomW3sD8_hQ1",
            b"/p?key=110201543%3ACANARY%2Fq7%2BZt3_Vb9",
        ),
        (PATH, b"/bot289928461:phantomW3sD8_hQ1/x", b"/bot110201543:CANARY%2Fq7+Zt3_Vb9/x"),
        (PATH, b"/bot289928461%3AphantomW3sD8_hQ1/x", b"/bot110201543:CANARY%2Fq7+Zt3_Vb9/x"),
    ],
)
def test_a_secret_with_symbols_is_encoded_for_its_place(
    slot: Slot, target: bytes, made: bytes
) -> None:
    route = _route(slot, real=BOT_REAL, phantom=BOT_PHANTOM)

    assert _swapped(route, target=target).target == made


ELSEWHERE = [
    ("another field", [BEARER], [(b"X-Other", PHANTOM)], b"/p"),
    ("a cookie", [BEARER], [(b"Cookie", b"key=" + PHANTOM)], b"/p"),
    ("the query", [BEARER], [], b"/p?key=" + PHANTOM),
    ("the path", [BEARER], [], b"/p/" + PHANTOM),
    ("another query field", [QUERY], [], b"/p?key2=" + PHANTOM),
    ("the query's name", [QUERY], [], b"/p?" + PHANTOM + b"=key"),
    ("a query field without a value", [QUERY], [], b"/p?key"),
    ("after the path's end", [PATH], [], b"/botx/" + PHANTOM),
    ("the query of a path", [PATH], [], b"/p?/bot" + PHANTOM),
    ("another scheme", [BEARER], [(b"Authorization", b"Token " + PHANTOM)], b"/p"),
    ("no scheme", [BEARER], [(b"Authorization", PHANTOM)], b"/p"),
    ("a scheme too many", [KEY], [(b"x-api-key", b"Bearer " + PHANTOM)], b"/p"),
    ("the scheme glued", [BEARER], [(b"Authorization", b"Bearer" + PHANTOM)], b"/p"),
    ("something after it", [BEARER], [(b"Authorization", b"Bearer " + PHANTOM + b" x")], b"/p"),
    ("a list", [BEARER], [(b"Authorization", b"Bearer " + PHANTOM + b", Bearer x")], b"/p"),
    ("part of a value", [KEY], [(b"x-api-key", b"x" + PHANTOM)], b"/p"),
    ("the other half", [USER], [(b"Authorization", _basic(b"u:" + PHANTOM))], b"/p"),
    ("the other half too", [PASSWORD], [(b"Authorization", _basic(PHANTOM + b":p"))], b"/p"),
    ("a pair without a colon", [PASSWORD], [(b"Authorization", _basic(PHANTOM))], b"/p"),
    ("not base64", [USER], [(b"Authorization", b"Basic !" + b64encode(PHANTOM + b":"))], b"/p"),
    ("without padding", [USER], [(b"Authorization", _basic(PHANTOM + b":x").rstrip(b"="))], b"/p"),
    ("basic without a pair", [USER], [(b"Authorization", b"Basic ")], b"/p"),
    ("no slot at all", [], [(b"Authorization", b"Bearer " + PHANTOM)], b"/p"),
]


@pytest.mark.parametrize(
    ("slots", "fields", "target"), [row[1:] for row in ELSEWHERE], ids=[row[0] for row in ELSEWHERE]
)
def test_never_forwards_a_request_without_a_phantom(
    slots: list[Slot], fields: Fields, target: bytes
) -> None:
    with pytest.raises(Unauthenticated):
        _swapped(_route(*slots), fields, target)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([], "no credential was sent"),
        ([(b"Authorization", b"Bearer ")], "no credential was sent"),
        ([(b"Authorization", b"Bearer x")], "not a phantom of this run"),
        ([(b"Authorization", b"Bearer " + REAL)], "not a phantom of this run"),
        ([(b"Authorization", b"Bearer ${PHANTOMRUN_ENV_OPENAI_API_KEY}")], "a placeholder"),
    ],
)
def test_says_why_without_a_secret_in_it(fields: Fields, said: str) -> None:
    with pytest.raises(Unauthenticated, match=said) as caught:
        _swapped(_route(BEARER), fields)

    assert "CANARY" not in caught.value.message


@pytest.mark.parametrize(
    ("slots", "fields", "target"),
    [
        ([BEARER], [(b"Authorization", b"Bearer " + OTHER_PHANTOM)], b"/p"),
        (
            [BEARER, KEY],
            [(b"Authorization", b"Bearer " + PHANTOM), (b"x-api-key", OTHER_PHANTOM)],
            b"/p",
        ),
        ([USER], [(b"Authorization", _basic(OTHER_PHANTOM + b":"))], b"/p"),
        ([QUERY], [], b"/p?key=" + OTHER_PHANTOM),
        ([PATH], [], b"/bot" + OTHER_PHANTOM),
    ],
    ids=["header", "beside the right one", "basic", "query", "path"],
)
def test_another_routes_phantom_is_denied(slots: list[Slot], fields: Fields, target: bytes) -> None:
    with pytest.raises(Denied) as caught:
        _swapped(_route(*slots), fields, target)

    assert (caught.value.status, caught.value.code) == (403, "PR-ROUTE")


@pytest.mark.parametrize("name", [b"authorization", b"AUTHORIZATION"])
@pytest.mark.parametrize(
    "slots", [[BEARER], [USER], [BEARER, KEY]], ids=["bearer", "basic", "two slots"]
)
@pytest.mark.parametrize(
    "second", [b"Bearer " + PHANTOM, b"Bearer other", b""], ids=["same", "other", "empty"]
)
def test_refuses_a_credential_field_that_occurs_twice(
    name: bytes, slots: list[Slot], second: bytes
) -> None:
    fields = [(b"Authorization", b"Bearer " + PHANTOM), (name, second)]

    with pytest.raises(Malformed, match="authorization occurs twice"):
        _swapped(_route(*slots), fields)


def test_other_fields_may_occur_twice() -> None:
    fields = [(b"X-A", b"1"), (b"Authorization", b"1"), (b"Authorization", b"2"), (b"X-A", b"2")]

    swapped = _swapped(_route(KEY), [*fields, (b"x-api-key", PHANTOM)])

    assert swapped.fields == [*fields, (b"x-api-key", REAL)]


def test_every_slot_that_holds_the_phantom_is_swapped() -> None:
    route = _route(BEARER, KEY, QUERY)

    swapped = _swapped(
        route,
        [(b"Authorization", b"Bearer " + PHANTOM), (b"x-api-key", PHANTOM)],
        b"/p?key=" + PHANTOM,
    )

    assert swapped.fields == [(b"Authorization", b"Bearer " + REAL), (b"x-api-key", REAL)]
    assert swapped.target == b"/p?key=" + REAL
    assert len(swapped.stands) == 3


def test_a_slot_with_something_else_is_left_as_it_is() -> None:
    fields = [(b"x-api-key", PHANTOM), (b"Authorization", b"Bearer of something else")]

    swapped = _swapped(_route(BEARER, KEY), fields)

    assert swapped.fields == [(b"x-api-key", REAL), fields[1]]


def test_outside_the_slots_a_phantom_stays_a_phantom() -> None:
    fields = [(b"Authorization", b"Bearer " + PHANTOM), (b"X-Note", PHANTOM), (b"Cookie", PHANTOM)]

    swapped = _swapped(_route(BEARER), fields, b"/p/%b?q=%b" % (PHANTOM, PHANTOM))

    assert swapped.fields[1:] == fields[1:]
    assert swapped.target == b"/p/%b?q=%b" % (PHANTOM, PHANTOM)


def _two_upstreams() -> Route:
    book = (
        stand(),
        stand(b"sk-CANARY-second", b"sk-phantom-second", upstream="https://other.example/v1"),
        stand(b"sk-CANARY-third", b"sk-phantom-third"),
    )
    return Route(provider(slots=(BEARER, KEY)), book)


def test_two_phantoms_for_two_upstreams_are_refused() -> None:
    fields = [(b"Authorization", b"Bearer " + PHANTOM), (b"x-api-key", b"sk-phantom-second")]

    with pytest.raises(Malformed, match="two upstreams"):
        _swapped(_two_upstreams(), fields)


def test_two_phantoms_for_one_upstream_are_swapped() -> None:
    fields = [(b"Authorization", b"Bearer " + PHANTOM), (b"x-api-key", b"sk-phantom-third")]

    swapped = _swapped(_two_upstreams(), fields)

    assert swapped.fields == [
        (b"Authorization", b"Bearer " + REAL),
        (b"x-api-key", b"sk-CANARY-third"),
    ]


def test_each_phantom_leads_to_its_own_upstream() -> None:
    swapped = _swapped(_two_upstreams(), [(b"x-api-key", b"sk-phantom-second")])

    assert swapped.stands[0].upstream.host == "other.example"


def test_a_whole_basic_pair_is_remembered_for_scrubbing() -> None:
    swapped = _swapped(_route(USER), [(b"Authorization", _basic(PHANTOM + b":x"))])

    (echo,) = swapped.echoes
    assert (echo.secret, echo.phantom) == (b64encode(REAL + b":x"), b64encode(PHANTOM + b":x"))


def test_nothing_is_remembered_of_a_bearer() -> None:
    assert _swapped(openai(), [(b"Authorization", b"Bearer " + PHANTOM)]).echoes == ()


_PIECES = st.lists(
    st.sampled_from(
        [PHANTOM, OTHER_PHANTOM, b"Bearer ", b"Basic ", b":", b"=", b"%", b"&", b"/bot"]
    )
    | st.binary(max_size=5)
).map(b"".join)


@given(
    st.lists(
        st.tuples(st.sampled_from([b"Authorization", b"X-API-Key", b"X-Other"]), _PIECES),
        max_size=4,
    ),
    st.binary(max_size=3),
    _PIECES,
)
def test_junk_is_refused_and_a_secret_only_stands_for_its_phantom(
    fields: Fields, path: bytes, query: bytes
) -> None:
    target = b"/openai/" + path + b"?key=" + query

    try:
        swapped = _swapped(_route(BEARER, KEY, USER, QUERY, PATH), fields, target)
    except Refusal:
        return

    assert PHANTOM in b"".join(value for _, value in fields) + target
    assert not any(REAL in value for name, value in swapped.fields if name == b"X-Other")
