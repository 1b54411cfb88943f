"""Chat with the langchain-openai package."""

from __future__ import annotations

from langchain_openai import ChatOpenAI
from report import at_once, outcome, tell


def ask(model: str, text: str = "hello there", **more: str) -> str:
    return ChatOpenAI(model=model, max_retries=0, **more).invoke(text).text


def streamed() -> list[str]:
    pieces = [piece.text for piece in ChatOpenAI(model="gpt").stream("hello there")]
    return [piece for piece in pieces if piece]


tell(
    plain=ask("gpt"),
    stream=streamed(),
    missing=outcome(lambda: ask("missing")),
    limited=outcome(lambda: ask("limited")),
    broken=outcome(lambda: ask("broken")),
    wrong_key=outcome(lambda: ask("gpt", api_key="sk-wrong")),
    many=at_once(lambda text: ask("together-8", text)),
)
