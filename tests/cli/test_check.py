from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.home import Home

MANIFEST = """\
[secrets]
OPENAI_API_KEY = { required = true }
GROQ_API_KEY = { required = true }
COHERE_API_KEY = {}
[profile.ci.secrets]
GROQ_API_KEY = { vault = "STRIPE_SECRET_KEY" }
"""


def test_names_what_is_required_and_missing(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", MANIFEST)

    done = stocked.phantomrun("check")

    assert done.code == 1
    assert "GROQ_API_KEY is required here and not in the vault" in done.err
    assert "phantomrun set GROQ_API_KEY" in done.err
    assert "COHERE_API_KEY is not in the vault; a run goes without it." in done.err


def test_json_has_the_missing_names(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", MANIFEST)

    done = stocked.phantomrun("check", "--json")

    assert done.code == 1
    (found,) = done.objects
    assert found["missing"] == ["GROQ_API_KEY"]
    assert found["absent"] == ["COHERE_API_KEY"]
    assert found["ok"] is False


def test_a_profile_can_take_it_from_elsewhere(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", MANIFEST)

    assert stocked.phantomrun("-p", "ci", "check").code == 0
    assert stocked.phantomrun("check", env={"PHANTOMRUN_PROFILE": "ci"}).code == 0
    assert stocked.phantomrun("check", "--profile", "cj").code == 2


def test_another_project_file_can_be_named(stocked: Home) -> None:
    stocked.write("other.toml", "[secrets]\nX_KEY = { required = true }\n")

    assert "X_KEY" in stocked.phantomrun("--config", "other.toml", "check").err
    assert "no project file" in stocked.phantomrun("--config", "gone.toml", "check").err


def test_without_a_project_file_the_vault_has_to_open(stocked: Home) -> None:
    assert stocked.phantomrun("check").code == 0
    stocked.key.unlink()
    assert stocked.phantomrun("check").code == 4
