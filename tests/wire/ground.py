"""Routes, phantoms and a child to talk through a wire with; nothing here touches a socket."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import h11

from phantomrun.core.phantom import Phantom
from phantomrun.core.provider import Errors, Provider, Shape, Slot, Way
from phantomrun.core.route import Route, Stand, link, parse_upstream
from phantomrun.core.secret import Secret
from phantomrun.wire.actions import Action, Dial, Hangup, Release, ToChild, ToUpstream
from phantomrun.wire.http.door import Door
from phantomrun.wire.http.exchange import HttpWire

if TYPE_CHECKING:
    from collections.abc import Iterable

REAL = b"sk-proj-CANARYq7Zt3Vb9Xw2Lk8Rn4Ms"
PHANTOM = b"sk-proj-phantomW3sD8hQ1zB6yK0vTcE"
OTHER_REAL = b"sk-ant-CANARYp5Hj2Nc8Wq4Fv7Gx1Dk"
OTHER_PHANTOM = b"sk-ant-phantomL9uT6mR3oJ0iS5eA2x"
ORIGIN = "http://127.0.0.1:5050"
BEARER = Slot("header", "authorization", "Bearer ")
assert (len(REAL), len(OTHER_REAL)) == (len(PHANTOM), len(OTHER_PHANTOM))


def provider(
    name: str = "openai",
    *,
    slots: tuple[Slot, ...] = (BEARER,),
    version: str = "/v1",
    suffix: str = "/v1",
    way: Way = "base-url",
    errors: Errors = "openai",
) -> Provider:
    """Return a provider; `suffix` is what its canonical variable ends in."""
    return Provider(
        name=name,
        title=name.title(),
        way=way,
        grade="docs",
        source="a test",
        checked="2026-11-21",
        secrets=("KEY",),
        upstream="",
        version=version,
        points={
            "BASE_URL": ("{listener}" if way == "base-url" else "http://{host}:{port}") + suffix
        },
        shape=Shape(),
        slots=slots,
        errors=errors,
        note="",
    )


def stand(
    real: bytes = REAL,
    phantom: bytes = PHANTOM,
    *,
    upstream: str = "https://api.openai.com/v1",
    name: str = "KEY",
) -> Stand:
    return Stand(Phantom(phantom, Secret(name, real)), parse_upstream(upstream))


def openai(real: bytes = REAL, phantom: bytes = PHANTOM) -> Route:
    """Return the route most tests use: a bearer, and a variable that ends in /v1."""
    return Route(provider(), (stand(real, phantom),))


def anthropic() -> Route:
    """Return a route with two slots, and a variable without the version."""
    slots = (BEARER, Slot("header", "x-api-key", ""))
    made = provider("anthropic", slots=slots, suffix="", errors="anthropic")
    one = stand(
        OTHER_REAL, OTHER_PHANTOM, upstream="https://api.anthropic.com", name="ANTHROPIC_API_KEY"
    )
    return Route(made, (one,))


def door(*routes: Route, run_id: str = "", fingerprint: str = "") -> Door:
    return Door(
        link(routes or (openai(), anthropic())),
        origin=ORIGIN,
        run_id=run_id,
        fingerprint=fingerprint,
    )


class Talk:
    """A wire, what it said to either side so far, and what else it asked for."""

    def __init__(self, *routes: Route, idle: bool = False) -> None:
        self.wire = HttpWire(door(*routes))
        self.idle = idle  # the pool has a connection that nobody uses
        self.child = b""
        self.upstream = b""  # since the last dial
        self.asked: list[Dial | Release | Hangup] = []

    def says(self, data: bytes) -> Talk:
        """Let the child say `data`."""
        return self._perform(self.wire.from_child(data))

    def hears(self, data: bytes) -> Talk:
        """Let the upstream say `data`; empty data closes."""
        return self._perform(self.wire.from_upstream(data))

    def fails(self, why: str, *, code: str = "PR-UNREACHABLE") -> Talk:
        return self._perform(self.wire.upstream_failed(why, code=code))

    def _perform(self, actions: Iterable[Action]) -> Talk:
        for action in actions:
            if isinstance(action, ToChild):
                assert action.data, "nothing to say is not an action"
                self.child += action.data
            elif isinstance(action, ToUpstream):
                assert action.data, "nothing to say is not an action"
                self.upstream += action.data
            else:
                self.asked.append(action)
                if isinstance(action, Dial):
                    self.upstream = b""
                    self.wire.reused(self.idle and not action.fresh)
        return self

    @property
    def dialled(self) -> int:
        return sum(isinstance(action, Dial) for action in self.asked)

    @property
    def hung_up(self) -> Hangup | None:
        return next((action for action in self.asked if isinstance(action, Hangup)), None)

    @property
    def status(self) -> int:
        """Return the status of the first answer that the child got."""
        assert self.child.startswith(b"HTTP/1.1 "), self.child
        return int(self.child[9:12])

    @property
    def code(self) -> str:
        """Return the code of the first refusal, or "" where the answer was the upstream's."""
        head = self.child.partition(b"\r\n\r\n")[0]
        for line in head.split(b"\r\n"):
            if line.startswith(b"Phantomrun-Error: "):
                return line[18:].decode()
        return ""


def get(path: str = "/openai/v1/models", *, phantom: bytes = PHANTOM, fields: str = "") -> bytes:
    """Return a GET; `fields` are whole lines."""
    return request(path, phantom=phantom, fields=fields)


def request(
    path: str = "/openai/v1/models",
    *,
    method: str = "GET",
    phantom: bytes = PHANTOM,
    fields: str = "",
    body: bytes = b"",
    version: str = "1.1",
) -> bytes:
    head = f"{method} {path} HTTP/{version}\r\nHost: 127.0.0.1:5050\r\n".encode()
    return head + b"Authorization: Bearer " + phantom + b"\r\n" + fields.encode() + b"\r\n" + body


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    """Return a chunked body."""
    whole = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return whole + b"0\r\n" + trailers + b"\r\n"


def slices(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Return `data` cut at `cuts`, without empty pieces."""
    places = sorted({0, len(data), *(cut for cut in cuts if 0 < cut < len(data))})
    return [data[a:b] for a, b in itertools.pairwise(places)]


class Message:
    """A message as h11 reads it: what a conforming recipient understands."""

    def __init__(self, head: h11.Request | h11.Response, body: bytes, end: h11.EndOfMessage):
        self.head = head
        self.body = body
        self.trailers = list(end.headers)

    def values(self, name: str) -> list[bytes]:
        return [value for field, value in self.head.headers if field == name.encode()]


def read_response(data: bytes, *, method: str = "GET", closed: bool = False) -> Message:
    """Return the response in `data`, read by h11; `closed` says that the connection ended."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    if closed:
        client.receive_data(b"")
    return _read(client)


def read_request(data: bytes) -> Message:
    """Return the request in `data`, read by h11."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(data)
    return _read(server)


def _read(connection: h11.Connection) -> Message:
    head: h11.Request | h11.Response | None = None
    body = b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request | h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            return Message(head, body, event)
        else:
            assert isinstance(event, h11.InformationalResponse), f"{event!r} after {head} {body!r}"
