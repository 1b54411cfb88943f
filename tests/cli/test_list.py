from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from phantomrun.cli.list import age

if TYPE_CHECKING:
    from tests.cli.home import Home

HOUR_S = 3600
DAY_S = 24 * HOUR_S


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (2 * HOUR_S + 5, "2 hours ago"),
        (DAY_S, "1 day ago"),
        (22 * DAY_S, "3 weeks ago"),
        (40 * DAY_S, "1 month ago"),
        (800 * DAY_S, "2 years ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_shows_names_and_addresses_and_never_values(stocked: Home) -> None:
    done = stocked.phantomrun("ls")

    assert done.code == 0
    assert [line.split("  ")[0] for line in done.out.splitlines()] == [
        "NAME",
        "OPENAI_API_KEY",
        "STRIPE_SECRET_KEY",
    ]
    assert "https://api.openai.com/v1" in done.out
    assert "CANARY" not in done.out


def test_the_table_shrinks_to_the_columns(stocked: Home) -> None:
    done = stocked.phantomrun("list", env={"COLUMNS": "60"})

    assert max(len(line) for line in done.out.splitlines()) <= 60


def test_json_is_one_object_per_line_with_stable_keys(stocked: Home) -> None:
    first, second = stocked.phantomrun("--json", "list").objects

    assert list(first) == [
        "schema",
        "name",
        "provider",
        "upstream",
        "ca_file",
        "created",
        "changed",
        "here",
    ]
    assert first["schema"] == "phantomrun.list/1"
    assert second["name"] == "STRIPE_SECRET_KEY"


def test_here_is_what_the_project_file_lists(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", "[secrets]\nOPENAI_API_KEY = {}\n")

    found = {one["name"]: one["here"] for one in stocked.phantomrun("list", "--json").objects}

    assert found == {"OPENAI_API_KEY": True, "STRIPE_SECRET_KEY": False}


def test_a_broken_project_file_does_not_hide_the_secrets(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", "[secret]\n")

    done = stocked.phantomrun("list")

    assert done.code == 0
    assert "OPENAI_API_KEY" in done.out
    assert ".phantomrun.toml:1" in done.err


def test_an_empty_vault_says_how_to_go_on(home: Home) -> None:
    done = home.phantomrun("list")

    assert (done.code, done.out) == (0, "")
    assert "phantomrun set" in done.err


def test_no_vault_is_a_failure(bare: Home) -> None:
    done = bare.phantomrun("list")

    assert done.code == 1
    assert "[PR-NOVAULT]" in done.err
