"""Secrets: nothing but `reveal` gives one away."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from phantomrun.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = b"CANARY-value"


def _secret() -> Secret:
    return Secret("OPENAI_API_KEY", VALUE)


def test_reveals_what_was_put_in() -> None:
    assert _secret().reveal() == VALUE
    assert _secret().name == "OPENAI_API_KEY"


@pytest.mark.parametrize(
    "shown",
    [repr, str, "{}".format, "{!r}".format, lambda secret: f"{[secret]} { ({'a': secret}) }"],
    ids=["repr", "str", "format", "format-r", "inside others"],
)
def test_is_never_printed(shown: Callable[[object], str]) -> None:
    text = shown(_secret())

    assert "CANARY" not in text
    assert "<Secret OPENAI_API_KEY>" in text


def test_cannot_be_hashed() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(_secret())


@pytest.mark.parametrize(
    "serialise",
    [copy.copy, copy.deepcopy, lambda secret: secret.__reduce_ex__(4)],
    ids=["copy", "deepcopy", "reduce"],
)
def test_cannot_be_serialised(serialise: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="never serialised") as caught:
        serialise(_secret())

    assert "CANARY" not in str(caught.value)


def test_has_no_dictionary_to_look_into() -> None:
    with pytest.raises(TypeError, match="__dict__"):
        vars(_secret())


def test_two_with_the_same_value_are_not_equal() -> None:
    assert _secret() != _secret()
