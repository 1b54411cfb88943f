"""What the vendors say: one answer as a document, and the same answer as a stream of events."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable

Document = dict[str, object]
Speaker = Callable[[str, str], tuple[Document, list[bytes]]]
PART_HEAD_LIMIT_BYTES = 1 << 16


def words(text: str) -> list[str]:
    """Return `text` in the pieces it is streamed in."""
    return re.findall(r"\S+\s*", text)


def sse(documents: Iterable[Document], *, named: bool = False, end: str = "\n") -> list[bytes]:
    """Return server-sent events, with `event:` lines if the vendor writes them."""
    events = []
    for document in documents:
        name = f"event: {document['type']}{end}" if named else ""
        events.append(f"{name}data: {json.dumps(document)}{end}{end}".encode())
    return events


def chat(model: str, text: str) -> tuple[Document, list[bytes]]:
    """OpenAI's and Groq's chat completions."""
    base: Document = {"id": "chatcmpl-1", "created": 1, "model": model}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    whole = {**base, "object": "chat.completion", "choices": [choice], "usage": usage}

    def piece(delta: Document, reason: str | None = None) -> Document:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]
        return {**base, "object": "chat.completion.chunk", "choices": choices}

    pieces = [piece({"role": "assistant", "content": ""})]
    pieces += [piece({"content": word}) for word in words(text)]
    pieces.append(piece({}, "stop"))
    return whole, [*sse(pieces), b"data: [DONE]\n\n"]


def responses(model: str, text: str) -> tuple[Document, list[bytes]]:
    """OpenAI's responses."""
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant"}
    whole: Document = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "output": [{**item, "content": [part]}],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "tools": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "temperature": 1,
        "top_p": 1,
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 4,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 7,
        },
    }
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
    opened = {**whole, "status": "in_progress", "output": []}
    pieces: list[Document] = [{"type": "response.created", "response": opened}]
    pieces += [
        {"type": "response.output_text.delta", **where, "delta": word} for word in words(text)
    ]
    pieces.append({"type": "response.output_text.done", **where, "text": text})
    pieces.append({"type": "response.completed", "response": whole})
    numbered = [{**piece, "sequence_number": at} for at, piece in enumerate(pieces)]
    return whole, sse(numbered, named=True)


def messages(model: str, text: str) -> tuple[Document, list[bytes]]:
    """Anthropic's messages."""
    base: Document = {"id": "msg_1", "type": "message", "role": "assistant", "model": model}
    usage = {"input_tokens": 3, "output_tokens": 4}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    whole = {**base, "content": [{"type": "text", "text": text}], **stop, "usage": usage}
    opened = {**base, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    block = {"type": "text", "text": ""}
    pieces: list[Document] = [
        {"type": "message_start", "message": opened},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
    ]
    pieces += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
        for word in words(text)
    ]
    pieces += [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]
    return whole, sse(pieces, named=True)


def gemini(model: str, text: str) -> tuple[Document, list[bytes]]:
    """Google's generateContent."""
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}

    def said(words_of_it: str, **more: object) -> Document:
        content = {"role": "model", "parts": [{"text": words_of_it}]}
        candidate = {"content": content, "index": 0, **more}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model}

    pieces = [said(word) for word in words(text)[:-1]]
    pieces.append(said(words(text)[-1], finishReason="STOP"))
    return said(text, finishReason="STOP"), sse(pieces, end="\r\n")


def cohere(_model: str, text: str) -> tuple[Document, list[bytes]]:
    """Cohere's second chat API."""
    tokens = {"input_tokens": 3, "output_tokens": 4}
    ended = {"finish_reason": "COMPLETE", "usage": {"billed_units": tokens, "tokens": tokens}}
    message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    whole: Document = {"id": "chat-1", "message": message, **ended}

    def content(kind: str, **said: str) -> Document:
        return {"type": kind, "index": 0, "delta": {"message": {"content": said}}}

    opened = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []}
    pieces: list[Document] = [
        {"type": "message-start", "id": "chat-1", "delta": {"message": opened}},
        content("content-start", type="text", text=""),
        *(content("content-delta", text=word) for word in words(text)),
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": ended},
    ]
    return whole, sse(pieces, named=True)


class LastPart:
    """Counts and hashes the last part of a multipart body as it streams by."""

    def __init__(self, content_type: str) -> None:
        found = re.search(r'boundary="?([^";]+)', content_type)
        boundary = found[1] if found else ""
        self._closing = len(f"\r\n--{boundary}--\r\n")
        self._hash = hashlib.sha256()
        self._held = b""
        self._inside = False
        self.length = 0

    def feed(self, data: bytes) -> None:
        """Take more of the body."""
        self._held += data
        if not self._inside:
            start = self._held.find(b"\r\n\r\n", self._held.find(b"filename="))
            if start < 0 or b"filename=" not in self._held[:start]:
                assert len(self._held) < PART_HEAD_LIMIT_BYTES, "no file in the form"
                return
            self._inside, self._held = True, self._held[start + 4 :]
        ready = self._held[: -self._closing]
        self._hash.update(ready)
        self.length += len(ready)
        self._held = self._held[-self._closing :]

    def sha256(self) -> str:
        """Return the hash of the part, without the closing boundary."""
        return self._hash.hexdigest()
