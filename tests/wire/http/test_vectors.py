"""The vectors in tests/vectors/http: what another implementation should do too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.wire.ground import OTHER_PHANTOM, PHANTOM, REAL, Talk, slices

FILES = sorted((Path(__file__).parents[2] / "vectors" / "http").glob("*.txt"))
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_NAMES = {"phantom": PHANTOM, "other": OTHER_PHANTOM, "real": REAL}
_TOKEN = re.compile(r"\\x([0-9a-f]{2})|\\([rnt0\\])|\{(phantom|other|real)\}|([^\\{]+|\{)")


class Vector(NamedTuple):
    """A case: what the child says, and what must come of it."""

    title: str
    expect: str
    child: bytes
    upstream: bytes


def _bytes(text: str) -> bytes:
    made = b""
    for code, escape, name, plain in _TOKEN.findall(text):
        if code:
            made += bytes([int(code, 16)])
        else:
            made += _ESCAPES[escape] if escape else _NAMES[name] if name else plain.encode()
    return made


def _read(path: Path) -> list[Vector]:
    vectors = []
    for case in path.read_text(encoding="utf-8").strip().split("\n\n"):
        title, expect, *lines = case.splitlines()
        said = {"child": b"", "upstream": b""}
        for line in lines:
            who, _, text = line.partition(": ")
            said[who] += _bytes(text)
        vectors.append(Vector(title.removeprefix("# "), expect.removeprefix("expect: "), **said))
    return vectors


VECTORS = [(f"{path.stem}: {vector.title}", vector) for path in FILES for vector in _read(path)]


@pytest.mark.parametrize("vector", [row[1] for row in VECTORS], ids=[row[0] for row in VECTORS])
def test_a_vector_is_as_expected_at_every_split(vector: Vector) -> None:
    data = vector.child
    ways = [
        [data],
        slices(data, range(len(data))),
        *([data[:at], data[at:]] for at in range(1, len(data), 7)),
    ]

    for pieces in ways:
        talk = Talk()
        for piece in pieces:
            talk.says(piece)

        _check(talk, vector)


def _check(talk: Talk, vector: Vector) -> None:
    outcome, *details = vector.expect.split()
    if outcome == "forwarded":
        assert (talk.dialled, talk.child) == (1, b"")
        assert _unchunked(talk.upstream) == _unchunked(vector.upstream)
        return
    if outcome != "waits":
        assert [str(talk.status), talk.code] == details
        assert b"CANARY" not in talk.child
    if outcome == "cut":
        assert talk.hung_up is not None
        assert not re.search(rb"\r\n0\r\n.*\r\n\Z", talk.upstream, re.DOTALL)
    else:
        assert (talk.dialled, talk.upstream) == (0, b"")


def _unchunked(data: bytes) -> bytes:
    """Return a message whose chunks, which may be cut anywhere, are joined into one line."""
    head, _, body = data.partition(b"\r\n\r\n")
    if b"\r\nTransfer-Encoding: chunked" not in head:
        return data
    joined = b""
    while not body.startswith(b"0\r\n"):
        size, _, body = body.partition(b"\r\n")
        joined += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return head + b"\r\n\r\n" + joined + body


def test_there_are_vectors() -> None:
    assert len(VECTORS) > 70
    assert len({title for title, _ in VECTORS}) == len(VECTORS)
