"""Actions: plain values, so that a playbook can compare them."""

from __future__ import annotations

import pytest

from phantomrun.core.route import parse_upstream
from phantomrun.wire.actions import Action, Dial, Hangup, Release, ToChild, ToUpstream, Wire
from phantomrun.wire.http.exchange import HttpWire
from tests.wire.ground import door

UPSTREAM = parse_upstream("https://api.openai.com/v1")


def test_what_is_not_said_is_the_common_case() -> None:
    assert Dial(UPSTREAM) == Dial(UPSTREAM, fresh=False)
    assert Hangup("why") == Hangup("why", reset=False)


@pytest.mark.parametrize(
    "action",
    [Dial(UPSTREAM), ToUpstream(b"x"), ToChild(b"x"), Release(reusable=True), Hangup("why")],
    ids=lambda action: type(action).__name__,
)
def test_an_action_cannot_be_changed(action: Action) -> None:
    with pytest.raises(AttributeError):
        action.data = b"other"  # type: ignore[union-attr, misc]  # the point of the test


def test_http_is_a_wire() -> None:
    wire: Wire = HttpWire(door())

    assert wire.blocked is False
    assert wire.from_upstream(b"nobody asked") == []
    assert wire.upstream_failed("nobody asked", code="PR-TLS") == []
    assert wire.from_child(b"") == [Hangup("the child closed its connection")]
