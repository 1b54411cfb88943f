from __future__ import annotations

import pytest

from phantomrun import catalogue
from phantomrun.cli import intake
from phantomrun.core import dotenv
from phantomrun.core.provider import parse
from phantomrun.errors import ConfigError

OPENAI = catalogue.load("openai", user_dir=None)
TOGETHER = parse(
    "together",
    """
title = "Two conventions"
way = "base-url"
grade = "docs"
source = "made up"
checked = 2026-01-01
secrets = ["T_KEY"]
upstream = "https://api.t.example/v1"
version = "/v1"
[point]
T_URL = "{listener}/v1"
T_BARE = "{listener}"
T_HOST = "{host}"
[[slot]]
header = "authorization"
scheme = "Bearer "
""",
    where="together.toml",
)


@pytest.mark.parametrize(
    ("values", "upstream", "points"),
    [
        ({}, "", ()),
        ({"T_URL": "https://gw.example/v1"}, "https://gw.example/v1", ("T_URL",)),
        ({"T_URL": "https://gw.example/v1/"}, "https://gw.example/v1", ("T_URL",)),
        ({"T_BARE": "https://gw.example"}, "https://gw.example/v1", ("T_BARE",)),
        (
            {"T_URL": "https://gw.example/v1", "T_BARE": "https://gw.example/"},
            "https://gw.example/v1",
            ("T_URL", "T_BARE"),
        ),
        (
            {"T_URL": "https://gw.example/v1", "T_BARE": "https://other.example"},
            "https://gw.example/v1",
            ("T_URL",),
        ),
        ({"T_HOST": "gw.example"}, "", ()),
        ({"T_URL": "${PHANTOMRUN_ENV_T_URL}"}, "", ()),
    ],
)
def test_the_upstream_is_what_the_base_url_variables_say(
    values: dict[str, str], upstream: str, points: tuple[str, ...]
) -> None:
    assert intake.upstream_in(TOGETHER, values) == (upstream, points)


def test_a_base_url_that_cannot_be_sealed_is_named() -> None:
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL: "):
        intake.upstream_in(OPENAI, {"OPENAI_BASE_URL": "http://gw.example/v1"})


def test_only_a_name_with_two_values_is_ambiguous() -> None:
    entries = dotenv.parse("A=1\nB=1\nA=1\nB=2\n", where=".env")

    assert intake.repeated(entries) == {"B": "lines 2 and 4 give it different values"}
