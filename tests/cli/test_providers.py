from __future__ import annotations

from typing import TYPE_CHECKING

from phantomrun import catalogue

if TYPE_CHECKING:
    from tests.cli.home import Home


def test_shows_every_service_with_its_grade(bare: Home) -> None:
    done = bare.phantomrun("providers")

    assert done.code == 0
    lines = done.out.splitlines()
    assert len(lines) == 1 + len(catalogue.names(None))
    assert "sdk-source" in next(line for line in lines if line.startswith("openai "))


def test_shows_all_about_one(bare: Home) -> None:
    done = bare.phantomrun("providers", "openai")

    assert "sets      OPENAI_BASE_URL={listener}/v1" in done.out
    assert "slot      authorization: Bearer …" in done.out


def test_json_has_every_fact(bare: Home) -> None:
    objects = bare.phantomrun("providers", "--json").objects

    assert [one["name"] for one in objects] == catalogue.names(None)
    openai = next(one for one in objects if one["name"] == "openai")
    assert openai["usable"] is True
    assert openai["points"]["OPENAI_BASE_URL"] == "{listener}/v1"


def test_a_broken_file_of_the_users_own_is_named_and_hides_no_other(bare: Home) -> None:
    own = bare.root / "ours" / "config" / "providers"
    own.mkdir(parents=True)
    (own / "acme.toml").write_text("title = \n")

    done = bare.phantomrun("providers")

    assert done.code == 1
    assert "acme.toml:1" in done.err
    assert "openai" in done.out


def test_an_unknown_one_gets_the_nearest(bare: Home) -> None:
    done = bare.phantomrun("providers", "anthropc")

    assert done.code == 2
    assert "did you mean  anthropic" in done.err
