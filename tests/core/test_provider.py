"""What a provider file may say, and what it is told when it says something else."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.provider import Provider, Shape, Slot, parse
from phantomrun.errors import ConfigError

WHOLE = """\
title    = "Example"
way      = "base-url"
grade    = "docs"
source   = "the vendor's pages"
checked  = 2026-11-21
secrets  = ["EXAMPLE_API_KEY", "EXAMPLE_TOKEN"]
upstream = "https://api.example.com/v1"
version  = "/v1"
errors   = "openai"
note     = "The Node client adds a slash."

[point]
EXAMPLE_BASE_URL = "{listener}/v1"
EXAMPLE_HOST     = "{host}:{port}"

[shape]
prefixes   = ["ex-", "ex-live-"]
separators = "-."
checksum   = "crc32-base62"

[[slot]]
header = "authorization"
scheme = "Bearer "

[[slot]]
header = "x-api-key"

[[slot]]
basic = "password"

[[slot]]
query = "key"

[[slot]]
path = "/bot"
"""

SMALL = """\
title   = "Example"
way     = "sign"
grade   = "sdk-source"
source  = "example 1.0"
checked = 2026-11-21
secrets = []
note    = "Requests are signed."
"""


def test_reads_every_field() -> None:
    provider = parse("example", WHOLE, where="example.toml")

    assert provider == Provider(
        name="example",
        title="Example",
        way="base-url",
        grade="docs",
        source="the vendor's pages",
        checked="2026-11-21",
        secrets=("EXAMPLE_API_KEY", "EXAMPLE_TOKEN"),
        upstream="https://api.example.com/v1",
        version="/v1",
        points={"EXAMPLE_BASE_URL": "{listener}/v1", "EXAMPLE_HOST": "{host}:{port}"},
        shape=Shape(("ex-live-", "ex-"), "-.", "crc32-base62"),
        slots=(
            Slot("header", "authorization", "Bearer "),
            Slot("header", "x-api-key", ""),
            Slot("basic", "password", ""),
            Slot("query", "key", ""),
            Slot("path", "", "/bot"),
        ),
        errors="openai",
        note="The Node client adds a slash.",
    )
    assert provider.usable
    assert next(iter(provider.points)) == "EXAMPLE_BASE_URL"


@pytest.mark.parametrize("way", ["intercept", "sign", "wire"])
def test_a_provider_that_is_only_listed_needs_a_reason_and_no_more(way: str) -> None:
    provider = parse("example", SMALL.replace('"sign"', f'"{way}"'), where="example.toml")

    assert not provider.usable
    assert (provider.points, provider.slots, provider.upstream) == ({}, (), "")
    assert provider.note == "Requests are signed."


def test_what_may_be_left_out_is_empty() -> None:
    text = _without(_without(_without(WHOLE, "note"), "errors"), "version")
    text = text.replace("{listener}/v1", "{listener}")
    text = text[: text.index("[shape]")] + text[text.index("[[slot]]") :]

    provider = parse("example", text, where="example.toml")

    assert provider.shape == Shape()
    assert (provider.version, provider.errors, provider.note) == ("", "problem", "")


def test_a_provider_with_a_port_may_build_its_points_from_host_and_port() -> None:
    text = WHOLE.replace('"base-url"', '"port"').replace("{listener}/v1", "http://{host}:{port}/v1")

    provider = parse("example", text, where="example.toml")

    assert provider.usable
    assert provider.points["EXAMPLE_BASE_URL"] == "http://{host}:{port}/v1"


@pytest.mark.parametrize(
    "upstream", ["", "http://127.0.0.1:8080/v1", "http://[::1]:8080/v1", "http://localhost/v1"]
)
def test_an_upstream_may_be_left_open_or_be_plain_on_loopback(upstream: str) -> None:
    text = WHOLE.replace("https://api.example.com/v1", upstream)

    assert parse("example", text, where="example.toml").upstream == upstream


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('title    = "Example"\n', "", "missing field 'title'"),
        ('way      = "base-url"\n', "", "missing field 'way'"),
        ('grade    = "docs"\n', "", "missing field 'grade'"),
        ('source   = "the vendor\'s pages"\n', "", "missing field 'source'"),
        ("checked  = 2026-11-21\n", "", "missing field 'checked'"),
        ('upstream = "https://api.example.com/v1"\n', "", "missing field 'upstream'"),
        ('secrets  = ["EXAMPLE_API_KEY", "EXAMPLE_TOKEN"]\n', "", "missing field 'secrets'"),
        ("[point]", "[points]", "missing table [point]; unknown field 'points'"),
        ("[[slot]]", "[[slots]]", "missing table [[slot]]; unknown field 'slots'"),
        ("title ", "colour = 1\ntitle ", "unknown field 'colour'"),
        ("[shape]", "[shape]\nlength = 4", "[shape] unknown field 'length'"),
        ('basic = "password"', 'basic = "user"\nscheme = "x"', "[[slot]] 3 unknown field 'scheme'"),
        ('"Example"', "7", "'title' must be a string"),
        ('"Example"', '""', "'title' cannot be ''"),
        ('"Example"', '"a\\u0007b"', "'title' cannot be 'a\\x07b'"),
        ('"base-url"', '"magic"', "'way' is 'magic', not one of base-url, port, intercept"),
        ('"docs"', '"rumour"', "'grade' is 'rumour', not one of sdk-source, docs"),
        ('"openai"', '"xml"', "'errors' is 'xml', not one of openai, anthropic, google, problem"),
        ("2026-11-21", '"2026-11-21"', "'checked' must be a date such as 2026-11-21"),
        ("2026-11-21", "2026-11-21T10:00:00", "'checked' must be a date"),
        ('["EXAMPLE_API_KEY", "EXAMPLE_TOKEN"]', '"X"', "'secrets' must be a list of strings"),
        ('["EXAMPLE_API_KEY", "EXAMPLE_TOKEN"]', "[1]", "'secrets' must be a list of strings"),
        ('["EXAMPLE_API_KEY", "EXAMPLE_TOKEN"]', "[]", "'secrets' must name at least one"),
        ("EXAMPLE_TOKEN", "A B", "'secrets' cannot hold 'A B'"),
        ('"crc32-base62"', '"md5"', "[shape] 'checksum' is 'md5', not one of crc32-base62"),
        ('["ex-", "ex-live-"]', '"ex-"', "[shape] 'prefixes' must be a list of strings"),
        ("https://api", "http://api", "'upstream' cannot be 'http://api.example.com/v1'"),
        ("https://api", "ftp://api", "'upstream' cannot be 'ftp://api.example.com/v1'"),
        ("https://api", "https://me:pw@api", "'upstream' cannot be"),
        ("example.com/v1", "example.com/v1?a=b", "'upstream' cannot be"),
        ("example.com/v1", "example.com/v1/", "'upstream' cannot be"),
        ("example.com/v1", "example.com/v2", "'upstream' must end in '/v1', as 'EXAMPLE_BASE_URL'"),
        ('version  = "/v1"', 'version = "v1"', "'version' cannot be 'v1'"),
        ('version  = "/v1"', 'version = "/v2"', "'version' must be '/v1', as 'EXAMPLE_BASE_URL'"),
        ('"{listener}/v1"', "1", "[point] 'EXAMPLE_BASE_URL' must be a string"),
        ('"{listener}/v1"', '"{url}/v1"', "[point] 'EXAMPLE_BASE_URL' cannot be '{url}/v1'"),
        ('"{listener}/v1"', '"{listener/v1"', "[point] 'EXAMPLE_BASE_URL' cannot be"),
        ('"{listener}/v1"', '"{listener} /v1"', "[point] 'EXAMPLE_BASE_URL' cannot be"),
        ('"{listener}/v1"', '"{0}"', "[point] 'EXAMPLE_BASE_URL' cannot be '{0}'"),
        ('"{listener}/v1"', '"http://x/v1"', "'EXAMPLE_BASE_URL' comes first, so it must be"),
        ('"{listener}/v1"', '"{listener}/v1/"', "'EXAMPLE_BASE_URL' comes first, so it must be"),
        ("EXAMPLE_HOST ", '"A=B" ', "[point] 'A=B' is not an environment variable's name"),
        ('header = "x-api-key"', "", "[[slot]] 2 needs exactly one of header, basic, query, path"),
        ('query = "key"', 'query = "k"\npath = "/"', "[[slot]] 4 needs exactly one of header"),
        ('"x-api-key"', '"X-Api-Key"', "[[slot]] 2 'header' cannot be 'X-Api-Key'"),
        ('"x-api-key"', '"x y"', "[[slot]] 2 'header' cannot be 'x y'"),
        ('"x-api-key"', '"host"', "[[slot]] 2 'header' cannot be 'host': it frames the message"),
        ('"Bearer "', '"Bearer\\r\\n"', "[[slot]] 1 'scheme' cannot be"),
        ('"password"', '"both"', "[[slot]] 3 'basic' cannot be 'both'"),
        ('"/bot"', '"bot"', "[[slot]] 5 'path' cannot be 'bot'"),
        ('"/bot"', '"/bot?"', "[[slot]] 5 'path' cannot be '/bot?'"),
    ],
)
def test_names_the_field_that_is_wrong(old: str, new: str, complaint: str) -> None:
    assert old in WHOLE

    with pytest.raises(ConfigError) as caught:
        parse("example", WHOLE.replace(old, new), where="/home/me/example.toml")

    assert caught.value.message.startswith("/home/me/example.toml: ")
    assert complaint in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (WHOLE[: WHOLE.index("[point]")] + "point = 1\nslot = 1\n", "'point' must be a table"),
        (WHOLE[: WHOLE.index("[point]")] + "point = 1\nslot = 1\n", "'slot' must be a list of"),
        (WHOLE[: WHOLE.index("[point]")] + "slot = [1]\n[point]\n", "'slot' must be a list of"),
        (WHOLE[: WHOLE.index("[point]")] + "slot = []\n[point]\n", "[point] must name at least"),
        (WHOLE[: WHOLE.index("[[slot]]")].replace("note ", "slot = []\nnote "), "one [[slot]]"),
        (SMALL.replace('note    = "Requests are signed."', ""), "missing field 'note'"),
        (SMALL + 'upstream = "https://a.example"\n', "unknown field 'upstream' for way 'sign'"),
        (SMALL + "[point]\n", "unknown field 'point' for way 'sign'"),
    ],
)
def test_names_the_table_that_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("example", text, where="example.toml")

    assert complaint in caught.value.message


def test_lists_everything_that_is_wrong_at_once() -> None:
    text = _without(_without(WHOLE, "title"), "grade").replace('query = "key"', 'quarry = "key"')

    with pytest.raises(ConfigError) as caught:
        parse("example", text, where="example.toml")

    for word in ("'title'", "'grade'", "[[slot]] 4"):
        assert word in caught.value.message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('title = "a"\nway = \n', "example.toml:2: not TOML: "),
        ('title = "a"\ntitle = "b"\n', "example.toml:2: not TOML: "),
        ('title = "a"\n\n[point', "example.toml:3: not TOML: "),
        ("a = " + "[" * 20_000, "not TOML"),
        ("a = " + "1" * 20_000, "not TOML"),
    ],
    ids=["no value", "twice", "cut short", "deep", "huge number"],
)
def test_names_the_line_that_is_not_toml(text: str, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("example", text, where="example.toml")

    assert where in caught.value.message


@given(st.text())
def test_junk_is_refused_and_never_fatal(text: str) -> None:
    with pytest.raises(ConfigError):
        parse("example", text, where="example.toml")


@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(start, min(len(WHOLE), start + 30)))
    text = WHOLE[:start] + data.draw(st.text(max_size=8)) + WHOLE[end:]

    with contextlib.suppress(ConfigError):  # anything else is a bug
        assert parse("example", text, where="example.toml").name == "example"


def _without(text: str, field: str) -> str:
    return "".join(line for line in text.splitlines(True) if not line.startswith(field))
