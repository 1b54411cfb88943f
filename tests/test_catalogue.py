"""Finding a provider's file, and telling whose a secret is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from phantomrun import catalogue
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN = """\
title    = "My gateway"
way      = "base-url"
grade    = "unverified"
source   = "me"
checked  = 2026-11-21
secrets  = ["OPENAI_API_KEY"]
upstream = "https://gateway.example/v1"
version  = "/v1"

[point]
OPENAI_BASE_URL = "{listener}/v1"

[shape]
prefixes = ["gateway-"]

[[slot]]
header = "x-gateway-key"
"""

KNOWN = catalogue.load_all(None)


@pytest.fixture
def user_dir(tmp_path: Path) -> Path:
    return tmp_path


def test_a_shipped_provider_is_found_by_its_file_name() -> None:
    provider = catalogue.load("openai", user_dir=None)

    assert (provider.name, provider.title) == ("openai", "OpenAI")


def test_a_directory_that_does_not_exist_holds_no_providers(user_dir: Path) -> None:
    nowhere = str(user_dir / "nowhere")

    assert catalogue.load("openai", user_dir=nowhere).title == "OpenAI"
    assert catalogue.names(nowhere) == catalogue.names(None)


def test_the_users_file_replaces_the_shipped_one(user_dir: Path) -> None:
    (user_dir / "openai.toml").write_text(OWN)

    provider = catalogue.load("openai", user_dir=str(user_dir))

    assert provider.title == "My gateway"
    assert [slot.name for slot in provider.slots] == ["x-gateway-key"]
    assert catalogue.names(str(user_dir)) == catalogue.names(None)
    assert provider in catalogue.load_all(str(user_dir))


def test_the_users_file_may_add_a_provider(user_dir: Path) -> None:
    (user_dir / "my-gateway.toml").write_bytes(OWN.replace("\n", "\r\n").encode())
    (user_dir / ".my-gateway.toml.swp").write_text("not ours")
    (user_dir / "README").write_text("not ours")

    names = catalogue.names(str(user_dir))

    assert "my-gateway" in names
    assert names == sorted(names)
    assert len(names) == len(catalogue.names(None)) + 1
    assert catalogue.load("my-gateway", user_dir=str(user_dir)).upstream.endswith("/v1")


def test_a_mistake_in_a_users_file_is_told_with_its_path(user_dir: Path) -> None:
    path = user_dir / "openai.toml"
    path.write_text(OWN.replace("title", "heading"))

    with pytest.raises(ConfigError) as caught:
        catalogue.load("openai", user_dir=str(user_dir))

    assert caught.value.message.startswith(f"{path}: ")
    assert "missing field 'title'" in caught.value.message
    assert "unknown field 'heading'" in caught.value.message


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'title = "a"\n\xff\n', ":2: not UTF-8"),
        (b"#" * 70_000, " is too long for a provider file"),
        (b"title\n", ":1: not TOML"),
    ],
)
def test_a_users_file_that_cannot_be_text_is_refused(
    user_dir: Path, content: bytes, complaint: str
) -> None:
    path = user_dir / "openai.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        catalogue.load("openai", user_dir=str(user_dir))

    assert f"{path}{complaint}" in caught.value.message


def test_a_users_file_that_cannot_be_read_is_not_passed_over(user_dir: Path) -> None:
    (user_dir / "openai.toml").mkdir()

    with pytest.raises(ConfigError, match="cannot read"):
        catalogue.load("openai", user_dir=str(user_dir))


def test_a_users_directory_that_is_a_file_is_refused(user_dir: Path) -> None:
    path = user_dir / "providers"
    path.write_text("")

    with pytest.raises(ConfigError, match="cannot list"):
        catalogue.names(str(path))
    with pytest.raises(ConfigError, match="cannot read"):
        catalogue.load("openai", user_dir=str(path))


def test_a_users_file_needs_a_providers_name(user_dir: Path) -> None:
    (user_dir / "My Gateway.toml").write_text(OWN)

    with pytest.raises(ConfigError) as caught:
        catalogue.names(str(user_dir))

    assert "My Gateway.toml" in caught.value.message
    assert "lower-case" in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("opena", "openai"),
        ("OpenAI", "openai"),
        ("antropic", "anthropic"),
        ("goog-gemini", "google-gemini"),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(typed: str, near: str) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue.load(typed, user_dir=None)

    assert typed in caught.value.message
    assert caught.value.hint == f"did you mean {near}?"


@pytest.mark.parametrize("typed", ["", "zzzzzz", "/etc/passwd", "a\0b", "x" * 500])
def test_a_name_like_no_other_gets_the_list(typed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue.load(typed, user_dir=None)

    assert "providers" in caught.value.hint


def test_a_name_is_never_a_path(user_dir: Path) -> None:
    (user_dir / "inside").mkdir()
    (user_dir / "outside.toml").write_text(OWN)

    with pytest.raises(ConfigError, match="no provider is called"):
        catalogue.load("../outside", user_dir=str(user_dir / "inside"))


def test_loading_one_provider_opens_one_file(user_dir: Path, opened: list[str]) -> None:
    (user_dir / "groq.toml").write_text("broken")
    opened.clear()

    catalogue.load("openai", user_dir=str(user_dir))

    assert opened == [
        str(user_dir / "openai.toml"),
        os.path.join(catalogue.SHIPPED_DIR, "openai.toml"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OPENAI_API_KEY", "anything", ("openai", "name")),
        ("GOOGLE_API_KEY", "", ("google-gemini", "name")),
        ("OPENAI_API_KEY", "sk-ant-api03-CANARY", ("openai", "name")),
        ("MY_KEY", "sk-ant-api03-CANARY", ("anthropic", "prefix sk-ant-api03-")),
        ("MY_KEY", "sk-ant-CANARY", ("anthropic", "prefix sk-ant-")),
        ("MY_KEY", "sk-proj-CANARY", ("openai", "prefix sk-proj-")),
        ("MY_KEY", "sk-lf-CANARY", ("langfuse", "prefix sk-lf-")),
        ("MY_KEY", "sk-or-v1-CANARY", ("openrouter", "prefix sk-or-v1-")),
        ("MY_KEY", "sk_live_CANARY", ("stripe", "prefix sk_live_")),
        ("MY_KEY", "hf_CANARY", ("huggingface", "prefix hf_")),
        ("MY_KEY", "ghp_CANARY", ("github", "prefix ghp_")),
        ("DATABASE_URL", "postgresql://u:CANARY@h/d", ("postgres", "prefix postgresql://")),
        ("DATABASE_URL", "mysql://u:CANARY@h/d", ("mysql", "prefix mysql://")),
        ("DATABASE_URL", "sqlite:///x", None),
        ("MY_KEY", "CANARY", None),
        ("MY_KEY", "", None),
        ("openai_api_key", "CANARY", None),
    ],
)
def test_a_secret_is_recognised_by_name_and_then_by_prefix(
    name: str, value: str, expected: tuple[str, str] | None
) -> None:
    found = catalogue.recognise(name, value, KNOWN)

    assert (found and (found[0].name, found[1])) == expected


@pytest.mark.parametrize("value", ["sk-CANARY", "sk_CANARY", "eyJCANARY"])
def test_does_not_guess_from_a_prefix_vendors_share(value: str) -> None:
    assert catalogue.recognise("DEEPSEEK_API_KEY", value, KNOWN) is None


def test_a_users_provider_is_recognised_too(user_dir: Path) -> None:
    (user_dir / "my-gateway.toml").write_text(OWN.replace("OPENAI_API_KEY", "GATEWAY_KEY"))
    known = catalogue.load_all(str(user_dir))

    found = catalogue.recognise("X", "gateway-CANARY", iter(known))

    assert found is not None
    assert (found[0].name, found[1]) == ("my-gateway", "prefix gateway-")


class _Watch:
    """Every file Python opens while `paths` is a list; audit hooks cannot be removed again."""

    paths: list[str] | None = None

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open" and self.paths is not None and isinstance(args[0], str):
            self.paths.append(args[0])


@pytest.fixture
def opened() -> Iterator[list[str]]:
    watch = _Watch()
    watch.paths = []
    sys.addaudithook(watch)
    yield watch.paths
    watch.paths = None
