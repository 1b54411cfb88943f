"""Every data file, parsed and checked against the rules of the house."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from phantomrun import catalogue
from phantomrun.core.provider import Slot

if TYPE_CHECKING:
    from phantomrun.core.provider import Provider

NAMES = catalogue.names(None)
KNOWN = catalogue.load_all(None)
USABLE = [provider for provider in KNOWN if provider.usable]
LISTED = [provider for provider in KNOWN if not provider.usable]
DATABASES = {"amqp", "mongodb", "mysql", "postgres", "redis"}
REGISTRY = re.compile(r"pypi|npmjs|registry", re.IGNORECASE)
TITLE = [provider.name for provider in KNOWN]


def _path(name: str) -> str:
    return os.path.join(catalogue.SHIPPED_DIR, f"{name}.toml")


def _root(provider: Provider) -> str:
    """Return the canonical point's path."""
    return re.sub(
        r"^(\{listener\}|http://\{host\}:\{port\})", "", next(iter(provider.points.values()))
    )


def test_the_directory_holds_data_and_nothing_else() -> None:
    assert set(os.listdir(catalogue.SHIPPED_DIR)) == {f"{name}.toml" for name in NAMES}


def test_there_are_providers_of_every_way() -> None:
    assert len(USABLE) >= 37
    assert {provider.way for provider in KNOWN} == {"base-url", "port", "intercept", "sign", "wire"}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_short_plain_text(name: str) -> None:
    with open(_path(name), "rb") as file:
        raw = file.read()

    assert raw.isascii()
    assert raw.endswith(b"\n")
    assert b"\r" not in raw
    assert len(raw) < 2_000


@pytest.mark.parametrize("provider", KNOWN, ids=TITLE)
def test_a_fact_has_a_source_and_a_day(provider: Provider) -> None:
    assert provider.source
    assert not REGISTRY.search(provider.source)
    assert "2026-11-21" <= provider.checked <= "2030-01-01"
    if provider.name in DATABASES:
        assert (provider.way, provider.grade) == ("wire", "peer-catalogue")
    else:
        assert provider.grade in ("sdk-source", "docs")


@pytest.mark.parametrize("provider", LISTED, ids=[provider.name for provider in LISTED])
def test_what_is_only_listed_says_why(provider: Provider) -> None:
    assert provider.note.endswith(".")
    assert len(provider.note) <= 160


@pytest.mark.parametrize("provider", USABLE, ids=[provider.name for provider in USABLE])
def test_a_usable_provider_is_whole(provider: Provider) -> None:
    assert provider.secrets
    assert provider.slots
    assert len(set(provider.slots)) == len(provider.slots)
    assert provider.upstream == "" or re.fullmatch(
        r"https://[a-z0-9.-]+(/[a-z0-9.]+)*", provider.upstream
    )


@pytest.mark.parametrize("provider", USABLE, ids=[provider.name for provider in USABLE])
def test_first_point_version_and_upstream_agree(provider: Provider) -> None:
    root = _root(provider)

    if root:
        assert provider.version == root
        assert provider.upstream == "" or provider.upstream.endswith(root)
    elif provider.version:
        assert not provider.upstream.endswith(provider.version)


@pytest.mark.parametrize("provider", USABLE, ids=[provider.name for provider in USABLE])
def test_points_fit_the_way(provider: Provider) -> None:
    rendered = {
        variable: template.format(listener="http://127.0.0.1:1/x", host="127.0.0.1", port=1)
        for variable, template in provider.points.items()
    }

    assert all(re.fullmatch(r"[!-z|~]+", value) for value in rendered.values())
    if provider.way == "base-url":
        assert all(value.startswith("http://127.0.0.1:1/x") for value in rendered.values())
    else:
        assert all("{listener}" not in template for template in provider.points.values())


@pytest.mark.parametrize("provider", KNOWN, ids=TITLE)
def test_names_of_people_and_places_are_not_secrets(provider: Provider) -> None:
    public = re.compile(
        r"EMAIL|ACCOUNT_SID|CLIENT_ID|ACCESS_KEY_ID|_PUBLIC_|APP_ID|_DSN$|_HOST$|_PATH$|_FILE$"
        r"|APPLICATION_CREDENTIALS|ANON_KEY"
    )

    assert not [name for name in provider.secrets if public.search(name)]


def test_a_variable_belongs_to_one_provider() -> None:
    claimed = Counter(name for provider in KNOWN for name in (*provider.secrets, *provider.points))

    assert [name for name, times in claimed.items() if times > 1] == []


def test_a_prefix_belongs_to_one_provider() -> None:
    claimed = Counter(prefix for provider in KNOWN for prefix in provider.shape.prefixes)

    assert [prefix for prefix, times in claimed.items() if times > 1] == []


def test_a_prefix_says_enough_or_is_known_to_be_shared() -> None:
    short = [
        prefix
        for provider in KNOWN
        for prefix in provider.shape.prefixes
        if len(prefix) < catalogue.MIN_PREFIX_CHARS
    ]

    assert short == []


@pytest.mark.parametrize("provider", KNOWN, ids=TITLE)
def test_every_name_and_prefix_leads_back_to_its_provider(provider: Provider) -> None:
    for name in provider.secrets:
        assert catalogue.recognise(name, "", KNOWN) == (provider, "name")
    for prefix in set(provider.shape.prefixes) - catalogue.SHARED_PREFIXES:
        assert catalogue.recognise("", prefix + "CANARY", KNOWN) == (provider, f"prefix {prefix}")


@pytest.mark.parametrize(
    ("name", "slots"),
    [
        ("openai", [Slot("header", "authorization", "Bearer ")]),
        (
            "anthropic",
            [Slot("header", "authorization", "Bearer "), Slot("header", "x-api-key", "")],
        ),
        ("anthropic-foundry", [Slot("header", "x-api-key", ""), Slot("header", "api-key", "")]),
        ("google-gemini", [Slot("header", "x-goog-api-key", "")]),
        ("langfuse", [Slot("basic", "password", "")]),
        ("wandb", [Slot("basic", "password", "")]),
        ("stripe", [Slot("header", "authorization", "Bearer "), Slot("basic", "user", "")]),
        ("telegram", [Slot("path", "", "/bot")]),
        ("supabase", [Slot("header", "apikey", ""), Slot("header", "authorization", "Bearer ")]),
        ("assemblyai", [Slot("header", "authorization", "")]),
    ],
)
def test_the_slots_that_clients_disagree_about(name: str, slots: list[Slot]) -> None:
    assert list(catalogue.load(name, user_dir=None).slots) == slots


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("openai", "/v1"),
        ("anthropic", "/v1"),
        ("together", "/v1"),
        ("cloudflare", "/client/v4"),
        ("google-gemini", ""),
        ("groq", ""),
    ],
)
def test_the_versions_that_clients_disagree_about(name: str, version: str) -> None:
    assert catalogue.load(name, user_dir=None).version == version
