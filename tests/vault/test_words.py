"""The word list: as many as the stated entropy needs, all fit to be typed."""

from __future__ import annotations

import re

from phantomrun.vault.words import WORDS


def test_each_word_is_worth_eleven_bits() -> None:
    assert len(WORDS) == len(set(WORDS)) == 2**11


def test_words_are_short_lower_case_and_in_order() -> None:
    assert all(re.fullmatch("[a-z]{4,8}", word) for word in WORDS)
    assert list(WORDS) == sorted(WORDS)
