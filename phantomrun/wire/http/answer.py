"""Answers of our own: a refusal in the shape that the provider's clients understand."""

from __future__ import annotations

import json

from phantomrun.core.provider import Errors  # noqa: TC001  (part of a public signature)
from phantomrun.errors import Refusal  # noqa: TC001

_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    501: "Not Implemented",
    502: "Bad Gateway",
}
_ANTHROPIC = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
_GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
}
_FINAL = frozenset({"PR-TLS"})  # asking again cannot help; the vendors' SDKs retry any 502


def refused(refusal: Refusal, *, shape: Errors, bodiless: bool, close: bool) -> bytes:
    """Return the whole response to a refused exchange; `bodiless` answers a HEAD request."""
    media, body = _body(refusal, shape)
    head = [
        f"HTTP/1.1 {refusal.status} {_REASONS.get(refusal.status, 'Refused')}",
        f"Phantomrun-Error: {refusal.code}",
        f"Content-Type: {media}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
    ]
    if refusal.status == 401:
        # RFC 9110, section 15.5.2: a 401 names a challenge; clients that wait for one (git,
        # Maven) send the phantom then
        head.append('WWW-Authenticate: Bearer realm="phantomrun"')
        head.append('WWW-Authenticate: Basic realm="phantomrun"')
    if refusal.code in _FINAL:
        head.append("x-should-retry: false")
    if close:
        head.append("Connection: close")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + (b"" if bodiless else body)


def presence(fingerprint: bytes) -> bytes:
    """Return the whole response to a nested phantomrun that asks for this run."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % len(fingerprint) + fingerprint


def _body(refusal: Refusal, shape: Errors) -> tuple[str, bytes]:
    message = f"phantomrun: {refusal.message} [{refusal.code}]"
    status = refusal.status
    document: dict[str, object]
    if shape == "openai":
        kind = "api_error" if status >= 500 else "invalid_request_error"
        code = "invalid_api_key" if status == 401 else refusal.code
        document = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    elif shape == "anthropic":
        kind = _ANTHROPIC.get(status, "api_error" if status >= 500 else "invalid_request_error")
        document = {"type": "error", "error": {"type": kind, "message": message}}
    elif shape == "google":
        name = _GOOGLE.get(status, "FAILED_PRECONDITION")
        document = {"error": {"code": status, "message": message, "status": name}}
    else:
        title = _REASONS.get(status, "Refused")
        document = {"type": "about:blank", "title": title, "status": status, "detail": message}
        document["code"] = refusal.code
        return "application/problem+json", json.dumps(document).encode()
    return "application/json", json.dumps(document).encode()
