"""Answers of our own: what each provider's clients understand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from phantomrun.errors import Denied, Malformed, Refusal, Unauthenticated, Unreachable
from phantomrun.wire.http.answer import presence, refused
from phantomrun.wire.http.door import NoRoute
from phantomrun.wire.http.exchange import NotSpoken
from tests.wire.ground import Message, read_response

if TYPE_CHECKING:
    from phantomrun.core.provider import Errors

REFUSALS = [
    (Malformed("why"), 400, "PR-MALFORMED"),
    (Unauthenticated("why"), 401, "PR-PHANTOM"),
    (Denied("why"), 403, "PR-ROUTE"),
    (NoRoute("why"), 404, "PR-NOROUTE"),
    (NotSpoken("why"), 501, "PR-UPGRADE"),
    (Unreachable("why"), 502, "PR-UNREACHABLE"),
    (Unreachable("why", code="PR-TLS"), 502, "PR-TLS"),
    (Unreachable("why", code="PR-CODING"), 502, "PR-CODING"),
]
SHAPES: list[Errors] = ["openai", "anthropic", "google", "problem"]


def _answer(refusal: Refusal, shape: Errors = "problem", *, close: bool = False) -> Message:
    return read_response(refused(refusal, shape=shape, bodiless=False, close=close))


def _body(refusal: Refusal, shape: Errors) -> dict[str, Any]:
    document = json.loads(_answer(refusal, shape).body)
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("refusal", "status", "code"), REFUSALS, ids=[code for _, _, code in REFUSALS]
)
def test_a_refusal_has_its_status_and_code(
    refusal: Refusal, status: int, code: str, shape: Errors
) -> None:
    answer = _answer(refusal, shape)

    assert answer.head.status_code == status  # type: ignore[union-attr]  # a response
    assert answer.values("phantomrun-error") == [code.encode()]
    assert answer.values("cache-control") == [b"no-store"]
    assert f"phantomrun: why [{code}]" in json.dumps(json.loads(answer.body))


@pytest.mark.parametrize(
    ("refusal", "kind", "code"),
    [
        (Unauthenticated("why"), "invalid_request_error", "invalid_api_key"),
        (Denied("why"), "invalid_request_error", "PR-ROUTE"),
        (Malformed("why"), "invalid_request_error", "PR-MALFORMED"),
        (Unreachable("why"), "api_error", "PR-UNREACHABLE"),
    ],
)
def test_as_openai_says_it(refusal: Refusal, kind: str, code: str) -> None:
    error = _body(refusal, "openai")["error"]

    assert error.pop("message").startswith("phantomrun: why")
    assert error == {"type": kind, "param": None, "code": code}


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Unauthenticated("why"), "authentication_error"),
        (Denied("why"), "permission_error"),
        (NoRoute("why"), "not_found_error"),
        (Malformed("why"), "invalid_request_error"),
        (Unreachable("why"), "api_error"),
    ],
)
def test_as_anthropic_says_it(refusal: Refusal, kind: str) -> None:
    body = _body(refusal, "anthropic")

    assert body["type"] == "error"
    assert body["error"].keys() == {"type", "message"}
    assert body["error"]["type"] == kind


@pytest.mark.parametrize(
    ("refusal", "status", "name"),
    [
        (Malformed("why"), 400, "INVALID_ARGUMENT"),
        (Unauthenticated("why"), 401, "UNAUTHENTICATED"),
        (Denied("why"), 403, "PERMISSION_DENIED"),
        (NoRoute("why"), 404, "NOT_FOUND"),
        (NotSpoken("why"), 501, "UNIMPLEMENTED"),
        (Unreachable("why"), 502, "UNAVAILABLE"),
    ],
)
def test_as_google_says_it(refusal: Refusal, status: int, name: str) -> None:
    error = _body(refusal, "google")["error"]

    assert error.keys() == {"code", "message", "status"}
    assert (error["code"], error["status"]) == (status, name)


def test_as_rfc_9457_says_it() -> None:
    answer = _answer(Denied("why"))

    assert answer.values("content-type") == [b"application/problem+json"]
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "phantomrun: why [PR-ROUTE]",
        "code": "PR-ROUTE",
    }


def test_an_answer_to_401_names_challenges() -> None:
    challenges = _answer(Unauthenticated("why")).values("www-authenticate")

    assert challenges == [b'Bearer realm="phantomrun"', b'Basic realm="phantomrun"']
    assert _answer(Denied("why")).values("www-authenticate") == []


def test_clients_are_told_not_to_try_again_what_cannot_help() -> None:
    assert _answer(Unreachable("why", code="PR-TLS")).values("x-should-retry") == [b"false"]
    assert _answer(Unreachable("why")).values("x-should-retry") == []


def test_a_head_request_gets_no_body() -> None:
    whole = refused(Denied("why"), shape="openai", bodiless=False, close=False)
    bare = refused(Denied("why"), shape="openai", bodiless=True, close=False)

    assert bare.endswith(b"\r\n\r\n")
    assert whole.startswith(bare)
    assert len(whole) > len(bare)


@pytest.mark.parametrize("close", [True, False])
def test_the_end_of_the_connection_is_announced(close: bool) -> None:
    assert _answer(Denied("why"), close=close).values("connection") == [b"close"] * close


@pytest.mark.parametrize("message", ['"\r\nX-Injected: y\r\n\r\n', "ключ \udc80 \0", "\\"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_message_breaks_the_answer(message: str, shape: Errors) -> None:
    answer = _answer(Denied(message), shape)

    assert any(message in text for text in _texts(json.loads(answer.body)))
    assert answer.values("x-injected") == []


def _texts(value: object) -> list[str]:
    """Return every string in a JSON document."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def test_presence_is_a_whole_answer() -> None:
    answer = read_response(presence(b"fingerprint"))

    assert answer.body == b"fingerprint"
    assert answer.values("connection") == [b"close"]
