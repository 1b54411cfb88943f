"""The plan: which secrets a run gets, with which phantoms, behind which doors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from phantomrun.core.manifest import Manifest, Want
from phantomrun.core.plan import chosen, plan, points
from phantomrun.core.provider import Slot
from phantomrun.core.record import Record
from phantomrun.core.route import Route
from phantomrun.core.secret import Secret
from phantomrun.errors import ConfigError, NotFound
from tests.wire.ground import provider

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("ANTHROPIC_API_KEY", "GROQ_API_KEY", "OPENAI_API_KEY")


def _record(name: str, *, of: str = "openai", upstream: str = "https://a.test/v1") -> Record:
    value = Secret(name, b"sk-CANARY-" + name.encode() + b"-0123456789")
    return Record(name, value, of, upstream, "", 0, 0)


def _chosen(
    wants: dict[str, Want] | None = None, *, only: Sequence[str] = (), without: Sequence[str] = ()
) -> dict[str, str]:
    """Return the vault's names by variable; `wants` is what a manifest says."""
    manifest = None
    if wants is not None:
        manifest = Manifest(wants, "default", (), frozenset(wants), ".phantomrun.toml")
    records = [_record(name) for name in NAMES]
    found = chosen(records, manifest=manifest, only=only, without=without)
    return {variable: record.name for variable, record in found.items()}


RENAMING = {
    "OPENAI_API_KEY": Want("OPENAI_API_KEY", required=True),
    "MY_KEY": Want("GROQ_API_KEY", required=True),
}
ABSENT = {"ABSENT": Want("ABSENT", required=True)}


@pytest.mark.parametrize(
    ("manifest", "only", "without", "variables"),
    [
        (None, (), (), NAMES),
        (None, ("GROQ_API_KEY",), (), ("GROQ_API_KEY",)),
        (None, (), ("GROQ_API_KEY",), ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")),
        (None, ("GROQ_API_KEY",), ("GROQ_API_KEY",), ()),
        (RENAMING, (), (), ("OPENAI_API_KEY", "MY_KEY")),
        (RENAMING, ("MY_KEY",), (), ("MY_KEY",)),
        (RENAMING, (), ("MY_KEY",), ("OPENAI_API_KEY",)),
        (RENAMING, (), ("ANTHROPIC_API_KEY",), ("OPENAI_API_KEY", "MY_KEY")),
    ],
    ids=[
        *("all", "only", "without", "only without itself", "a manifest", "only of a manifest"),
        *("without one of a manifest", "without one that is not in it"),
    ],
)
def test_what_a_run_gets(
    manifest: dict[str, Want] | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    variables: tuple[str, ...],
) -> None:
    found = _chosen(manifest, only=only, without=without)

    assert tuple(found) == variables
    assert found.get("MY_KEY", "GROQ_API_KEY") == "GROQ_API_KEY"


@pytest.mark.parametrize(
    ("manifest", "only", "without", "said"),
    [
        (None, ("NOPE",), (), "NOPE"),
        (None, (), ("NOPE",), "NOPE"),
        (RENAMING, ("ANTHROPIC_API_KEY",), (), "ANTHROPIC_API_KEY"),  # never more than the manifest
        (RENAMING, ("GROQ_API_KEY",), (), "GROQ_API_KEY"),  # its name here is MY_KEY
        (ABSENT, (), (), "ABSENT is required by .phantomrun.toml"),
    ],
    ids=["only", "without", "only beyond the manifest", "only by the vault's name", "required"],
)
def test_a_name_that_the_run_does_not_have_is_an_error(
    manifest: dict[str, Want] | None, only: tuple[str, ...], without: tuple[str, ...], said: str
) -> None:
    with pytest.raises(NotFound, match=said) as caught:
        _chosen(manifest, only=only, without=without)

    assert "CANARY" not in caught.value.message + caught.value.hint


def test_the_nearest_name_is_proposed() -> None:
    with pytest.raises(NotFound) as caught:
        _chosen(only=("OPENAI_KEY",))

    assert caught.value.hint == "did you mean OPENAI_API_KEY?"


def test_what_is_not_required_may_be_absent() -> None:
    wants = RENAMING | {"ABSENT": Want("ABSENT", required=False)}

    assert tuple(_chosen(wants)) == ("OPENAI_API_KEY", "MY_KEY")


def test_a_plan_has_a_phantom_for_each_variable_and_a_route_for_each_provider() -> None:
    records = {
        "OPENAI_API_KEY": _record("OPENAI_API_KEY"),
        "OPENAI_ADMIN_KEY": _record("OPENAI_ADMIN_KEY", upstream="https://b.test/v1"),
        "ANTHROPIC_API_KEY": _record("ANTHROPIC_API_KEY", of="anthropic"),
    }
    kinds = {"openai": provider(), "anthropic": provider("anthropic")}

    made = plan(records, everything=records.values(), providers=kinds, entropy=os.urandom)

    assert list(made.phantoms) == list(records)
    assert [route.provider.name for route in made.routes] == ["anthropic", "openai"]
    book = made.routes[1].book
    assert [stand.phantom.secret.name for stand in book] == ["OPENAI_API_KEY", "OPENAI_ADMIN_KEY"]
    assert [stand.upstream.host for stand in book] == ["a.test", "b.test"]
    assert made.phantoms["OPENAI_API_KEY"] is book[0].phantom
    assert made.others == ()


def test_routes_of_a_plan_know_each_other() -> None:
    records = {"A": _record("A"), "B": _record("B", of="anthropic")}
    kinds = {"openai": provider(), "anthropic": provider("anthropic")}

    first, second = plan(
        records, everything=records.values(), providers=kinds, entropy=os.urandom
    ).routes

    assert first.others == second.book
    assert second.others == first.book


def test_one_secret_under_two_variables_has_two_phantoms() -> None:
    record = _record("OPENAI_API_KEY")

    made = plan(
        {"A": record, "B": record},
        everything=[record],
        providers={"openai": provider()},
        entropy=os.urandom,
    )

    assert made.phantoms["A"].value != made.phantoms["B"].value
    assert len(made.routes[0].book) == 2


def test_secrets_that_stay_out_of_the_run_are_known_as_such() -> None:
    inside, outside = _record("INSIDE"), _record("OUTSIDE")

    made = plan(
        {"RENAMED": inside},
        everything=[inside, outside],
        providers={"openai": provider()},
        entropy=os.urandom,
    )

    assert [secret.name for secret in made.others] == ["OUTSIDE"]


def test_entropy_is_an_argument() -> None:
    def once() -> bytes:
        record = _record("A")
        zeros = plan(
            {"A": record},
            everything=[record],
            providers={"openai": provider()},
            entropy=lambda count: bytes(range(count)),
        )
        return zeros.phantoms["A"].value

    assert once() == once()


def test_a_provider_that_needs_more_than_an_url_ends_the_command() -> None:
    record = _record("GITHUB_TOKEN", of="github")
    github = provider("github")._replace(way="intercept")

    with pytest.raises(ConfigError, match="needs more than a base URL") as caught:
        plan(
            {"GITHUB_TOKEN": record},
            everything=[record],
            providers={"github": github},
            entropy=os.urandom,
        )

    assert "-x GITHUB_TOKEN" in caught.value.hint


def test_the_sealed_upstream_is_checked_again() -> None:
    record = _record("A", upstream="http://evil.test")

    with pytest.raises(ConfigError, match="in the clear"):
        plan({"A": record}, everything=[], providers={"openai": provider()}, entropy=os.urandom)


@pytest.mark.parametrize(
    ("way", "template", "value"),
    [
        ("base-url", "{listener}/v1", "http://127.0.0.1:5050/openai/v1"),
        ("base-url", "{listener}", "http://127.0.0.1:5050/openai"),
        ("port", "{listener}/x", "http://127.0.0.1:5050/x"),
        ("port", "http://{host}:{port}", "http://127.0.0.1:5050"),
        ("port", "{host}", "127.0.0.1"),
        ("port", "{port}", "5050"),
    ],
)
def test_points_lead_to_the_listener(way: str, template: str, value: str) -> None:
    made = provider(slots=(Slot("header", "x", ""),))._replace(way=way, points={"URL": template})  # type: ignore[arg-type]  # drawn from the literals

    assert points(Route(made, ()), host="127.0.0.1", port=5050) == {"URL": value}
