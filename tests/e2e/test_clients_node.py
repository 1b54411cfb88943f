"""Clients from npm, unmodified: what they are told, and what the upstream received."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.home import CLIENTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.home import Home
    from tests.e2e.upstream import Upstream

HELLO = "You said: hello there"
PIECES = ["You ", "said: ", "hello ", "there"]
STAINLESS = {
    "missing": ("NotFoundError", 404),
    "limited": ("RateLimitError", 429),
    "broken": ("InternalServerError", 500),
    "wrong_key": ("AuthenticationError", 401),
}
GENAI = {"missing": 404, "limited": 429, "broken": 500, "wrong_key": 401}
STRIPE = {
    "missing": ("StripeInvalidRequestError", 404),
    "limited": ("StripeRateLimitError", 429),
    "broken": ("StripeAPIError", 500),
    "wrong_key": ("StripeAuthenticationError", 401),
}


def _run(home: Home, node_modules: Path, script: str) -> dict[str, Any]:
    """Run a program beside the packages it imports: node looks for them next to the file."""
    for name in ("report.mjs", script):
        shutil.copy2(os.path.join(CLIENTS, name), home.cwd)
    (home.cwd / "node_modules").symlink_to(node_modules.resolve())
    done = home.run(["node", script])
    assert done.err == b""
    found = done.json()
    assert isinstance(found, dict)
    return found


def _errors(found: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {name: (found[name]["error"], found[name]["status"]) for name in STAINLESS}


def _places(upstream: Upstream, vendor: str) -> set[tuple[str, str]]:
    """Return whose key came and where it stood: every request had one, on one Host."""
    hosts = {received.header("host") for received in upstream.requests}
    assert hosts == {f"127.0.0.1:{upstream.port}"}
    assert all(received.key == vendor for received in upstream.requests)
    return {(received.key, received.place) for received in upstream.requests}


def test_openai(stocked: Home, upstream: Upstream, node_modules: Path) -> None:
    found = _run(stocked, node_modules, "use_openai.mjs")

    assert (found["plain"], found["responses"], found["stream"]) == (HELLO, HELLO, PIECES)
    assert found["many"] == [f"You said: {n}" for n in range(16)]
    assert _errors(found) == STAINLESS
    assert found["wrong_key"]["refusal"] == "PR-PHANTOM"
    assert _places(upstream, "openai") == {("openai", "bearer")}


def test_anthropic_in_both_conventions(
    stocked: Home, upstream: Upstream, node_modules: Path
) -> None:
    found = _run(stocked, node_modules, "use_anthropic.mjs")

    assert (found["plain"], found["stream"]["pieces"]) == (HELLO, PIECES)
    assert found["stream"]["kinds"][-1] == "message_stop"
    assert (found["ai_sdk"], found["ai_sdk_v1"]) == (HELLO, HELLO)
    assert found["many"] == [f"You said: {n}" for n in range(8)]
    assert _errors(found) == STAINLESS
    assert found["wrong_key"]["refusal"] == "PR-PHANTOM"
    assert {received.path for received in upstream.requests} == {"/v1/messages"}
    assert ("anthropic", "x-api-key") in _places(upstream, "anthropic")  # @ai-sdk/anthropic


def test_genai(stocked: Home, upstream: Upstream, node_modules: Path) -> None:
    found = _run(stocked, node_modules, "use_genai.mjs")

    assert (found["plain"], found["stream"]) == (HELLO, PIECES)
    assert found["many"] == [f"You said: {n}" for n in range(8)]
    assert _errors(found) == {name: ("ApiError", status) for name, status in GENAI.items()}
    assert _places(upstream, "gemini") == {("gemini", "x-goog-api-key")}


def test_stripe_on_a_port_of_its_own(stocked: Home, upstream: Upstream, node_modules: Path) -> None:
    found = _run(stocked, node_modules, "use_stripe.mjs")

    assert found["plain"] == "name of anna"
    assert found["created"] == "description=a%20b%26c"
    assert found["stream"] == ["cus_1", "cus_2", "cus_3"]
    assert found["many"] == ["name of together-8"] * 8
    assert _errors(found) == STRIPE
    assert found["wrong_key"]["refusal"] == "PR-PHANTOM"
    assert _places(upstream, "stripe") == {("stripe", "bearer")}


@pytest.mark.parametrize("package", ["openai", "@anthropic-ai/sdk", "@google/genai", "stripe"])
def test_the_packages_are_the_published_ones(node_modules: Path, package: str) -> None:
    assert (node_modules / package / "package.json").is_file()
