"""One exchange as the test upstream sees it: a request read by h11, an answer written by hand."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import struct
from base64 import b64decode
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from tests.e2e.upstream import Upstream

KEPT_BODY_BYTES = 1 << 18  # of each body; the rest is only counted and hashed
RECV_BYTES = 1 << 16
_HEADERS_OF_KEYS = ("x-api-key", "x-goog-api-key", "api-key", "xi-api-key")


@dataclass
class Received:
    """What arrived: everything that a test may want to assert on."""

    method: str
    target: str
    headers: list[tuple[str, str]]  # names as they were written
    connection: int  # which TLS connection of this upstream, counted from 1
    body: bytes = b""  # its first KEPT_BODY_BYTES
    length: int = 0
    sha256: str = ""
    complete: bool = False  # the body ended where it said it would
    sent: int = 0  # bytes of the answer so far, as far as the kernel took them
    trailers: list[tuple[str, str]] = field(default_factory=list)
    key: str = ""  # whose real key it carried; "" if it carried none
    place: str = ""  # where it carried it

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def all(self, name: str) -> list[str]:
        """Return the values of every field called `name`."""
        return [value for at, value in self.headers if at.lower() == name]

    def header(self, name: str) -> str:
        """Return the only value of `name`, or "" without one."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else ""

    def json(self) -> dict[str, object]:
        """Return the body as a JSON object; {} if it is not one."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def credentials(self) -> list[tuple[str, str]]:
        """Return every place that may hold a credential, and what stands there."""
        found = [(name, value) for name in _HEADERS_OF_KEYS for value in self.all(name)]
        for value in self.all("authorization"):
            found += _authorization(value)
        found += [(f"query:{name}", value) for name, value in self.query.items()]
        found += [("path", unquote(part)) for part in self.path.split("/") if part]
        return found


def _authorization(value: str) -> list[tuple[str, str]]:
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "basic":
        return [(scheme.lower(), rest)]
    try:
        user, _, password = b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return []
    return [("basic-user", user), ("basic-password", password)]


class Exchange:
    """One request and the means to answer it, well or badly."""

    def __init__(
        self,
        upstream: Upstream,
        received: Received,
        sock: ssl.SSLSocket,
        parser: h11.Connection,
    ) -> None:
        self.upstream = upstream
        self.received = received
        self.closed = False
        self._sock = sock
        self._parser = parser
        self._hash = hashlib.sha256()
        self._continued = False

    def body(self, *, invite: bool = True) -> Iterator[bytes]:
        """Yield the body as it arrives, counted and hashed; `invite` says 100 Continue."""
        received = self.received
        while not received.complete:
            if invite and self._parser.they_are_waiting_for_100_continue and not self._continued:
                self._continued = True
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            event = next_event(self._sock, self._parser)
            if isinstance(event, h11.Data):
                self._count(bytes(event.data))
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                received.trailers = pairs(event.headers)
                received.sha256 = self._hash.hexdigest()
                received.complete = True
            else:
                raise ConnectionError("the body was cut")

    def read(self) -> Received:
        """Read the body to its end; only its first part is kept."""
        for _ in self.body():
            pass
        return self.received

    def _count(self, data: bytes) -> None:
        received = self.received
        received.length += len(data)
        self._hash.update(data)
        if len(received.body) < KEPT_BODY_BYTES:
            received.body += data[: KEPT_BODY_BYTES - len(received.body)]

    def send(self, data: bytes) -> None:
        """Write raw bytes."""
        self._sock.sendall(data)
        self.received.sent += len(data)

    def reply(
        self,
        status: int,
        body: bytes | dict[str, object] = b"",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Answer with a counted body; objects become JSON."""
        fields = list(headers)
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            fields.append(("Content-Type", "application/json"))
        bodiless = status in {204, 304}
        if not bodiless:
            fields.append(("Content-Length", str(len(body))))
        without_body = bodiless or self.received.method == "HEAD"
        self.send(head(status, fields) + (b"" if without_body else body))

    def begin(self, content_type: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send the head of a chunked answer."""
        fields = [("Content-Type", content_type), ("Transfer-Encoding", "chunked"), *headers]
        self.send(head(200, fields))

    def chunk(self, data: bytes) -> None:
        """Send one chunk, in a TLS record of its own."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self, trailers: Iterable[tuple[str, str]] = ()) -> None:
        """End a chunked answer."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in trailers)
        self.send(b"0\r\n" + lines.encode() + b"\r\n")

    def finish(self) -> None:
        """Close in order, TLS included: the end of a close-delimited body."""
        self.closed = True
        with contextlib.suppress(OSError, ValueError):
            self._sock.settimeout(2.0)
            self._sock.unwrap()

    def cut(self, *, reset: bool = False) -> None:
        """Close without a word of TLS; with a TCP reset if asked."""
        self.closed = True
        if reset:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            if not reset:
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        self._sock.close()


def head(status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return a response head."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode()


def next_event(sock: ssl.SSLSocket, parser: h11.Connection) -> h11.Event | type[h11.PAUSED]:
    """Return the next event, reading as much as it takes; ConnectionError if the peer is gone."""
    while True:
        event = parser.next_event()
        if event is not h11.NEED_DATA:
            return event  # type: ignore[return-value]  # mypy keeps NEED_DATA in the union
        data = sock.recv(RECV_BYTES)
        if not data and parser.their_state is not h11.IDLE:
            raise ConnectionError("closed in the middle of a request")
        parser.receive_data(data)


def pairs(headers: object) -> list[tuple[str, str]]:
    """Return h11's headers as text, names as they were written."""
    raw = headers.raw_items() if hasattr(headers, "raw_items") else []
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
