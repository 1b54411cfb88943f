"""Messages with the anthropic package."""

from __future__ import annotations

from anthropic import Anthropic
from report import at_once, outcome, tell

client = Anthropic()


def ask(client: Anthropic, model: str, text: str = "hello there") -> str:
    said = [{"role": "user", "content": text}]
    answer = client.messages.create(model=model, max_tokens=9, messages=said)
    return answer.content[0].text


def streamed() -> list[str]:
    said = [{"role": "user", "content": "hello there"}]
    with client.messages.stream(model="claude", max_tokens=9, messages=said) as stream:
        return list(stream.text_stream)


tell(
    plain=ask(client, "claude"),
    stream=streamed(),
    missing=outcome(lambda: ask(client, "missing")),
    limited=outcome(lambda: ask(client, "limited")),
    broken=outcome(lambda: ask(client, "broken")),
    wrong_key=outcome(lambda: ask(Anthropic(api_key="sk-ant-wrong"), "claude")),
    many=at_once(lambda text: ask(client, "together-8", text)),
)
