"""Chat with the groq package."""

from __future__ import annotations

from groq import Groq
from report import at_once, outcome, tell

client = Groq()


def ask(client: Groq, model: str, text: str = "hello there") -> str | None:
    said = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=model, messages=said).choices[0].message.content


def streamed() -> list[str]:
    said = [{"role": "user", "content": "hello there"}]
    stream = client.chat.completions.create(model="llama", messages=said, stream=True)
    pieces = [event.choices[0].delta.content for event in stream]
    return [piece for piece in pieces if piece]


tell(
    plain=ask(client, "llama"),
    stream=streamed(),
    missing=outcome(lambda: ask(client, "missing")),
    limited=outcome(lambda: ask(client, "limited")),
    broken=outcome(lambda: ask(client, "broken")),
    wrong_key=outcome(lambda: ask(Groq(api_key="gsk_wrong"), "llama")),
    many=at_once(lambda text: ask(client, "together-8", text)),
)
