"""Passphrases: long enough, the same bytes however typed, and one to offer."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.errors import ConfigError
from phantomrun.vault.passphrase import check_passphrase, generate_passphrase, normalised
from phantomrun.vault.words import WORDS


@pytest.mark.parametrize("passphrase", ["CANARY 12345", "ü" * 12, "CANARY\udcff12345"])
def test_twelve_characters_are_enough(passphrase: str) -> None:
    check_passphrase(passphrase)


@pytest.mark.parametrize(
    ("passphrase", "length"),
    [("", 0), ("CANARY 1234", 11), (unicodedata.normalize("NFD", "ü" * 11), 11)],
    ids=["empty", "eleven", "composed"],
)
def test_fewer_are_refused_without_showing_them(passphrase: str, length: int) -> None:
    with pytest.raises(ConfigError, match=f"this one has {length}") as caught:
        check_passphrase(passphrase)
    assert "CANARY" not in caught.value.message


def test_the_offered_passphrase_has_six_words() -> None:
    assert generate_passphrase(lambda _: 0) == "-".join([WORDS[0]] * 6)


def test_the_choice_is_among_all_words() -> None:
    bounds: list[int] = []

    def last(below: int) -> int:
        bounds.append(below)
        return below - 1

    generate_passphrase(last)

    assert bounds == [2048] * 6


def test_two_offers_differ_and_are_accepted() -> None:
    offers = {generate_passphrase() for _ in range(20)}

    assert len(offers) == 20
    for offer in offers:
        check_passphrase(offer)


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"])))
def test_composing_the_letters_otherwise_changes_nothing(text: str) -> None:
    forms = [unicodedata.normalize(form, text).encode() for form in ("NFC", "NFD")]

    assert normalised(forms[0]) == normalised(forms[1])


@given(st.binary())
def test_bytes_that_are_no_text_stay_as_they_are(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        assert normalised(data) == data
    else:
        assert normalised(normalised(data)) == normalised(data)
