"""What every end-to-end test gets: an upstream, a home, and the canary that nobody asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.canary import Canary
from tests.e2e.canary import canary as marked
from tests.e2e.home import CLIENTS, Home
from tests.e2e.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALL_DEADLINE_S = 300.0

# vendor → the variable, the shape of its real value, what its base-URL variable adds to the origin
VENDORS = {
    "openai": ("OPENAI_API_KEY", "sk-proj-", 64, "/v1"),
    "anthropic": ("ANTHROPIC_API_KEY", "sk-ant-api03-", 108, ""),
    "gemini": ("GEMINI_API_KEY", "AIza", 39, ""),
    "groq": ("GROQ_API_KEY", "gsk_", 56, ""),
    "cohere": ("CO_API_KEY", "", 40, ""),
    "stripe": ("STRIPE_SECRET_KEY", "sk_test_", 107, ""),
}


@pytest.fixture(autouse=True)
def canary(tmp_path: Path) -> Iterator[Canary]:
    """Search all that the test's commands left behind."""
    watching = Canary(tmp_path)
    yield watching
    watching.check()


@pytest.fixture(scope="session")
def keys() -> dict[str, str]:
    """Return the vendors' real keys: vendor → value."""
    return {name: marked(prefix, size) for name, (_, prefix, size, _) in VENDORS.items()}


@pytest.fixture(scope="session")
def server(keys: dict[str, str]) -> Iterator[Upstream]:
    with Upstream(keys) as running:
        yield running


@pytest.fixture
def upstream(server: Upstream) -> Iterator[Upstream]:
    """Return the upstream, with nothing on record; it must be able to read all it is sent."""
    server.clear()
    yield server
    malformed = server.malformed
    server.clear()
    assert malformed == []


@pytest.fixture(scope="session")
def ca_file(server: Upstream, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(server.ca_pem)
    return str(path)


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Make the vault that the homes are copied from, once."""
    root = tmp_path_factory.mktemp("empty")
    made = Home(root, Canary(root))
    made.init()
    return made


@pytest.fixture(scope="session")
def _stocked(
    _empty: Home,
    server: Upstream,
    keys: dict[str, str],
    ca_file: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Home:
    root = tmp_path_factory.mktemp("stocked")
    made = Home(root, Canary(root))
    made.copy_vault(_empty)
    for vendor, (name, _, _, suffix) in VENDORS.items():
        made.secret(name, keys[vendor], url=server.url + suffix, ca_file=ca_file)
    made.canary.check()
    return made


@pytest.fixture
def home(tmp_path: Path, canary: Canary, _empty: Home) -> Home:
    """Return a home with an empty vault."""
    made = Home(tmp_path, canary)
    made.copy_vault(_empty)
    return made


@pytest.fixture
def stocked(tmp_path: Path, canary: Canary, upstream: Upstream, _stocked: Home) -> Home:
    """Return a home whose vault has a key for every vendor that `upstream` plays."""
    made = Home(tmp_path, canary)
    made.copy_vault(_stocked)
    return made


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the installed npm clients; PHANTOMRUN_TEST_NODE says where they are kept."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not installed here")
    kept = os.environ.get("PHANTOMRUN_TEST_NODE", "")
    modules = Path(kept or os.path.join(CLIENTS, "node_modules"))
    wanted = json.loads(Path(CLIENTS, "package.json").read_text())["dependencies"]
    if _installed(modules) != wanted:
        _install(modules, tmp_path_factory.mktemp("npm"))
    assert _installed(modules) == wanted, f"not what package.json asks for: {modules}"
    return modules


def _installed(modules: Path) -> dict[str, str]:
    wanted = json.loads(Path(CLIENTS, "package.json").read_text())["dependencies"]
    found = {name: modules / name / "package.json" for name in wanted}
    return {
        name: json.loads(path.read_text())["version"]
        for name, path in found.items()
        if path.exists()
    }


def _install(modules: Path, work: Path) -> None:
    """Install what package.json asks for; no lock file, no install scripts."""
    shutil.copy2(os.path.join(CLIENTS, "package.json"), work)
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
    npm = subprocess.run(
        ["npm", "install", *flags],  # noqa: S607  (wherever the developer has it)
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_DEADLINE_S,
    )
    assert npm.returncode == 0, f"npm install failed:\n{npm.stdout}{npm.stderr}"
    modules.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(modules, ignore_errors=True)
    shutil.move(work / "node_modules", modules)
