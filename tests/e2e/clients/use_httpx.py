"""The OpenAI and Anthropic APIs by hand, with the httpx package."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

import httpx
from report import at_once, outcome, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENAI = os.environ["OPENAI_BASE_URL"]
BEARER = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
PIECE_BYTES = 100_000
client = httpx.Client(timeout=60)


def ask(model: str, text: str = "hello there", headers: dict[str, str] = BEARER) -> Any:
    asked = {"model": model, "messages": [{"role": "user", "content": text}]}
    answer = client.post(f"{OPENAI}/chat/completions", json=asked, headers=headers)
    answer.raise_for_status()
    return answer.json()["choices"][0]["message"]["content"]


def streamed() -> list[str]:
    asked = {"model": "gpt", "input": "hello there", "stream": True}
    with client.stream("POST", f"{OPENAI}/responses", json=asked, headers=BEARER) as answer:
        return [line for line in answer.iter_lines() if line.startswith("event:")]


def message(path: str) -> Any:
    """Ask Anthropic at `path`, with the header that older clients use."""
    headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"}
    said = [{"role": "user", "content": path}]
    asked = {"model": "claude", "max_tokens": 9, "messages": said}
    answer = client.post(os.environ["ANTHROPIC_BASE_URL"] + path, json=asked, headers=headers)
    return [answer.status_code, answer.json().get("content", [{}])[0].get("text")]


def upload(length: int, query: str, report_every: int = 0) -> None:
    """Send `length` bytes with Content-Length, never holding them all."""
    sent = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        for at in range(0, length, PIECE_BYTES):
            piece = (b"%0100x" % at * (PIECE_BYTES // 100))[: length - at]
            sent.update(piece)
            yield piece
            if report_every and at % report_every == 0:
                sys.stdout.write(f"sent {at}\n")
                sys.stdout.flush()

    headers = {**BEARER, "Content-Length": str(length)}
    answer = client.post(f"{OPENAI}/lab/sink{query}", content=pieces(), headers=headers)
    tell(**answer.json(), sent_sha256=sent.hexdigest())


def download(length: int) -> None:
    """Read a little, wait for the upstream's word, and read the rest."""
    found, size = hashlib.sha256(), 0
    with client.stream("GET", f"{OPENAI}/lab/bytes?n={length}", headers=BEARER) as answer:
        for piece in answer.iter_raw():
            if size == 0:
                client.get(f"{OPENAI}/lab/slow?gate=go", headers=BEARER)
            found.update(piece)
            size += len(piece)
    tell(length=size, sha256=found.hexdigest())


def everything() -> None:
    tell(
        plain=ask("gpt"),
        stream=streamed(),
        missing=outcome(lambda: ask("missing")),
        limited=outcome(lambda: ask("limited")),
        broken=outcome(lambda: ask("broken")),
        wrong_key=outcome(lambda: ask("gpt", headers={"Authorization": "Bearer wrong"})),
        no_key=outcome(lambda: ask("gpt", headers={})),
        conventions=[message(path) for path in ("/v1/messages", "/messages", "/v1/v1/messages")],
        many=at_once(lambda text: ask("together-16", text), 16),
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["upload", length]:
            upload(int(length), "?end=done")
        case ["progress", length]:
            upload(int(length), "?gate=slow", report_every=10 * PIECE_BYTES)
        case ["download", length]:
            download(int(length))
        case _:
            everything()
