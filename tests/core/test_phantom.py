"""Phantoms: the shape of a secret, and 128 bits of nothing else."""

from __future__ import annotations

import os
import re
import zlib
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.phantom import MARKER, MIN_BITS, mint
from phantomrun.core.provider import Shape
from phantomrun.core.secret import Secret

UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Entropy = Callable[[int], bytes]


def _minted(value: bytes, shape: Shape | None = None, entropy: Entropy = os.urandom) -> bytes:
    return mint(Secret("KEY", value), shape or Shape(), entropy=entropy).value


def _from(source: bytes) -> Entropy:
    """Return an entropy that gives `source`, over and over."""
    endless = cycle(source)
    return lambda count: bytes(next(endless) for _ in range(count))


SHAPES = [
    (
        "a prefix is kept",
        b"sk-CANARY7Zt3Vb9Xw2Lk8Rn4Ms0aB",
        Shape(("sk-",)),
        rb"sk-[A-Za-z0-9]{27}",
    ),
    (
        "the longest prefix that fits",
        b"sk-proj-CANARY7Zt3Vb9Xw2Lk8Rn4Ms0aB",
        Shape(("sk-proj-", "sk-")),
        rb"sk-proj-[A-Za-z0-9]{27}",
    ),
    ("no prefix of this one", b"CANARY" + b"a" * 30, Shape(("sk-",)), rb"[A-Za-z]{36}"),
    ("a prefix and nothing else", b"sk-", Shape(("sk-",)), rb"[a-z-]{27}"),
    ("hexadecimal", b"0123456789abcdef" * 2, Shape(), rb"[0-9a-f]{32}"),
    ("upper case hexadecimal", b"0123456789ABCDEF" * 2, Shape(), rb"[0-9A-F]{32}"),
    ("digits", b"1234567890" * 4, Shape(), rb"[0-9]{40}"),
    ("lower case and digits", b"canary0123" * 4, Shape(), rb"[a-z0-9]{40}"),
    ("upper case", b"CANARY" * 6, Shape(), rb"[A-Z]{36}"),
    ("URL-safe", b"CANARY-a_0" * 4, Shape(), rb"[A-Za-z0-9_-]{40}"),
    ("symbols become letters", b"CANARY+/a0!" * 4, Shape(), rb"[A-Za-z0-9]{44}"),
    ("padding stays", b"CANARYa0" * 5 + b"==", Shape(), rb"[A-Za-z0-9]{40}=="),
    (
        "separators stay",
        b"ab.CANARY" * 4,
        Shape(separators="."),
        rb"[A-Za-z]{2}(\.[A-Za-z]{8}){3}\.[A-Z]{0}[A-Za-z]{6}",
    ),
    (
        "a bot's number stays a number",
        b"110201543:CANARYqTcvCH1vGWJxfSeofSAs0K5PALD",
        Shape(separators=":"),
        rb"[0-9]{9}:[A-Za-z0-9]{33}",
    ),
    (
        "a JWT keeps its parts",
        b"eyJh.eyJy.CANARYq7Zt3Vb9Xw2Lk8",
        Shape(separators="."),
        rb"[A-Za-z0-9]{4}\.[A-Za-z0-9]{4}\.[A-Za-z0-9]{20}",
    ),
    ("a UUID", b"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", Shape(), UUID),
    (
        "a UUID after a prefix",
        b"pk-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
        Shape(("pk-",), "-"),
        rb"pk-" + UUID,
    ),
    (
        "a UUID whose parts may be digits",
        b"0a1b2c3d-1234-5678-9012-a4b5c6d7e8f9",
        Shape((), "-"),
        UUID,
    ),
]


@pytest.mark.parametrize(
    ("value", "shape", "form"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES]
)
def test_has_the_shape_of_its_secret(value: bytes, shape: Shape, form: bytes) -> None:
    minted = _minted(value, shape)

    assert re.fullmatch(form, minted), minted
    assert minted != value


@pytest.mark.parametrize(
    "value",
    [
        *(b"0", b"a", b"A", b"-", b"=", b"==", b"--", b"a=", b"!", b"\xff", b"1-2", b"12:34"),
        *(b"CANARY", b"canary1", b"c0ffee", b"1234567890", b"hunter2-CANARY", b"12345678-1234"),
    ],
)
@pytest.mark.parametrize("separators", ["", "-", ":", "-:="])
def test_a_short_secret_gets_a_longer_phantom_of_enough_bits(value: bytes, separators: str) -> None:
    minted = _minted(value, Shape(separators=separators))

    drawn = [byte for byte in minted if byte not in separators.encode()]
    assert len(drawn) * log2(_alphabet_size(value)) >= MIN_BITS
    assert value not in minted


def _alphabet_size(value: bytes) -> int:
    """Return how many letters and digits there are of the kinds that `value` has."""
    kinds = {rb"[0-9]": 10, rb"[a-z]": 26, rb"[A-Z]": 26}
    return sum(size for kind, size in kinds.items() if re.search(kind, value)) or 62


def test_a_long_one_begins_with_the_marker() -> None:
    minted = _minted(b"sk-" + b"CANARYa0" * 6, Shape(("sk-",)))

    assert minted.startswith(b"sk-" + MARKER)


def test_the_marker_takes_nothing_from_the_bits() -> None:
    just_enough = 22 + len(MARKER)  # 22 * log2(62) = 130

    assert _minted(b"z0Z" * 10)[: len(MARKER)] == MARKER
    assert _minted((b"z0Z" * 10)[:just_enough])[: len(MARKER)] == MARKER
    assert not _minted((b"z0Z" * 10)[: just_enough - 1]).startswith(MARKER)


@pytest.mark.parametrize("length", [36, 40, 60])
def test_a_checksum_is_right(length: int) -> None:
    minted = _minted((b"ghp_CANARY" + b"a0" * 40)[:length], Shape(("ghp_",), "", "crc32-base62"))

    body, checksum = minted[4:-6], minted[-6:]
    digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for digit in checksum:
        number = number * 62 + digits.index(digit)
    assert number == zlib.crc32(body)
    assert len(minted) == length


def test_what_cannot_have_a_checksum_gets_none() -> None:
    shape = Shape(("github_pat_",), "", "crc32-base62")

    minted = _minted(b"github_pat_CANARY" + b"a0" * 12 + b"_" + b"a0" * 20, shape)

    assert len(minted) == len(b"github_pat_CANARY") + 65


@pytest.mark.parametrize(
    "value",
    [
        b"0123456789" * 60,
        b"fedcba9876543210" * 60,
        b"canary0" * 90,
        b"CANARYa0" * 90,
        b"-_zZ0" * 99,
    ],
    ids=["10", "16", "36", "62", "64"],
)
def test_no_character_is_likelier_than_another(value: bytes) -> None:
    size = {10: 250, 16: 256, 36: 252, 62: 248, 64: 256}
    alphabet = set(_minted(value))  # long enough to have met them all, but for bad luck
    fair = next(fair for many, fair in size.items() if many >= len(alphabet))
    whole = (value * 9)[: 2 * fair]

    minted = _minted(whole, entropy=_from(bytes(range(256))))

    counts = Counter(minted[len(MARKER) :])
    assert max(counts.values()) - min(counts.values()) <= 1, counts


def test_entropy_comes_from_the_argument_only() -> None:
    drawn: list[int] = []

    def entropy(count: int) -> bytes:
        drawn.append(count)
        return bytes((len(drawn) * 37 + at * 11) % 256 for at in range(count))

    first = _minted(b"CANARYa0" * 5, entropy=entropy)
    calls, drawn[:] = list(drawn), []
    second = _minted(b"CANARYa0" * 5, entropy=entropy)

    assert first == second
    assert sum(calls) >= MIN_BITS // 8


def test_two_are_never_the_same() -> None:
    assert len({_minted(b"CANARYa0") for _ in range(200)}) == 200


def test_is_drawn_again_where_it_would_be_the_secret() -> None:
    answers = [bytes(100), bytes(100), bytes(range(100))]

    minted = _minted(b"0" * 40, entropy=lambda count: answers.pop(0)[:count])

    assert minted != b"0" * 40
    assert answers == [] or len(answers) == 1


def test_is_drawn_again_where_it_would_contain_the_secret() -> None:
    answers = [bytes(100), b"\x01" * 100]

    minted = _minted(b"0", entropy=lambda count: answers.pop(0)[:count])

    assert minted == b"1" * 39


def test_does_not_print_its_value() -> None:
    phantom = mint(Secret("KEY", b"CANARYa0" * 5), Shape(), entropy=os.urandom)

    assert repr(phantom) == "<Phantom of KEY>"
    assert f"{phantom}" == "<Phantom of KEY>"


@given(
    value=st.binary(min_size=1, max_size=80).filter(lambda value: not set(value) & {0, 10, 13}),
    separators=st.sampled_from(["", "-", "_", ".:", "-_.=", "]^\\-"]),
    prefixes=st.sampled_from([(), ("sk-",), ("a", ""), ("CANARY",)]),
    checksum=st.sampled_from(["", "crc32-base62"]),
)
def test_whatever_the_secret_there_is_a_phantom_for_it(
    value: bytes, separators: str, prefixes: tuple[str, ...], checksum: str
) -> None:
    shape = Shape(prefixes, separators, checksum)  # type: ignore[arg-type]  # drawn from both

    minted = _minted(value, shape)

    assert minted != value
    assert value not in minted
    assert len(minted) >= len(value)
    assert not set(minted) & {0, 10, 13, 32}
    if len(value) >= 64:
        assert len(minted) == len(value)


@given(st.from_regex(r"\A(?!sk-$)sk-[A-Za-z0-9_-]{45,60}\Z"))
def test_a_phantom_of_plain_characters_is_plain_and_as_long(text: str) -> None:
    minted = _minted(text.encode(), Shape(("sk-",)))

    assert re.fullmatch(rb"sk-[A-Za-z0-9_-]+", minted)
    assert len(minted) == len(text)
