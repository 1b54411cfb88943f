"""Chat, responses, embeddings and models with the openai package."""

from __future__ import annotations

import asyncio
import sys

from openai import AsyncOpenAI, OpenAI
from report import outcome, tell


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def ask(client: OpenAI, model: str, text: str = "hello there") -> str | None:
    answer = client.chat.completions.create(model=model, messages=said(text))
    return answer.choices[0].message.content


def streamed(client: OpenAI, model: str) -> list[str]:
    pieces = []
    for event in client.chat.completions.create(
        model=model, messages=said("hello there"), stream=True
    ):
        piece = event.choices[0].delta.content
        if piece:
            pieces.append(piece)
            if model == "held" and len(pieces) == 1:
                tell(first=piece)
    return pieces


def responses(client: OpenAI) -> list[str]:
    events = client.responses.create(model="gpt", input="hello there", stream=True)
    return [event.delta for event in events if event.type == "response.output_text.delta"]


async def many(count: int) -> list[str | None]:
    async with AsyncOpenAI() as client:

        async def one(number: int) -> str | None:
            answer = await client.chat.completions.create(
                model=f"together-{count}", messages=said(str(number))
            )
            return answer.choices[0].message.content

        return list(await asyncio.gather(*map(one, range(count))))


def everything(client: OpenAI) -> None:
    tell(
        plain=ask(client, "gpt"),
        stream=streamed(client, "gpt"),
        responses=client.responses.create(model="gpt", input="hello there").output_text,
        responses_stream=responses(client),
        embeddings=len(client.embeddings.create(model="e", input=["a", "b"]).data),
        models=[model.id for model in client.models.list()],
        missing=outcome(lambda: ask(client, "missing")),
        limited=outcome(lambda: ask(client, "limited")),
        broken=outcome(lambda: ask(client, "broken")),
        wrong_key=outcome(lambda: ask(OpenAI(api_key="sk-wrong"), "gpt")),
        many=asyncio.run(many(16)),
    )


def upload(client: OpenAI, path: str) -> None:
    with open(path, "rb") as file:
        answer = client.files.create(file=("big.jsonl", file), purpose="batch")
    tell(bytes=answer.bytes, sha256=answer.status)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["held"]:
            tell(stream=streamed(OpenAI(), "held"))
        case ["upload", path]:
            upload(OpenAI(), path)
        case _:
            everything(OpenAI())
