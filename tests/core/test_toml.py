"""Complaints about TOML name the right line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.toml import Key, Source, keys, line_of, nearest
from phantomrun.errors import ConfigError

TEXT = '''\
# [secrets] in a comment
title = "[secrets]"   # A = 1
long = """
[secrets]
A = 1 "quoted" ""
"""
raw = \'\'\'
B = 2
\'\'\'
list = [
  { inner = 1 }, # ]
  { other = [ "x", { deep = 2 } ] },
]
a.b."c.d" = { e = 1, f.g = { h = 2 } }

[secrets]
A = {}
"B" = { required = true, vault = "]" }
'C' = { }

  [ profile . "ci.x" . secrets ]
A = { vault = "x", wrong = 1 }

[[slot]]
kind = 1
[[slot]]
kind = 2
[run]
egress = "bound"'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("long",), 3),
        (("raw",), 7),
        (("list",), 10),
        (("list", "inner"), 11),
        (("list", "other", "deep"), 12),
        (("a",), 14),
        (("a", "b", "c.d", "f", "g", "h"), 14),
        (("secrets",), 16),
        (("secrets", "A"), 17),
        (("secrets", "B"), 18),
        (("secrets", "B", "vault"), 18),
        (("secrets", "C"), 19),
        (("profile",), 21),
        (("profile", "ci.x", "secrets", "A", "wrong"), 22),
        (("slot",), 24),
        (("run", "egress"), 29),
        (("run", "absent"), 28),
        (("absent",), 1),
    ],
)
def test_a_key_is_found_where_it_stands(path: tuple[str, ...], line: int) -> None:
    assert line_of(TEXT, path) == line
    assert line_of(TEXT.replace("\n", "\r\n"), path) == line


def test_headers_and_keys_come_in_order() -> None:
    assert list(keys("a = 1\n[b]\nc = {d = 2}\n[[e.f]]\n")) == [
        Key(("a",), 1),
        Key(("b",), 2, header=True),
        Key(("b", "c"), 3),
        Key(("b", "c", "d"), 3),
        Key(("e", "f"), 4, header=True),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a = 1\nb = \n", "f.toml:2: not TOML: "),
        ("a = 1\nb = [1,\n\n", "f.toml:4: not TOML: "),
        ("[a]\n[a]\n", "f.toml:2: not TOML: "),
        ("a = 1\na = 2\n", "f.toml:2: not TOML: "),
        ("a = " + "[" * 100_000, "f.toml: nested too deeply"),
    ],
    ids=["no-value", "end", "table-twice", "key-twice", "deep"],
)
def test_broken_toml_is_an_error_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Source(text, "f.toml").table()

    assert caught.value.message.startswith(complaint)
    assert "(at" not in caught.value.message


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("secretz", "did you mean secrets?"),
        ("Secrets", "did you mean secrets?"),
        ("zzz", "known here: profile, run, secrets"),
    ],
)
def test_the_nearest_word_is_offered(word: str, hint: str) -> None:
    assert nearest(word, {"secrets", "profile", "run"}) == hint


def test_without_known_words_there_is_no_hint() -> None:
    assert nearest("x", ()) == ""


_WORD = st.text("ab[]{}=,#.'\"\\ \n", max_size=5)
_TREE = st.recursive(
    st.one_of(st.integers(0, 9), _WORD, st.lists(_WORD, max_size=2)),
    lambda inner: st.dictionaries(_WORD, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_WORD, _TREE, max_size=4))
def test_every_key_of_any_document_is_found_once_where_it_stands(tree: dict[str, object]) -> None:
    import tomli_w

    text = tomli_w.dumps(tree)

    found = [key.path for key in keys(text) if not key.header]

    assert sorted(found) == sorted(_leaves(tree, ()))
    lines = text.split("\n")
    for key in keys(text):
        assert (key.path[-1] in lines[key.line - 1]) or any(c in key.path[-1] for c in '\n"\\')


def _leaves(tree: dict[str, object], path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for name, value in tree.items():
        if isinstance(value, dict):
            found += _leaves(value, (*path, name))
        else:
            found.append((*path, name))
    return found
