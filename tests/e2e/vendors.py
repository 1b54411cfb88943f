"""How the vendors answer: right keys in right places, their events, their errors.

The model's name says what is wanted: `missing`, `limited`, `broken` and `refused` are errors,
`together-8` waits for eight requests at once, `held` pauses a stream after its first word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tests.e2e import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.exchange import Exchange

ERRORS = {"missing": 404, "limited": 429, "broken": 500, "refused": 400}
NO_RETRY = (("x-should-retry", "false"), ("stripe-should-retry", "false"))


class Vendor(NamedTuple):
    """Where a vendor takes its key, and how it says no."""

    name: str
    places: tuple[str, ...]
    denial: int  # the status of a wrong key
    error: Callable[[int, str], dict[str, object]]


def _openai_error(status: int, message: str) -> dict[str, object]:
    code = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}.get(status)
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _anthropic_error(status: int, message: str) -> dict[str, object]:
    kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _google_error(status: int, message: str) -> dict[str, object]:
    kinds = {404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}
    kind = kinds.get(status, "INVALID_ARGUMENT")
    return {"error": {"code": status, "message": message, "status": kind}}


def _cohere_error(_status: int, message: str) -> dict[str, object]:
    return {"id": "error-1", "message": message}


def _stripe_error(status: int, message: str) -> dict[str, object]:
    code = {404: "resource_missing", 429: "rate_limit"}.get(status)
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "code": code}}


OPENAI = Vendor("openai", ("bearer",), 401, _openai_error)
ANTHROPIC = Vendor("anthropic", ("bearer", "x-api-key"), 401, _anthropic_error)
GEMINI = Vendor("gemini", ("x-goog-api-key",), 400, _google_error)
GROQ = Vendor("groq", ("bearer",), 401, _openai_error)
COHERE = Vendor("cohere", ("bearer",), 401, _cohere_error)
STRIPE = Vendor("stripe", ("bearer", "basic-user"), 401, _stripe_error)


def answer(exchange: Exchange) -> None:
    """Answer as the vendor whose path it is."""
    received = exchange.received
    for method, pattern, vendor, respond in _ROUTES:
        found = re.fullmatch(pattern, received.path)
        if found is not None and received.method == method:
            if _authenticated(exchange, vendor):
                respond(exchange, found.group(1) if found.groups() else "")
            return
    exchange.reply(404, {"error": f"nothing at {received.method} {received.path}"})


def _authenticated(exchange: Exchange, vendor: Vendor) -> bool:
    """Tell whether the vendor's own key stands where the vendor wants it, and say no if not."""
    received = exchange.received
    if received.key == vendor.name and received.place in vendor.places:
        return True
    seen = [value for place, value in received.credentials() if place in vendor.places]
    shown = seen[0] if seen else "none"
    exchange.read()
    exchange.reply(vendor.denial, vendor.error(401, f"Incorrect API key provided: {shown}"))
    return False


def _failed(exchange: Exchange, vendor: Vendor, model: str) -> bool:
    """Answer with the error that `model` asks for, or wait for the others it asks for."""
    status = ERRORS.get(model, 0)
    group = re.fullmatch(r"together-(\d+)", model)
    if group and not exchange.upstream.together.meet(int(group[1])):
        status = 500
    if status:
        message = f"the model `{model}` does not exist" if status == 404 else f"{model}, sorry"
        exchange.reply(status, vendor.error(status, message), NO_RETRY)
    return status != 0


def _conversation(vendor: Vendor, speak: events.Speaker) -> Callable[[Exchange, str], None]:
    def respond(exchange: Exchange, model_in_path: str) -> None:
        asked = exchange.read().json()
        model = model_in_path or str(asked.get("model", ""))
        if _failed(exchange, vendor, model):
            return
        text = "You said: " + _last_text(asked)
        streamed = bool(asked.get("stream")) or exchange.received.query.get("alt") == "sse"
        whole, pieces = speak(model, text)
        if not streamed:
            exchange.reply(200, whole)
            return
        exchange.begin("text/event-stream")
        for piece in pieces:
            exchange.chunk(piece)
            if model == "held" and b'"You "' in piece:
                exchange.upstream.gate("held").hold()
        exchange.end()

    return respond


def _last_text(document: object, key: str = "") -> str:
    """Return the last thing said in a request, whatever the vendor calls it."""
    if isinstance(document, str):
        return document if key in {"content", "text", "input"} else ""
    if isinstance(document, list):
        said = [_last_text(item, key) for item in document]
    elif isinstance(document, dict):
        said = [_last_text(value, str(name)) for name, value in document.items()]
    else:
        return ""
    return next((text for text in reversed(said) if text), "")


def _models(exchange: Exchange, _: str) -> None:
    data = [
        {"id": name, "object": "model", "created": 1, "owned_by": "tests"} for name in ("a", "b")
    ]
    exchange.reply(200, {"object": "list", "data": data})


def _embeddings(exchange: Exchange, _: str) -> None:
    asked = exchange.read().json()
    if _failed(exchange, OPENAI, str(asked.get("model", ""))):
        return
    given = asked.get("input")
    count = len(given) if isinstance(given, list) else 1
    data = [{"object": "embedding", "index": at, "embedding": [0.5, at]} for at in range(count)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    exchange.reply(200, {"object": "list", "model": "e", "data": data, "usage": usage})


def _file(exchange: Exchange, _: str) -> None:
    """Take a multipart upload whose last part is a file; answer with that file's hash."""
    part = events.LastPart(exchange.received.header("content-type"))
    for data in exchange.body():
        part.feed(data)
    found: dict[str, object] = {"id": "file-1", "object": "file", "bytes": part.length}
    told = {"created_at": 1, "filename": "f", "purpose": "batch", "status": part.sha256()}
    exchange.reply(200, found | told)


def _customer(exchange: Exchange, name: str) -> None:
    exchange.read()
    asked = name.removeprefix("cus_")
    if not _failed(exchange, STRIPE, asked):
        exchange.reply(200, {"id": name, "object": "customer", "name": f"name of {asked}"})


def _customers(exchange: Exchange, _: str) -> None:
    """List three customers, one a page."""
    after = exchange.received.query.get("starting_after", "cus_0")
    number = int(after.removeprefix("cus_")) + 1
    found = {"id": f"cus_{number}", "object": "customer"}
    listed = {"object": "list", "url": "/v1/customers", "data": [found]}
    exchange.reply(200, {**listed, "has_more": number < 3})


def _new_customer(exchange: Exchange, _: str) -> None:
    sent = exchange.read().body.decode()
    exchange.reply(200, {"id": "cus_new", "object": "customer", "description": sent})


_MODEL = r"/v1(?:beta)?/models/([^/:]+)"
_ROUTES: tuple[tuple[str, str, Vendor, Callable[[Exchange, str], None]], ...] = (
    ("POST", "/v1/chat/completions", OPENAI, _conversation(OPENAI, events.chat)),
    ("POST", "/v1/responses", OPENAI, _conversation(OPENAI, events.responses)),
    ("POST", "/v1/embeddings", OPENAI, _embeddings),
    ("POST", "/v1/files", OPENAI, _file),
    ("GET", "/v1/models", OPENAI, _models),
    ("POST", "/v1/messages", ANTHROPIC, _conversation(ANTHROPIC, events.messages)),
    ("POST", _MODEL + ":generateContent", GEMINI, _conversation(GEMINI, events.gemini)),
    ("POST", _MODEL + ":streamGenerateContent", GEMINI, _conversation(GEMINI, events.gemini)),
    ("POST", "/openai/v1/chat/completions", GROQ, _conversation(GROQ, events.chat)),
    ("POST", "/v2/chat", COHERE, _conversation(COHERE, events.cohere)),
    ("GET", "/v1/customers", STRIPE, _customers),
    ("POST", "/v1/customers", STRIPE, _new_customer),
    ("GET", "/v1/customers/([^/]+)", STRIPE, _customer),
)
