"""The user's own file: three keys, each checked."""

from __future__ import annotations

import pytest

from phantomrun.core.settings import Settings, parse
from phantomrun.errors import ConfigError


def test_every_key_is_read() -> None:
    text = '[run]\nclean_env = true\nno_input = true\ncolor = "never"\n'

    assert parse(text, where="c") == Settings(clean_env=True, no_input=True, color="never")


@pytest.mark.parametrize("text", ["", "[run]\n", '# c\n[run]\ncolor = "auto"\n'])
def test_what_is_not_written_is_the_default(text: str) -> None:
    assert parse(text, where="c") == Settings(clean_env=False, no_input=False, color="auto")


@pytest.mark.parametrize(
    ("text", "complaint", "hint"),
    [
        ("[run\n", "c:1: not TOML", ""),
        ("\n[Run]\n", "c:2: unknown key Run", "did you mean run?"),
        ("[run]\ncolour = 'never'\n", "c:2: unknown key run.colour", "did you mean color?"),
        ("[run]\n\nclean_env = 1\n", "c:3: run.clean_env must be true or false", ""),
        ("[run]\nno_input = 'yes'\n", "c:2: run.no_input must be true or false", ""),
        ("[run]\ncolor = true\n", 'c:2: run.color must be "auto", "always" or "never"', ""),
        ("[run]\ncolor = ['x']\n", 'c:2: run.color must be "auto", "always" or "never"', ""),
        ("run = 1\n", "c:1: run must be a table", ""),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, complaint: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, where="c")

    assert caught.value.message.startswith(complaint)
    assert caught.value.hint == hint
