"""What is released says the same everywhere: version, changelog, README, what CI runs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from phantomrun import __version__, catalogue
from phantomrun.cli import runline
from phantomrun.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
CI = (ROOT / ".ci" / "run").read_text()


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(
        r"^## \[([^\]]+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )

    assert versions[0] == __version__


def test_the_changelog_names_security_first() -> None:
    sections = re.findall(r"^### (\w+)$", CHANGELOG, re.MULTILINE)

    assert sections[0] == "Security"


@pytest.mark.parametrize("command", ["phantomrun demo", r"pytest -q"])
def test_ci_runs_what_the_readme_prints(command: str) -> None:
    printed = [line for line in README.splitlines() if line.endswith(command)]

    assert len(printed) >= 1
    assert re.search(
        rf"^readme ['\"].*{command.split()[0]}", (ROOT / ".ci" / "run").read_text(), re.MULTILINE
    )


@pytest.mark.parametrize("text", ["README.md", "CHANGELOG.md"])
def test_the_number_of_providers_is_true(text: str) -> None:
    providers = catalogue.load_all(None)
    usable = sum(provider.usable for provider in providers)
    whole = (ROOT / text).read_text()

    assert re.search(rf"\b{usable} (?:services|providers)", whole)
    assert re.search(rf"\b{len(providers) - usable} (?:services|more)", whole)


def test_every_verb_is_in_the_readme() -> None:
    assert [verb for verb in COMMANDS if f"`{verb}`" not in README] == []


def test_options_of_the_readme_exist() -> None:
    section = README.partition("### Verbs")[2].partition("## Which services")[0]
    named = set(re.findall(r"`(--[a-z-]+)`", section))

    assert named - {"--json"} <= set(runline.OPTIONS)


def test_the_speed_table_is_what_a_run_of_the_benchmark_printed() -> None:
    table = README.partition("<!-- bench -->")[2].partition("<!-- /bench -->")[0]

    assert re.search(r"\d{4}-\d\d-\d\d, `--full`", table)
    for row in ("`phantomrun -- true`", "request p50", "requests/s", "(SSE)", "resident memory"):
        assert row in table


def test_dependencies_are_the_ones_that_are_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=\[]", name)[0] for name in project["dependencies"]}
    modules = {"argon2-cffi": "argon2"}
    source = "\n".join(path.read_text() for path in (ROOT / "phantomrun").rglob("*.py"))

    unused = {
        name
        for name in declared
        if not re.search(rf"^\s*(?:import|from) {modules.get(name, name)}\b", source, re.MULTILINE)
    }
    assert unused == set()
