"""Names and values come out the same from every kind of source."""

from __future__ import annotations

import contextlib
import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.importing import Candidate, read_dotenv, read_environ, read_json
from phantomrun.errors import ConfigError


def _plain(found: tuple[Candidate, ...]) -> list[tuple[str, bytes, int]]:
    return [(hit.name, hit.value.reveal(), hit.line) for hit in found]


def test_a_dotenv_text_gives_the_last_of_each_name() -> None:
    found = read_dotenv("A=1\nB='CANARY'\n# C=3\n\nA=\"x\ny\"\n", ".env")

    assert _plain(found) == [("A", b"x\ny", 5), ("B", b"CANARY", 2)]


def test_a_json_object_gives_texts_as_they_are_written() -> None:
    text = '\ufeff{"A": "CANARY\\u00e5", "N": 1.50, "I": -7e1, "T": true, "F": false, "E": null}'

    found = read_json(text, "s.json")

    assert _plain(found) == [
        ("A", "CANARYå".encode(), 0),
        ("N", b"1.50", 0),
        ("I", b"-7e1", 0),
        ("T", b"true", 0),
        ("F", b"false", 0),
        ("E", b"", 0),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"A": "CANARY",\n"B": }', "s:2: not JSON: "),
        ("A=CANARY", "s:1: not JSON: "),
        ("", "s:1: not JSON: "),
        ('["CANARY"]', "s: not an object of names and values"),
        ('"CANARY"', "s: not an object of names and values"),
        ('{"A": {"B": "CANARY"}}', "s: the value of A is an object, and only flat objects"),
        ('{"A": ["CANARY"]}', "s: the value of A is a list, and only flat objects"),
        ('{"A": "CANARY", "A": "2"}', "s: A occurs twice"),
        ('{"A": ' + "[" * 200_000, "s: not a flat object: nested too deeply"),
        ('{"A": "CAN\nARY"}', "s:1: not JSON: "),
    ],
    ids=["comma", "dotenv", "empty", "list", "text", "object", "inner-list", "twice", "deep", "nl"],
)
def test_other_json_is_an_error_that_shows_no_value(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_json(text, "s")

    assert caught.value.message.startswith(complaint)
    assert "CANARY" not in caught.value.message + caught.value.hint


def test_an_environment_gives_every_variable_by_name() -> None:
    environ = {"B": "2", "A": os.fsdecode(b"CANARY\xff")}

    assert _plain(read_environ(environ)) == [("A", b"CANARY\xff", 0), ("B", b"2", 0)]


def test_a_candidate_shows_no_value() -> None:
    assert "CANARY" not in repr(read_dotenv("A=CANARY", ".env"))


@given(st.dictionaries(st.text(), st.text(st.characters(codec="utf-8"))))
def test_any_flat_object_comes_back(members: dict[str, str]) -> None:
    found = read_json(json.dumps(members), "s.json")

    assert {hit.name: hit.value.reveal().decode() for hit in found} == members


@given(st.text())
def test_junk_is_refused_never_fatal(text: str) -> None:
    for read in (read_dotenv, read_json):
        with contextlib.suppress(ConfigError):
            read(text, "s")


def test_a_number_of_any_length_takes_linear_time() -> None:
    began = time.process_time()
    read_json('{"A": ' + "9" * 1_000_000 + "}", "s")

    assert time.process_time() - began < 2
