"""Scrubbing: secret → phantom, wherever the stream is cut, and nothing held that need not be."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.forms import MIN_CUT_BYTES, Needle, Needles, needles
from phantomrun.core.phantom import Phantom
from phantomrun.core.secret import Secret
from phantomrun.wire.scrub import Scrubber
from tests.wire.ground import PHANTOM, REAL, slices

SYMBOLS, LONGER = b"CANARY/q7+Zt3=Vb", b"phantomW3sD8hQ1zB6yK0v"


def _needles(real: bytes = REAL, phantom: bytes = PHANTOM) -> Needles:
    return Needles(needles(Phantom(phantom, Secret("KEY", real))))


def _scrubbed(forms: Needles, pieces: list[bytes]) -> bytes:
    scrubber = Scrubber(forms)
    return b"".join([*map(scrubber.feed, pieces), scrubber.flush()])


ECHOES = [
    ("as it is", REAL),
    ("in JSON", b'{"key":"%b"}' % REAL),
    ("twice in a row", REAL + REAL),
    ("after a false start", REAL[:9] + REAL),
    ("after many", REAL[:3] * 5 + REAL[:8] + REAL),
    ("base64 of a pair", b64encode(b"user:" + REAL)),
    ("base64 of a pair, another alignment", b64encode(b"u:" + REAL)),
    ("base64 of a pair, the third", b64encode(b"me:" + REAL + b"x")),
]


@pytest.mark.parametrize("text", [text for _, text in ECHOES], ids=[name for name, _ in ECHOES])
def test_an_echo_is_scrubbed_at_every_split(text: bytes) -> None:
    forms = _needles()
    whole = b"before " + text + b" after"
    expected = forms.replaced(whole)
    assert REAL not in expected

    for at in range(len(whole) + 1):
        assert _scrubbed(forms, [whole[:at], whole[at:]]) == expected
    assert _scrubbed(forms, slices(whole, range(len(whole)))) == expected


@pytest.mark.parametrize(
    "text",
    [
        SYMBOLS,
        quote(SYMBOLS, safe="").encode(),
        quote(SYMBOLS, safe="")
        .replace("%2F", "%2f")
        .replace("%2B", "%2b")
        .replace("%3D", "%3d")
        .encode(),
        SYMBOLS.replace(b"/", b"\\/"),
        SYMBOLS.replace(b"=", b"\\u003d"),
    ],
)
def test_an_escaped_echo_is_scrubbed_at_every_split(text: bytes) -> None:
    forms = _needles(SYMBOLS, LONGER)

    for at in range(len(text) + 1):
        assert _scrubbed(forms, [text[:at], text[at:]]) == LONGER


@pytest.mark.parametrize(
    ("said", "held"),
    [
        (b"data: {}\n\n", 0),
        (b"data: hello", 0),
        (b"data: task", 2),
        (b"data: s", 1),
        (b"data: sk", 2),
        (b"data: sk-", 3),
        (b"data: sk-p", 4),
        (b"data: sk-x", 0),
        (b"data: ss", 1),
        (b"data: sksk-proj-", 8),
        (REAL[:-1], len(REAL) - 1),
        (REAL, 0),
        (REAL + b"s", 1),
        (REAL[:-1] + b"\n", 0),
    ],
    ids=repr,
)
def test_holds_exactly_what_may_still_become_a_secret(said: bytes, held: int) -> None:
    scrubber = Scrubber(Needles([Needle(REAL, PHANTOM)]))

    passed = scrubber.feed(said)

    assert len(said) - len(passed) == held
    last = scrubber.flush()
    if held < MIN_CUT_BYTES:
        assert passed + last == said.replace(REAL, PHANTOM)
    else:  # cut in the middle of the secret
        assert last == PHANTOM[:held]


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[{"delta":{"content":"hello"}}]}\n\n',
        b"event: message_delta\ndata: {}\n\n",
        b": keep-alive\n\n",
        b"data: [DONE]\r\n\r\n",
        b'{"a":1}\n',
    ],
)
def test_an_event_is_not_delayed(event: bytes) -> None:
    scrubber = Scrubber(_needles())

    assert [scrubber.feed(event) for _ in range(3)] == [event] * 3
    assert scrubber.flush() == b""


def test_a_false_start_goes_on_with_the_byte_that_ends_it() -> None:
    scrubber = Scrubber(Needles([Needle(REAL, PHANTOM)]))

    assert scrubber.feed(b"x" + REAL[:20]) == b"x"
    assert scrubber.feed(b"") == b""
    assert scrubber.feed(b"!") == REAL[:20] + b"!"


def test_what_is_held_at_the_end_is_not_lost() -> None:
    scrubber = Scrubber(Needles([Needle(REAL, PHANTOM)]))

    assert scrubber.feed(REAL[:5]) == b""
    assert scrubber.flush() == REAL[:5]
    assert scrubber.flush() == b""


@pytest.mark.parametrize("size", range(1, len(REAL)))
def test_a_secret_cut_off_by_the_end_is_scrubbed_at_every_split(size: int) -> None:
    text = b"before " + REAL[:size]
    forms = Needles([Needle(REAL, PHANTOM)])

    for at in range(len(text) + 1):
        scrubbed = _scrubbed(forms, [text[:at], text[at:]])

        assert scrubbed == b"before " + (PHANTOM if size >= MIN_CUT_BYTES else REAL)[:size]


def test_a_longer_form_that_does_not_come_true_gives_way_to_a_shorter_one() -> None:
    forms = Needles([Needle(b"abcdef", b"LONG"), Needle(b"cdxx", b"1"), Needle(b"abcd", b"2")])

    assert _scrubbed(forms, [b"abc", b"de", b"x"]) == b"2ex"
    assert _scrubbed(forms, [b"abcde", b"f"]) == b"LONG"
    assert _scrubbed(forms, [b"xabc", b"dxx"]) == b"x2xx"


def test_without_secrets_all_passes_at_once() -> None:
    scrubber = Scrubber(Needles([]))

    assert scrubber.feed(b"anything") == b"anything"
    assert scrubber.flush() == b""


def test_memory_is_bounded_by_the_longest_form() -> None:
    scrubber = Scrubber(_needles())

    for _ in range(1000):
        passed = scrubber.feed(REAL[:8] * 100)
        assert len(passed) >= 700


_FORMS = st.lists(st.text("ab", min_size=4, max_size=6).map(str.encode), min_size=1, max_size=4)


@given(
    _FORMS,
    st.lists(st.one_of(st.text("abc", max_size=9).map(str.encode), st.just(b"abab")), max_size=6),
)
def test_slicing_never_matters(forms: list[bytes], pieces: list[bytes]) -> None:
    looked_for = Needles([Needle(form, b"<%d>" % at) for at, form in enumerate(forms)])
    whole = b"".join(pieces)

    expected = looked_for.replaced(whole)

    assert _scrubbed(looked_for, pieces) == expected
    assert _scrubbed(looked_for, slices(whole, range(len(whole)))) == expected


@given(
    st.lists(st.sampled_from([REAL, REAL[:7], REAL[7:], b"s", b"k-", PHANTOM, b" "]), max_size=9)
)
def test_no_secret_ever_passes(pieces: list[bytes]) -> None:
    assert REAL not in _scrubbed(_needles(), pieces)


@given(_FORMS, st.text("abc", max_size=12).map(str.encode))
def test_holds_no_more_than_it_must(forms: list[bytes], data: bytes) -> None:
    scrubber = Scrubber(Needles([Needle(form, form) for form in forms]))

    passed = scrubber.feed(data)

    held = data[len(passed) :]
    assert held == b"" or any(form.startswith(held) and form != held for form in forms)
