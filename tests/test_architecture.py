"""The rules of the house: who may import whom, what stays pure, what an auditor must read."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]  # the only way to ask what a pattern does

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "phantomrun"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)
CODE = [path for path in MODULES if path.name != "__init__.py"]

# layer → the layers it may import; a module outside every folder is a layer of its own
LAYERS = {
    "errors": set(),
    "core": {"errors"},
    "wire": {"core", "errors"},
    "paths": {"errors"},
    "tty": {"errors"},
    "atomic": {"errors"},
    "catalogue": {"core", "errors"},
    "project": {"atomic", "core", "errors"},
    "vault": {"core", "errors", "tty"},
    "proxy": {"core", "errors", "wire"},
    "launch": {"errors"},
    "run": {"core", "errors", "launch", "prepare", "project"},
    "prepare": {
        *("catalogue", "core", "errors", "launch", "paths", "project", "proxy", "tty"),
        *("vault", "wire"),
    },
    "demo": {"errors", "proxy"},
    "cli": {
        *("atomic", "catalogue", "core", "demo", "errors", "launch", "paths", "project", "tty"),
        *("vault",),
    },
    "__main__": {"cli", "errors", "launch", "run"},
}
# imports that a layer may not make at start-up, but may inside one function
LATE = {
    ("launch", "prepare"): "macOS's fresh interpreter is a second way into the sidecar",
    ("launch", "cli"): "and parses the command line again",
    ("run", "cli"): "only for the type of a parsed line",
    ("prepare", "cli"): "the same",
}
PURE = {
    *("__future__", "binascii", "base64", "collections", "datetime", "difflib", "enum", "hmac"),
    *("json", "math", "re", "string", "tomllib", "typing", "urllib", "zlib", "httptools"),
    *("phantomrun", "unicodedata", "itertools"),
}
# what a reviewer must read to believe the promises, and how much of it there may be
AUDIT = [
    *(
        "run.py",
        "prepare.py",
        "core/secret.py",
        "core/phantom.py",
        "core/route.py",
        "core/environ.py",
    ),
    *("core/forms.py", "wire/swap.py", "wire/scrub.py", "wire/http/head.py"),
    *("wire/http/body.py", "wire/http/parse.py", "wire/http/steer.py", "wire/http/door.py"),
    *("wire/http/response.py", "wire/http/exchange.py", "vault/seal.py", "vault/format.py"),
    *("launch/sidecar.py", "launch/linux.py"),
]
AUDIT_CEILING = 2200  # code lines
TESTED_WITH = {"prepare.py": "run"}  # two processes, one story
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
START_UP_BAN = ("asyncio", "click", "dataclasses", "inspect", "platformdirs", "psutil", "ssl")


def _layer(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def _code_lines(path: Path) -> int:
    """Return the lines that are neither blank, comment nor docstring."""
    text = path.read_text()
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                skipped |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(
        1
        for number, line in enumerate(text.splitlines(), 1)
        if number not in skipped and line.strip() and not line.strip().startswith("#")
    )


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    layer = _layer(path)
    used = {
        name.split(".")[1]
        for name in _imports(path)
        if name.startswith("phantomrun.") and not name.endswith("__version__")
    }

    above = {other for other in used - LAYERS[layer] - {layer} if (layer, other) not in LATE}

    assert not above, f"{layer} may not import {above}"


@pytest.mark.parametrize(
    "path",
    [path for path in CODE if _layer(path) in ("core", "wire", "errors")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_core_and_wire_import_nothing_that_can_act(path: Path) -> None:
    roots = {name.split(".")[0] for name in _imports(path)}

    assert roots <= PURE
    assert not re.search(r"\b(open|print|input|exec|eval)\(", path.read_text())


def test_only_seal_and_the_demonstration_import_cryptography() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in CODE
        if {name.split(".")[0] for name in _imports(path)} & {"cryptography", "argon2"}
    }

    assert users == {"vault/seal.py", "demo/upstream.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_says_in_one_sentence_what_it_is(path: Path) -> None:
    document = ast.get_docstring(ast.parse(path.read_text()))

    assert document, "no docstring"
    first = document.splitlines()[0]
    assert first.endswith((".", "!", "?", ":")), first


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name == "__init__.py"],
    ids=lambda path: str(path.parent.relative_to(ROOT)),
)
def test_there_is_no_logic_in_init(path: Path) -> None:
    body = ast.parse(path.read_text()).body

    kinds = {type(node).__name__ for node in body}
    assert kinds <= {"Expr", "Assign"}, kinds


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    assert _code_lines(path) <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


def test_the_audit_hour_is_an_hour() -> None:
    sizes = {name: _code_lines(PACKAGE / name) for name in AUDIT}

    assert sum(sizes.values()) <= AUDIT_CEILING, sizes
    listed = (ROOT / "SECURITY.md").read_text()
    assert [name for name in AUDIT if f"phantomrun/{name}" not in listed] == []


def test_every_security_comment_names_a_test_that_exists() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named: dict[str, str] = {}
    for path in CODE:
        for match in re.finditer(r"# SECURITY:(?:[^\n]*\n\s*#)*[^\n]*", path.read_text()):
            names = re.findall(r"\btest_\w+", match[0])
            assert names, f"{path.name}: {match[0]!r} names no test"
            named |= dict.fromkeys(names, path.name)

    missing = {name: where for name, where in named.items() if f"def {name}(" not in tests}
    assert missing == {}
    assert len(named) > 5


# verbs are tested by what they do: tests/cli and the transcripts
@pytest.mark.parametrize(
    "path",
    [path for path in CODE if _layer(path) not in ("cli", "demo")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_every_module_has_a_test_file(path: Path) -> None:
    inside = path.relative_to(PACKAGE)
    subject = TESTED_WITH.get(str(inside), inside.stem.strip("_"))
    name = f"test_{subject}.py"

    places = (ROOT / "tests" / inside.parent / name, ROOT / "tests" / "e2e" / name)
    assert any(place.exists() for place in places)


@pytest.mark.parametrize(
    "pattern",
    [r"\.reveal\(", r"\bos\.fork\(", r"\bos\.execv", r"create_connection\("],
)
def test_the_dangerous_calls_are_where_an_auditor_expects_them(pattern: str) -> None:
    allowed = {
        r"\.reveal\(": {
            "cli/get.py",
            "cli/plain.py",
            "core/environ.py",
            "core/forms.py",
            "core/phantom.py",
            "vault/format.py",
            "wire/swap.py",
        },
        r"\bos\.fork\(": {"launch/linux.py"},
        r"\bos\.execv": {"__main__.py", "launch/command.py"},
        r"create_connection\(": {
            "demo/stage.py",
            "proxy/tunnel.py",
            "proxy/upstream.py",
            "run.py",
        },
    }[pattern]

    found = {
        str(path.relative_to(PACKAGE)) for path in CODE if re.search(pattern, path.read_text())
    }

    assert found <= allowed


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_possessive_patterns(path: Path) -> None:
    # early 3.11 releases, Debian's among them, match possessive groups wrongly
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re")),
                args=[ast.Constant(value=str() | bytes() as pattern), *_],
            ):
                text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
                found |= set(re.findall(r"POSSESSIVE|ATOMIC", repr(_parser.parse(text))))

    assert found == set()


@pytest.mark.parametrize(
    "words",
    [("-V",), ("--", "/no/such/command")],
    ids=["--version", "a run that does not start"],
)
def test_start_up_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    report = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-m", "phantomrun", *words],
        env={**os.environ, "PHANTOMRUN_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    ).stderr

    loaded = {line.split("|")[-1].strip() for line in report.splitlines() if "|" in line}
    banned = set(START_UP_BAN) - ({"click", "inspect"} if words == ("-V",) else set())
    assert loaded & banned == set()


def test_the_sidecar_answers_before_it_loads_what_only_serving_needs(tmp_path: Path) -> None:
    environ = {**os.environ, "PHANTOMRUN_HOME": str(tmp_path)}
    ours = [sys.executable, "-I"]
    init = [*ours, "-m", "phantomrun", "init", "--key-file", str(tmp_path / "key")]
    subprocess.run(init, env=environ, check=True, capture_output=True)

    report = subprocess.run(
        [*ours, "-X", "importtime", "-m", "phantomrun", "--dry-run", "--", "true"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stderr

    loaded = {line.split("|")[-1].strip() for line in report.splitlines() if "|" in line}
    assert "cryptography.hazmat.primitives.ciphers.aead" in loaded
    assert loaded & {*START_UP_BAN, "argon2", "httptools", "urllib.parse", "hashlib"} == set()
