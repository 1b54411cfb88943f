"""Forms: however a secret was written down, the phantom comes back in the same writing."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.forms import MIN_NEEDLE_BYTES, Needle, Needles, needles
from phantomrun.core.phantom import Phantom
from phantomrun.core.secret import Secret

PLAIN = (b"sk-CANARY_q7Zt3.Vb9Xw2Lk8", b"sk-phantom_W3sD8.hQ1zB6yK")
SYMBOLS = (b"CANARY/+=&<>'\"~ %!*()@\\$#;,:", b"phantomW3sD8hQ1zB6yK0vTcE2m")
WIDE = ("CANARY-käse-ключ".encode(), b"phantom-W3sD8-hQ1zB6yK0v")
SHORT = (b"CANARY+1", b"phantomW3sD8hQ1zB6yK0v")
PAIRS = [PLAIN, SYMBOLS, WIDE, SHORT]
Write = Callable[[bytes], bytes]


def _needles(real: bytes, fake: bytes) -> Needles:
    return Needles(needles(Phantom(fake, Secret("KEY", real))))


def _go(value: bytes, also: str, form: str) -> bytes:
    """Write JSON as encoders do that escape more than they must."""
    return "".join(
        form.format(ord(char)) if char in also else json.dumps(char)[1:-1]
        for char in value.decode()
    ).encode()


def _java(value: bytes) -> bytes:
    return quote_plus(value, safe="*").replace("~", "%7E").encode()


def _lower_hex(quoted: str) -> bytes:
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])]).encode()


WRITINGS: dict[str, Write] = {
    "as it is": lambda value: value,
    "JSON": lambda value: json.dumps(value.decode()).encode(),
    "JSON in UTF-8": lambda value: json.dumps(value.decode(), ensure_ascii=False).encode(),
    "JSON from PHP": lambda value: json.dumps(value.decode()).replace("/", "\\/").encode(),
    "JSON from Go": lambda value: _go(value, "<>&", "\\u{:04x}"),
    "JSON from Gson": lambda value: _go(value, "<>&='", "\\u{:04x}"),
    "JSON from .NET": lambda value: _go(value, "<>&'+\"`", "\\u{:04X}"),
    "quote": lambda value: quote(value).encode(),
    "quote everything": lambda value: quote(value, safe="").encode(),
    "quote in lower case": lambda value: _lower_hex(quote(value, safe="")),
    "quote_plus": lambda value: quote_plus(value).encode(),
    "quote_plus in lower case": lambda value: _lower_hex(quote_plus(value)),
    "encodeURIComponent": lambda value: quote(value, safe="!'()*").encode(),
    "encodeURI": lambda value: quote(value, safe=";,/?:@&=+$!'()*#").encode(),
    "URLEncoder": _java,
    "a path segment": lambda value: quote(value, safe=":@!$&'()*+,;=").encode(),
}


@pytest.mark.parametrize("write", WRITINGS.values(), ids=WRITINGS.keys())
@pytest.mark.parametrize(("real", "fake"), PAIRS, ids=["plain", "symbols", "wide", "short"])
def test_every_writing_becomes_the_phantoms(real: bytes, fake: bytes, write: Write) -> None:
    text = b"before " + write(real) + b" after " + write(real)

    replaced = _needles(real, fake).replaced(text)

    assert replaced == b"before " + write(fake) + b" after " + write(fake)


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode], ids=["base64", "urlsafe"])
@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize(("real", "fake"), PAIRS, ids=["plain", "symbols", "wide", "short"])
def test_base64_at_every_alignment(
    real: bytes, fake: bytes, after: int, before: int, encode: Write
) -> None:
    text = encode(b"u" * before + real + b"p" * after)

    replaced = _needles(real, fake).replaced(text)

    assert replaced != text
    inner = b64encode(real[2:-2])
    assert not any(encode(b"x" * at + real)[4:-4] in replaced for at in range(3)), inner
    if len(real) == len(fake):
        plain = b64decode(replaced, altchars=b"-_" if encode is urlsafe_b64encode else None)
        assert fake[1:-1] in plain
        assert real[1:-1] not in plain


def test_whole_base64_is_the_phantoms_but_for_the_edges() -> None:
    real, fake = PLAIN

    replaced = _needles(real, fake).replaced(b64encode(b"user:" + real))

    assert b64decode(replaced)[6:-1] == fake[1:-1]


def test_a_pair_of_plain_values_has_four_forms() -> None:
    forms = needles(Phantom(PLAIN[1], Secret("KEY", PLAIN[0])))

    assert len(forms) == 4  # as it is, and three alignments of base64


@pytest.mark.parametrize(
    ("real", "fake", "same"),
    [
        (*PLAIN, True),
        (b"123:CANARY1", b"456:phantom", True),
        (b"CANARY/12", b"phantomW3", False),
        (b"CANARY", b"phantomW3sD8", False),
    ],
    ids=["plain", "the same symbols", "other symbols", "longer"],
)
def test_knows_whether_scrubbing_keeps_the_length(real: bytes, fake: bytes, same: bool) -> None:
    assert _needles(real, fake).same_length is same


def test_the_leftmost_wins_and_of_those_the_longest() -> None:
    forms = Needles([Needle(b"abcd", b"1"), Needle(b"abcdef", b"2"), Needle(b"cdefgh", b"3")])

    assert forms.replaced(b"xabcdefgh") == b"x2gh"
    assert forms.replaced(b"xabcdxcdefgh") == b"x1x3"
    assert list(forms.found(b"abcdefgh")) == [(0, 6, b"2")]
    assert list(forms.found(b"bcdefghabcd")) == [(1, 7, b"3"), (7, 11, b"1")]
    assert list(forms.found(b"defgh")) == []


def test_many_hits_take_time_in_proportion() -> None:
    absent = [Needle(b"absent-%d" % number, b"x") for number in range(50)]
    forms = Needles([Needle(b"CANARY12", b"phantom1"), *absent])
    searched = 0

    class Counted(bytes):
        def find(self, *args: object) -> int:
            nonlocal searched
            searched += 1
            return super().find(*args)  # type: ignore[arg-type]  # as they came

    hits = list(forms.found(Counted(b"CANARY12" * 1000)))

    assert len(hits) == 1000
    assert searched <= 1000 + len(absent) + 1


@pytest.mark.parametrize(
    ("data", "ended"),
    [
        (b"x CANARY-0123456", b"x phantom-abcdef"),
        (b"x CANARY-", b"x CANARY-"),  # seven letters tell nothing
        (b"x CANARY-0", b"x phantom-"),
        (b"x CANARY-0123456789", b"x phantom-abcdefghi"),
        (b"nothing of it", b"nothing of it"),
    ],
)
def test_a_body_that_ends_within_a_secret_ends_within_the_phantom(
    data: bytes, ended: bytes
) -> None:
    forms = Needles([Needle(b"CANARY-0123456789", b"phantom-abcdefghi")])

    assert forms.ended(data)[: len(ended)] == ended


def test_what_no_escaping_changes_is_a_form_of_its_own() -> None:
    real = b"123456789:AACANARY7dE5gH7jK9mN1pQ3sT5vW7yZ"
    fake = b"987654321:phantomTwE5gH7jK9mN1pQ3sT5vW7yZx"

    made = _needles(real, fake).replaced(b"%253A" + real.partition(b":")[2] + b"%252F")

    assert made == b"%253A" + fake.partition(b":")[2] + b"%252F"


def test_of_two_phantoms_for_one_secret_the_first_is_shown() -> None:
    forms = Needles([Needle(b"CANARY", b"first"), Needle(b"CANARY", b"second")])

    assert forms.replaced(b"CANARY") == b"first"


@pytest.mark.parametrize(
    ("data", "start", "opens"),
    [
        (b"nothing", 0, 7),
        (b"ends in abc", 0, 8),
        (b"ends in a", 0, 8),
        (b"a whole one: abcdef", 0, 19),
        (b"abcde", 0, 0),
        (b"abcde", 1, 5),
        (b"ababab", 0, 4),
        (b"aaaa", 0, 3),
        (b"abcabcab", 0, 6),
        (b"x zzzab", 0, 2),  # zzzabz is a form too
        (b"", 0, 0),
    ],
)
def test_knows_where_a_form_may_have_begun(data: bytes, start: int, opens: int) -> None:
    forms = Needles([Needle(b"abcdef", b"1"), Needle(b"zzzabz", b"2")])

    assert forms.open_end(data, start) == opens


@given(
    st.lists(st.text("ab", min_size=4, max_size=7).map(str.encode), max_size=4),
    st.text("abc", max_size=20).map(str.encode),
    st.integers(0, 20),
)
def test_what_may_be_open_is_what_begins_a_form(
    forms: list[bytes], data: bytes, start: int
) -> None:
    places = [
        at
        for at in range(start, len(data))
        if any(form.startswith(data[at:]) and form != data[at:] for form in forms)
    ]

    found = Needles([Needle(form, b"") for form in forms]).open_end(data, start)

    assert found == min(places, default=len(data))


@pytest.mark.parametrize("data", [b"", b"anything"])
def test_without_secrets_nothing_is_found(data: bytes) -> None:
    forms = Needles([])

    assert not forms.present(data)
    assert forms.replaced(data) == data
    assert list(forms.found(data)) == []
    assert forms.open_end(data, 0) == len(data)
    assert forms.same_length


def test_what_is_too_short_to_tell_apart_is_left_alone() -> None:
    short = b"CANARY"[: MIN_NEEDLE_BYTES - 1]

    assert Needles([Needle(short, b"x")]).replaced(short) == short
    assert Needles([Needle(short + b"A", b"x")]).replaced(short + b"A") == b"x"


def test_does_not_print_what_it_looks_for() -> None:
    shown = repr(Needle(b"CANARY", b"phantom")) + repr(_needles(*PLAIN))

    assert "CANARY" not in shown


@given(st.binary(min_size=4, max_size=40), st.binary(max_size=30), st.binary(max_size=30))
def test_no_bytes_are_too_odd_to_be_scrubbed(real: bytes, before: bytes, after: bytes) -> None:
    fake = b"phantomW3sD8hQ1zB6yK0v"

    replaced = _needles(real, fake).replaced(before + b"<" + real + b">" + after)

    assert fake in replaced
