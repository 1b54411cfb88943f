"""The laboratory: answers that no vendor gives on purpose, at any path with `/lab/` in it.

A request needs a real key in any place. What follows `/lab/` names the behaviour; the query
gives its details, and a detail's default is in the function that reads it.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.exchange import Exchange

PATTERN = hashlib.sha256(b"the suite's payload").digest() * 2048  # 64 KiB


def payload(length: int) -> Iterator[bytes]:
    """Yield `length` bytes that both ends can compute."""
    whole, rest = divmod(length, len(PATTERN))
    yield from itertools.repeat(PATTERN, whole)
    yield PATTERN[:rest]


def payload_sha256(length: int) -> str:
    """Return the hash of `payload(length)`."""
    found = hashlib.sha256()
    for data in payload(length):
        found.update(data)
    return found.hexdigest()


def answer(exchange: Exchange) -> None:
    """Do what the path says."""
    received = exchange.received
    name = received.path.partition("/lab/")[2].partition("/")[0]
    if not received.key:
        exchange.read()
        exchange.reply(401, {"error": "no real key"})
    elif name in _BEHAVIOURS:
        _BEHAVIOURS[name](exchange)
    else:
        exchange.reply(404, {"error": f"no behaviour called {name}"})


def _mirror(exchange: Exchange) -> None:
    """Tell what arrived, the credential included: ?status."""
    received = exchange.read()
    told: dict[str, object] = {
        "method": received.method,
        "target": received.target,
        "headers": received.headers,
        "length": received.length,
        "sha256": received.sha256,
        "place": received.place,
        "trailers": received.trailers,
    }
    exchange.reply(int(received.query.get("status", "200")), told)


def _echo(exchange: Exchange) -> None:
    """Return the credential: ?as=…, ?size=N (chunks), ?encoding=…, ?force=1."""
    received = exchange.read()
    query = received.query
    key = dict(received.credentials())[received.place]
    form = query.get("as", "body")
    if form == "header":
        fields = [("X-Echo", f"key={key};"), ("Set-Cookie", f"seen={key}; Path=/")]
        exchange.reply(200, b"in the head", fields)
        return
    text = b"before " + _written(key, form, received.header("authorization")) + b" after"
    encoding = query.get("encoding", "")
    accepted = encoding in received.header("accept-encoding") or query.get("force") == "1"
    fields = [("Content-Type", "text/plain")]
    if encoding and accepted:
        text = _COMPRESSED[encoding](text)
        fields.append(("Content-Encoding", encoding))
    size = int(query.get("size", "0"))
    if not size:
        exchange.reply(200, text, fields)
        return
    exchange.begin("text/plain", fields[1:])
    for at in range(0, len(text), size):
        exchange.chunk(text[at : at + size])
    exchange.end([("X-Echo", key)] if query.get("trailer") else [])


def _written(key: str, form: str, authorization: str) -> bytes:
    written = {
        "body": key,
        "json": json.dumps({"key": key}),
        "escaped": "".join(f"\\u{ord(char):04x}" for char in key),
        "url": quote(key, safe=""),
        "base64": b64encode(key.encode()).decode(),
        "basic": authorization,
        "pair": b64encode(f"{key}:".encode()).decode(),
        "twice": f"{key}{key}",
        "sse": f"data: {key}\n\n",
    }
    return written[form].encode()


def _brotli(data: bytes) -> bytes:
    """Return `data` as one stored brotli meta-block (RFC 7932, section 9.2)."""
    assert 0 < len(data) <= 1 << 16
    bits = 0b0 | 0b0 << 1 | 0b00 << 2 | (len(data) - 1) << 4 | 1 << 20  # WBITS 16, 4 nibbles
    return bits.to_bytes(3, "little") + data + b"\x03"


def _zstd(data: bytes) -> bytes:
    """Return `data` as one raw zstd block (RFC 8878, section 3.1.1)."""
    assert len(data) < 1 << 16
    start = b"\x28\xb5\x2f\xfd" + b"\xa0" + len(data).to_bytes(4, "little")
    return start + (1 | len(data) << 3).to_bytes(3, "little") + data


_COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": _brotli,
    "zstd": _zstd,
}


def _sink(exchange: Exchange) -> None:
    """Swallow an upload: ?gate=NAME stops after the first piece, ?end=NAME after the last."""
    received = exchange.received
    gate, end = received.query.get("gate", ""), received.query.get("end", "")
    for number, _ in enumerate(exchange.body()):
        if number == 0 and gate:
            exchange.upstream.gate(gate).hold()
    if end:
        exchange.upstream.gate(end).hold()
    exchange.reply(200, {"length": received.length, "sha256": received.sha256})


def _bytes(exchange: Exchange) -> None:
    """Send the payload: ?n, ?framing=length|chunked|close."""
    query = exchange.read().query
    length, framing = int(query.get("n", "1000")), query.get("framing", "length")
    if framing == "length":
        exchange.send(_counted_head(length))
    elif framing == "chunked":
        exchange.begin("application/octet-stream")
    else:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n")
    if exchange.received.method == "HEAD":
        return
    for data in payload(length):
        if framing == "chunked" and data:
            exchange.chunk(data)
        else:
            exchange.send(data)
    if framing == "chunked":
        exchange.end()
    elif framing == "close":
        exchange.finish()


def _counted_head(length: int) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Length: %d\r\n\r\n" % length
    )


def _status(exchange: Exchange) -> None:
    """Answer with /lab/status/CODE and ?body."""
    received = exchange.read()
    exchange.reply(int(received.path.rsplit("/", 1)[1]), received.query.get("body", "").encode())


def _redirect(exchange: Exchange) -> None:
    """Redirect: ?to=self|path|elsewhere, ?code; a Link header as well."""
    received = exchange.read()
    url = exchange.upstream.url
    base = received.path.partition("/lab/")[0]
    location = {
        "self": f"{url}{base}/lab/mirror?page=2",
        "path": f"{base}/lab/mirror?page=2",
        "elsewhere": "https://elsewhere.example/lab/mirror",
    }[received.query.get("to", "self")]
    links = f'<{url}{base}/lab/mirror?page=2>; rel="next", <https://elsewhere.example/>; rel="x"'
    code = int(received.query.get("code", "302"))
    exchange.reply(code, b"", [("Location", location), ("Link", links)])


def _cookies(exchange: Exchange) -> None:
    """Set three cookies in three fields."""
    exchange.read()
    exchange.reply(200, b"ok", [("Set-Cookie", f"c{n}=v{n}; Path=/") for n in (1, 2, 3)])


def _trailers(exchange: Exchange) -> None:
    """Answer in chunks, with a trailer section."""
    exchange.read()
    exchange.begin("text/plain", [("Trailer", "X-Checksum")])
    exchange.chunk(b"body")
    exchange.end([("X-Checksum", "abc123")])


def _hints(exchange: Exchange) -> None:
    """Send 103 Early Hints before the answer."""
    exchange.read()
    exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    exchange.reply(200, b"after hints")


def _continue(exchange: Exchange) -> None:
    """Wait for the body after 100 Continue; ?final=CODE refuses it unread."""
    final = int(exchange.received.query.get("final", "0"))
    if final:
        exchange.reply(final, b"not wanted", [("Connection", "close")])
        exchange.finish()
    else:
        received = exchange.read()
        exchange.reply(200, {"length": received.length, "sha256": received.sha256})


def _cut(exchange: Exchange) -> None:
    """Cut the connection: ?when=head|length|chunked|close|reset."""
    when = exchange.read().query.get("when", "length")
    if when in {"length", "reset"}:
        exchange.send(_counted_head(1000) + b"x" * 500)
    elif when == "chunked":
        exchange.begin("text/plain")
        exchange.chunk(b"x" * 500)
    elif when == "close":
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 500)
    exchange.cut(reset=when == "reset")


def _slow(exchange: Exchange) -> None:
    """Think before the head, until the gate ?gate is released."""
    query = exchange.read().query
    exchange.upstream.gate(query.get("gate", "held")).hold()
    exchange.reply(200, b"at last")


def _sse(exchange: Exchange) -> None:
    """Stream ?n events of ?size bytes; with ?gate, the second waits for it."""
    query = exchange.read().query
    exchange.begin("text/event-stream")
    filler = "x" * int(query.get("size", "16"))
    for number in range(int(query.get("n", "3"))):
        if number == 1 and query.get("gate"):
            exchange.upstream.gate(query["gate"]).hold()
        exchange.chunk(f"data: {number} {filler}\n\n".encode())
    exchange.end()


_BEHAVIOURS: dict[str, Callable[[Exchange], None]] = {
    "mirror": _mirror,
    "echo": _echo,
    "sink": _sink,
    "bytes": _bytes,
    "status": _status,
    "redirect": _redirect,
    "cookies": _cookies,
    "trailers": _trailers,
    "hints": _hints,
    "continue": _continue,
    "cut": _cut,
    "slow": _slow,
    "sse": _sse,
}
