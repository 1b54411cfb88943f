"""Doors: which route a path begins with, and what to scrub on it."""

from __future__ import annotations

import pytest

from phantomrun.core.forms import Needle
from phantomrun.core.route import Route, link
from phantomrun.wire.http.door import Door, NoRoute
from tests.wire.ground import (
    OTHER_PHANTOM,
    OTHER_REAL,
    PHANTOM,
    REAL,
    anthropic,
    door,
    openai,
    provider,
    stand,
)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (b"/openai", "openai"),
        (b"/openai/", "openai"),
        (b"/openai/v1/models", "openai"),
        (b"/openai?x=/anthropic", "openai"),
        (b"/anthropic/v1/messages", "anthropic"),
    ],
)
def test_a_path_begins_with_its_route(target: bytes, name: str) -> None:
    assert door().route(target).provider.name == name


@pytest.mark.parametrize(
    "target",
    [
        *(b"/", b"/?x", b"//openai", b"/openai2/v1", b"/open", b"/OPENAI/v1", b"/%6fpenai/v1"),
        *(b"/v1/models", b"/openai;x/v1", b"/.phantomrun/x7k2m", b"/\xff/x"),
    ],
)
def test_another_path_leads_nowhere(target: bytes) -> None:
    with pytest.raises(NoRoute) as caught:
        door().route(target)

    assert (caught.value.status, caught.value.code) == (404, "PR-NOROUTE")


def test_a_long_path_is_not_repeated_in_full() -> None:
    with pytest.raises(NoRoute) as caught:
        door().route(b"/" + b"a" * 5000)

    assert len(caught.value.message) < 150


@pytest.mark.parametrize("target", [b"/", b"/v1/charges", b"/openai/v1", b"//x"])
def test_a_port_of_its_own_has_one_route_for_every_path(target: bytes) -> None:
    route = Route(provider("stripe", way="port"), (stand(),))

    assert door(route).route(target) is route


def test_the_secrets_of_all_routes_are_scrubbed_on_each() -> None:
    second = stand(b"sk-CANARY-second", b"sk-phantom-secon")
    route = Route(provider(), (stand(), second))
    served = door(route, anthropic())
    text = REAL + b" sk-CANARY-second " + OTHER_REAL
    clean = PHANTOM + b" sk-phantom-secon " + OTHER_PHANTOM

    needles = served.needles(route, ())

    assert needles.replaced(text) == clean
    assert served.needles(route, ()) is needles  # made once
    assert served.needles(served.route(b"/anthropic"), ()).replaced(text) == clean


def test_on_its_own_port_a_route_scrubs_the_others_secrets_too() -> None:
    stripe, _ = link([Route(provider("stripe", way="port"), (stand(),)), anthropic()])
    alone = Door([stripe], origin="http://127.0.0.1:1")

    assert alone.needles(stripe, ()).replaced(OTHER_REAL) == OTHER_PHANTOM


def test_a_pair_just_sent_is_scrubbed_too() -> None:
    served = door()
    echo = Needle(b"UEFJUg==", b"ZmFrZQ==")

    needles = served.needles(served.route(b"/openai"), (echo,))

    assert needles.replaced(b"UEFJUg== " + REAL) == b"ZmFrZQ== " + PHANTOM


@pytest.mark.parametrize(
    ("run_id", "target", "said"),
    [
        ("x7k2m", b"/.phantomrun/x7k2m", b"fingerprint"),
        ("x7k2m", b"/.phantomrun/x7k2", None),
        ("x7k2m", b"/.phantomrun/x7k2m/", None),
        ("x7k2m", b"/.phantomrun/", None),
        ("x7k2m", b"/openai", None),
        ("", b"/.phantomrun/", None),
        ("", b"", None),
    ],
)
def test_a_nested_run_finds_this_one_by_its_id(
    run_id: str, target: bytes, said: bytes | None
) -> None:
    assert door(openai(), run_id=run_id, fingerprint="fingerprint").presented(target) == said
