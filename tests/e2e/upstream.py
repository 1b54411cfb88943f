"""The suite's own upstream: TLS on loopback, real keys only, and every request on record.

Also a program, for the benchmark and for trying things by hand:
`python -m tests.e2e.upstream --ca-out ca.pem --key openai=…`.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Self

import h11
import trustme

from tests.e2e import lab, vendors
from tests.e2e.exchange import Exchange, Received, next_event, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HEAD_LIMIT_BYTES = 1 << 17
GATE_DEADLINE_S = 60.0  # a test that forgot a gate ends in a failure, not in silence
JOIN_DEADLINE_S = 5.0


class Gate:
    """A place where an answer stops until the test lets it go on."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._released = threading.Event()

    def wait_reached(self, deadline_s: float = 20.0) -> None:
        """Wait until an answer stands at the gate."""
        assert self._reached.wait(deadline_s), "no answer came to the gate"

    def release(self) -> None:
        """Let it through, and everything after it."""
        self._released.set()

    def hold(self) -> None:
        """Stand at the gate (the upstream's side)."""
        self._reached.set()
        self._released.wait(GATE_DEADLINE_S)


class Upstream:
    """A TLS server in threads: one accepts, one serves each connection."""

    def __init__(
        self,
        keys: Mapping[str, str],
        *,
        port: int = 0,
        names: tuple[str, ...] = ("127.0.0.1", "localhost"),
        expired: bool = False,
    ) -> None:
        self.keys = dict(keys)  # vendor → its real key
        self.requests: list[Received] = []
        self.malformed: list[str] = []  # what h11 would not read
        self.together = Together()
        self._gates: dict[str, Gate] = {}
        self._live: set[ssl.SSLSocket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._connections = 0
        authority = trustme.CA()
        self.ca_pem = authority.cert_pem.bytes()
        self._tls = _tls_context(authority, names, expired=expired)
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"https://127.0.0.1:{self.port}"
        self._spawn(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connections(self) -> int:
        """How many TLS connections were opened since the start."""
        return self._connections

    def gate(self, name: str = "held") -> Gate:
        """Return the gate of that name."""
        with self._lock:
            return self._gates.setdefault(name, Gate())

    def clear(self) -> None:
        """Forget the requests, and let go of whoever still stands at a gate."""
        with self._lock:
            gates, self._gates = self._gates, {}
        for gate in gates.values():
            gate.release()
        self.requests, self.malformed = [], []
        self.together = Together()

    def wait_until(self, met: Callable[[], bool], deadline_s: float = 20.0) -> None:
        """Wait until something is so."""
        until = time.monotonic() + deadline_s
        while not met():
            assert time.monotonic() < until, "it did not come to that"
            threading.Event().wait(0.01)

    def wait_until_quiet(self, progress: Callable[[], int], quiet_s: float = 0.5) -> None:
        """Wait until a number has stopped growing."""
        seen, since = progress(), time.monotonic()
        while time.monotonic() - since < quiet_s:
            threading.Event().wait(0.01)
            if progress() != seen:
                seen, since = progress(), time.monotonic()

    @property
    def idle(self) -> bool:
        """Tell whether no connection is open."""
        with self._lock:
            return not self._live

    def hang_up(self) -> None:
        """Close every open connection, idle ones too."""
        with self._lock:
            live = list(self._live)
        for sock in live:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop: no more connections, and none left open."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.clear()
        self.hang_up()
        for thread in list(self._threads):
            thread.join(JOIN_DEADLINE_S)

    def owner(self, value: str) -> str:
        """Return whose real key `value` is; "" if nobody's."""
        return next((name for name, key in self.keys.items() if key == value), "")

    def _spawn(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self._connections += 1
            self._spawn(self._serve, plain, self._connections)

    def _serve(self, plain: socket.socket, number: int) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.settimeout(GATE_DEADLINE_S)
        try:
            sock = self._tls.wrap_socket(plain, server_side=True)
        except OSError:  # the other side did not like our certificate
            plain.close()
            return
        with self._lock:
            self._live.add(sock)
        try:
            self._exchanges(sock, number)
        except OSError:  # gone, or cut on purpose
            pass
        except h11.RemoteProtocolError as refused:
            self.malformed.append(str(refused))
        finally:
            with self._lock:
                self._live.discard(sock)
            sock.close()

    def _exchanges(self, sock: ssl.SSLSocket, number: int) -> None:
        left = b""
        while True:
            parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT_BYTES)
            if left:
                parser.receive_data(left)
            event = next_event(sock, parser)
            if not isinstance(event, h11.Request):
                return
            received = _received(event, number)
            for place, value in received.credentials():
                if self.owner(value):
                    received.key, received.place = self.owner(value), place
            self.requests.append(received)
            exchange = Exchange(self, received, sock, parser)
            answer(exchange)
            if exchange.closed:
                return
            exchange.read()
            if received.header("connection").lower() == "close":
                exchange.finish()
                return
            left = bytes(parser.trailing_data[0])


class Together:
    """Holds answers back until a number of requests are under way at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting = 0

    def meet(self, count: int) -> bool:
        """Wait for `count` requests; False if they did not come."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._waiting >= count, GATE_DEADLINE_S / 4)


def answer(exchange: Exchange) -> None:
    """Answer one request: the vendors' paths, the laboratory's, and the controls."""
    path = exchange.received.path
    if "/lab/" in path:
        lab.answer(exchange)
    elif path == "/control/release":
        exchange.upstream.gate(exchange.received.query.get("gate", "held")).release()
        exchange.reply(200, {"released": True})
    else:
        vendors.answer(exchange)


def _received(request: h11.Request, connection: int) -> Received:
    return Received(
        method=request.method.decode(),
        target=request.target.decode(),
        headers=pairs(request.headers),
        connection=connection,
    )


def _tls_context(authority: trustme.CA, names: tuple[str, ...], *, expired: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    ends = datetime.datetime(2001, 1, 2, tzinfo=datetime.UTC) if expired else None
    authority.issue_cert(*names, not_after=ends).configure_cert(context)
    return context


def main() -> None:
    """Serve until Ctrl-C; the first line says where, in JSON."""
    options = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--ca-out", default="", help="where to write the authority's certificate")
    options.add_argument("--key", action="append", default=[], metavar="VENDOR=VALUE")
    given = options.parse_args()
    keys = dict(pair.split("=", 1) for pair in given.key)
    ca_path = given.ca_out or os.path.join(tempfile.gettempdir(), f"upstream-{os.getpid()}.pem")
    with Upstream(keys, port=given.port) as upstream:
        with open(ca_path, "wb") as file:
            file.write(upstream.ca_pem)
        sys.stdout.write(json.dumps({"url": upstream.url, "ca": ca_path}) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
