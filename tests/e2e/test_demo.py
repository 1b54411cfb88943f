"""The demonstration keeps its promises, and would notice if one were broken."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from phantomrun.demo.stage import Seen

if TYPE_CHECKING:
    from tests.e2e.home import Home

KEPT = Seen(
    key="sk-proj-real",
    upstream="https://127.0.0.1:1/v1",
    held={"OPENAI_API_KEY": "sk-proj-phantom", "OPENAI_BASE_URL": "http://127.0.0.1:2/openai/v1"},
    heard="your key is sk-proj-phantom",
    received="Bearer sk-proj-real",
    direct="401 invalid_api_key",
    port_closed=True,
    sidecar_gone=True,
    files_gone=True,
    seconds=0.1,
)


def test_the_demonstration_shows_each_side_and_leaves_nothing(home: Home) -> None:
    done = home.verb("demo", env={"PHANTOMRUN_HOME": "/nonexistent"})

    said = done.out.decode()
    assert "the child held" in said
    assert "Authorization: Bearer sk-proj-" in said
    assert "sent straight to the upstream: 401 invalid_api_key" in said
    assert said.count(": ok\n") == 3
    assert ": FAIL" not in said
    assert os.listdir(home.environ["TMPDIR"]) == []


def test_its_findings_are_there_for_programs_too(home: Home) -> None:
    seen = json.loads(home.verb("demo", "--json").out)

    assert seen["schema"] == "phantomrun.demo/1"
    assert seen["kept"] is True
    assert seen["received"] == f"Bearer {seen['key']}"
    assert seen["key"] not in seen["heard"]


@pytest.mark.parametrize(
    "broken",
    [
        {"heard": "your key is sk-proj-real"},
        {"held": KEPT.held | {"OPENAI_API_KEY": "sk-proj-real"}},
        {"received": "Bearer sk-proj-phantom"},
        {"direct": "200 accepted"},
        {"port_closed": False},
        {"sidecar_gone": False},
        {"files_gone": False},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_a_broken_promise_is_not_a_success(broken: dict[str, object]) -> None:
    assert KEPT.kept
    assert not KEPT._replace(**broken).kept  # type: ignore[arg-type]  # fields by name
