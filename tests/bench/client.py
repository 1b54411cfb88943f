"""The client of the request rows: one keep-alive connection and as little work as possible."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from typing import NamedTuple

from tests.bench.processes import BenchError

PATIENCE_S = 20.0


class Door(NamedTuple):
    """Where requests enter: a proxy's listener, or the upstream itself."""

    name: str
    port: int
    prefix: str  # of the path
    credential: str  # what stands after "Bearer "
    pids: frozenset[int] = frozenset()  # what serves it
    ca_file: str = ""  # the client speaks TLS and trusts this
    tunnel_port: int = 0  # the client asks this forward proxy for a tunnel first
    tunnel_token: str = ""
    version: str = ""


class Client:
    """A connection through a door."""

    def __init__(self, door: Door) -> None:
        self._socket = _connect(door)
        self.door = door

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise BenchError(f"{self.door.name} closed the connection")
        return data

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return its response: how long it took in ns, and its bytes."""
        start = time.perf_counter_ns()
        self._socket.sendall(request)
        answer = self._socket.recv(65536)
        while not is_whole(answer):
            more = self._socket.recv(65536)
            if not more:
                raise BenchError(f"{self.door.name} cut a response short: {answer[:200]!r}")
            answer += more
        return time.perf_counter_ns() - start, answer


def request(door: Door, *, method: str = "GET", path: str = "/v1/models", extra: str = "") -> bytes:
    return (
        f"{method} {door.prefix}{path} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{door.port}\r\n"
        f"Authorization: Bearer {door.credential}\r\n"
        "User-Agent: bench/1\r\n"
        f"Accept: */*\r\n{extra}\r\n"
    ).encode()


def is_whole(answer: bytes) -> bool:
    """Say whether a response is complete: by its length, or by its last chunk."""
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not gap:
        return False
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        return answer.endswith(b"0\r\n\r\n")
    value = lowered[at + 17 :].partition(b"\r\n")[0]
    return len(body) >= int(value)


def expect_200(answer: bytes, name: str) -> None:
    if not answer.startswith(b"HTTP/1.1 200"):
        raise BenchError(f"{name} did not answer 200: {answer[:300]!r}")


def _connect(door: Door) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", door.tunnel_port or door.port), PATIENCE_S)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if door.tunnel_port:
        _open_tunnel(plain, door)
    if not door.ca_file:
        return plain
    context = ssl.create_default_context(cafile=door.ca_file)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def _open_tunnel(plain: socket.socket, door: Door) -> None:
    target = f"127.0.0.1:{door.port}"
    token = base64.b64encode(f"srt:{door.tunnel_token}".encode()).decode()
    plain.sendall(
        f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
        f"Proxy-Authorization: Basic {token}\r\n\r\n".encode()
    )
    answer = plain.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise BenchError(f"{door.name} opened no tunnel: {answer[:300]!r}")
