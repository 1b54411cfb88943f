"""Generated content with the google-genai package."""

from __future__ import annotations

from google import genai
from report import at_once, outcome, tell

client = genai.Client()


def ask(client: genai.Client, model: str, text: str = "hello there") -> str | None:
    return client.models.generate_content(model=model, contents=text).text


def streamed() -> list[str | None]:
    stream = client.models.generate_content_stream(model="gemini", contents="hello there")
    return [piece.text for piece in stream]


tell(
    plain=ask(client, "gemini"),
    stream=streamed(),
    missing=outcome(lambda: ask(client, "missing")),
    limited=outcome(lambda: ask(client, "limited")),
    broken=outcome(lambda: ask(client, "broken")),
    wrong_key=outcome(lambda: ask(genai.Client(api_key="AIza-wrong"), "gemini")),
    many=at_once(lambda text: ask(client, "together-8", text)),
)
