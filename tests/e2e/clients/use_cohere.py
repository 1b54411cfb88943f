"""Chat with the cohere package."""

from __future__ import annotations

import cohere
from report import at_once, outcome, tell

client = cohere.ClientV2()
ONCE = {"max_retries": 0}


def ask(client: cohere.ClientV2, model: str, text: str = "hello there") -> str:
    said = [{"role": "user", "content": text}]
    answer = client.chat(model=model, messages=said, request_options=ONCE)
    return answer.message.content[0].text


def streamed() -> list[str]:
    said = [{"role": "user", "content": "hello there"}]
    stream = client.chat_stream(model="command", messages=said)
    return [event.delta.message.content.text for event in stream if event.type == "content-delta"]


tell(
    plain=ask(client, "command"),
    stream=streamed(),
    missing=outcome(lambda: ask(client, "missing")),
    limited=outcome(lambda: ask(client, "limited")),
    broken=outcome(lambda: ask(client, "broken")),
    wrong_key=outcome(lambda: ask(cohere.ClientV2(api_key="wrong"), "command")),
    many=at_once(lambda text: ask(client, "together-8", text)),
)
