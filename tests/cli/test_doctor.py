from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import OPENAI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cli.home import Home

QUICK = {"PHANTOMRUN": "k3f9"}  # inside a run the start-up is not measured


def findings(home: Home, env: Mapping[str, str], *, code: int = 0) -> list[dict[str, Any]]:
    done = home.phantomrun("doctor", "--json", env=env)
    assert done.code == code, done.out + done.err
    assert "CANARY" not in done.out + done.err
    return done.objects


def found(home: Home, check: str, env: Mapping[str, str], *, code: int = 0) -> dict[str, Any]:
    """Return the worst finding of a check."""
    order = ["ok", "warn", "FAIL"]
    those = [one for one in findings(home, env, code=code) if one["check"] == check]
    return max(those, key=lambda one: order.index(one["level"]))


def test_a_sound_home_has_no_problems_and_is_measured(stocked: Home) -> None:
    done = stocked.phantomrun("doctor")

    assert done.code == 0
    assert "FAIL" not in done.out
    assert f"ok    vault {stocked.vault}, permissions 0600, key file " in done.out
    assert "the vault opens; 2 secrets" in done.out
    assert "times that of Python alone" in done.out
    assert done.out.splitlines()[-1].startswith(("No problems.", "1 warning."))


def test_no_vault_is_a_problem_with_its_fix(bare: Home) -> None:
    done = bare.phantomrun("doctor")

    assert done.code == 1
    assert "FAIL  there is no vault" in done.out
    assert "      fix   phantomrun init" in done.out
    assert done.out.endswith("1 problem.\n")


def test_a_vault_that_others_can_read_is_a_problem(stocked: Home) -> None:
    stocked.vault.chmod(0o644)

    vault = found(stocked, "vault", QUICK, code=1)

    assert vault["level"] == "FAIL"
    assert vault["fix"].startswith("chmod 600 ")


def test_a_damaged_vault_is_a_problem(stocked: Home) -> None:
    stocked.vault.write_bytes(stocked.vault.read_bytes()[:-1])

    levels = [one["level"] for one in findings(stocked, QUICK, code=1)]

    assert "FAIL" in levels


def test_argon2_is_measured_and_a_locked_vault_is_said(bare: Home) -> None:
    env = {"PHANTOMRUN_KEY_FILE": ""}
    bare.phantomrun("init", env={"PHANTOMRUN_PASSPHRASE": "CANARY correct horse", **env})

    assert "Argon2id 64 MiB (0." in found(bare, "vault", env)["what"]
    assert found(bare, "unlock", env)["level"] == "warn"


def test_a_passphrase_in_the_terminals_environment_is_warned_of(bare: Home) -> None:
    env = {"PHANTOMRUN_PASSPHRASE": "CANARY correct horse", "PHANTOMRUN_KEY_FILE": ""}
    bare.phantomrun("init", env=env)

    person = bare.person("doctor", env={**env, **QUICK})
    person.expect("PHANTOMRUN_PASSPHRASE is set in a terminal")

    assert person.finish() == 0


def test_names_live_credentials_that_are_not_in_the_vault(stocked: Home) -> None:
    env = {"GROQ_API_KEY": "gsk_CANARY0123456789abcdefghijkl", "OPENAI_API_KEY": OPENAI}

    environment = found(stocked, "environment", env)

    assert environment["level"] == "warn"
    assert environment["what"].endswith(": GROQ_API_KEY")
    assert environment["fix"] == "phantomrun import --from env"


def test_a_base_url_that_a_run_replaces_is_told(stocked: Home) -> None:
    told = found(stocked, "base-url", {"OPENAI_BASE_URL": "https://gw.example/v1"})

    assert "OPENAI_BASE_URL is set here" in told["what"]
    assert "https://api.openai.com/v1 only" in told["what"]


def test_a_base_url_that_agrees_is_no_matter(stocked: Home) -> None:
    checks = [
        one["check"] for one in findings(stocked, {"OPENAI_BASE_URL": "https://api.openai.com/v1/"})
    ]

    assert "base-url" not in checks


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("GROQ_API_KEY=gsk_CANARY0123456789abcdefghijkl\n", "what looks like real values: GROQ"),
        (f"# OPENAI_API_KEY={OPENAI}\n", "comments with what looks like real values"),
        ("OPENAI_BASE_URL=https://gw.example/v1\n", "would go round the run"),
        ("GROQ_API_KEY=${PHANTOMRUN_ENV_GROQ_API_KEY}\n", "not in the vault: GROQ_API_KEY"),
        ('A="\n', ".env:1: the value of A has no closing quote"),
    ],
    ids=["value", "comment", "base url", "orphan", "broken"],
)
def test_looks_into_the_env_file(stocked: Home, text: str, what: str) -> None:
    stocked.write(".env", text)

    told = found(stocked, "dotenv", QUICK)

    assert told["level"] == "warn"
    assert what in told["what"]


def test_a_rewritten_env_file_is_fine(stocked: Home) -> None:
    stocked.write(
        ".env",
        "".join(
            f"{name}=${{PHANTOMRUN_ENV_{name}}}\n" for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL")
        ),
    )

    assert [one for one in findings(stocked, QUICK) if one["check"] == "dotenv"] == []


def test_a_missing_required_secret_is_a_problem(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", "[secrets]\nX_KEY = { required = true }\nY_KEY = {}\n")

    told = [one for one in findings(stocked, QUICK, code=1) if one["check"] == "project"]

    assert [one["level"] for one in told] == ["FAIL", "warn"]
    assert told[0]["fix"] == "phantomrun set X_KEY"


def test_a_broken_project_file_is_a_problem(stocked: Home) -> None:
    stocked.write(".phantomrun.toml", "[secrets\n")

    assert found(stocked, "project", QUICK, code=1)["level"] == "FAIL"


def test_a_secret_whose_provider_is_gone_or_unusable_is_a_problem(home: Home) -> None:
    own = home.root / "ours" / "config" / "providers"
    own.mkdir(parents=True)
    facts = 'title = "Acme"\ngrade = "docs"\nsource = "mine"\nchecked = 2026-01-01\n'
    facts += 'secrets = ["ACME_KEY"]\n'
    usable = 'way = "base-url"\nupstream = "https://a.example"\n[point]\nACME_URL = "{listener}"\n'
    (own / "acme.toml").write_text(facts + usable + '[[slot]]\nheader = "x-key"\n')
    home.set("ACME_KEY", "CANARY0123456789")

    (own / "acme.toml").write_text(facts + 'way = "sign"\nnote = "It signs."\n')
    assert "no run can serve: It signs." in found(home, "providers", QUICK, code=1)["what"]
    (own / "acme.toml").write_text("title =")
    told = [one for one in findings(home, QUICK, code=1) if one["check"] == "providers"]
    assert "acme.toml:1" in told[0]["what"]
    assert "which cannot be read" in told[1]["what"]


def test_leftovers_of_a_cut_write_are_named(stocked: Home) -> None:
    stocked.write(".env.phantomrun-0123456789ab.tmp", "")

    told = found(stocked, "leftovers", QUICK)

    assert told["fix"].startswith("rm ")


@pytest.mark.parametrize(
    ("env", "level"),
    [
        ({"HTTPS_PROXY": "http://proxy.example:8080"}, "ok"),
        ({"all_proxy": "socks5://proxy.example:1080"}, "FAIL"),
    ],
    ids=["http", "socks"],
)
def test_the_networks_own_proxy_is_remarked_on(
    stocked: Home, env: dict[str, str], level: str
) -> None:
    told = found(stocked, "proxy", {**QUICK, **env}, code=1 if level == "FAIL" else 0)

    assert told["level"] == level
