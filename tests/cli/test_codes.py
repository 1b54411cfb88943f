from __future__ import annotations

import re
from pathlib import Path

import pytest

import phantomrun
from phantomrun.cli.codes import CODES
from phantomrun.cli.help import explained

PACKAGE = Path(phantomrun.__file__).parent


def test_every_code_that_is_ever_shown_is_explained() -> None:
    used = {
        code
        for path in PACKAGE.rglob("*.py")
        if path.name != "codes.py"
        for code in re.findall(r'"(PR-[A-Z]+)"', path.read_text())
    }

    assert used - set(CODES) == set()


def test_no_code_is_explained_that_is_never_shown() -> None:
    text = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.name != "codes.py")

    assert [code for code in CODES if f'"{code}"' not in text] == []


@pytest.mark.parametrize("code", CODES)
def test_an_explanation_fits_a_terminal(code: str) -> None:
    lines = explained(code).splitlines()

    assert lines[0].startswith(f"{code}: ")
    assert max(map(len, lines)) <= 80
