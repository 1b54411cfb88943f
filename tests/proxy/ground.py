"""A relay on a real socket, and upstreams that do what a test tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from phantomrun.core.phantom import Phantom
from phantomrun.core.provider import Provider, Shape, Slot
from phantomrun.core.route import Route, Stand, link, parse_upstream
from phantomrun.core.secret import Secret
from phantomrun.proxy import listener
from phantomrun.proxy.relay import Relay
from phantomrun.proxy.upstream import Pool
from phantomrun.wire.http.door import Door
from phantomrun.wire.http.exchange import HttpWire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from phantomrun.proxy.tunnel import Chain

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
REAL = b"sk-CANARY-real-0123456789-abcdefgh"
PHANTOM = b"sk-phantom-made-for-this-run-00000"


def provider(*, errors: str = "problem") -> Provider:
    """Return a provider called `acme` with a bearer slot."""
    return Provider(
        name="acme",
        title="Acme",
        way="base-url",
        grade="docs",
        source="a test",
        checked="2026-11-21",
        secrets=("ACME_KEY",),
        upstream="",
        version="",
        points={"ACME_URL": "{listener}"},
        shape=Shape(),
        slots=(Slot("header", "authorization", "Bearer "),),
        errors=errors,  # type: ignore[arg-type]  # a literal in every test
        note="",
    )


class Proxied:
    """A running door and the pool behind it."""

    def __init__(self, port: int, pool: Pool) -> None:
        self.port = port
        self.pool = pool

    def request(self, path: str = "/", *, method: str = "GET", fields: str = "") -> bytes:
        """Return a request's head with the phantom in its slot; `fields` are whole lines."""
        return (
            f"{method} /acme{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {PHANTOM.decode()}\r\n{fields}\r\n"
        ).encode()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def proxied(
    upstream: str, *, ca_pem: str = "", chain: Chain | None = None
) -> AsyncIterator[Proxied]:
    """Serve a route to `upstream` on a real port."""
    route = Route(
        provider(),
        (
            Stand(
                Phantom(PHANTOM, Secret("ACME_KEY", REAL)), parse_upstream(upstream, ca_pem=ca_pem)
            ),
        ),
    )
    door = listener.bind()
    port = listener.port(door)
    origin = f"http://127.0.0.1:{port}"
    served = Door(link([route]), origin=origin)
    pool = Pool(chain)
    transports: list[asyncio.BaseTransport] = []

    class Kept(Relay):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.append(transport)
            super().connection_made(transport)

    async with asyncio.TaskGroup() as tasks:
        server = await asyncio.get_running_loop().create_server(
            lambda: Kept(HttpWire(served), pool, tasks), sock=listener.opened(door)
        )
        yield Proxied(port, pool)
        server.close()
        pool.close()
        for transport in transports:
            transport.close()
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
    await asyncio.sleep(0)  # the transports close their sockets in the loop's next round


@asynccontextmanager
async def serving(
    serve: Serve,
    **options: object,
) -> AsyncIterator[int]:
    """Serve connections with `serve` and return the port."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side hung up, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, **options)  # type: ignore[arg-type]  # ssl, limit
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)


async def head(reader: asyncio.StreamReader) -> bytes:
    """Return a head with its blank line, within a deadline."""
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the other side closes, within a deadline."""
    return await asyncio.wait_for(reader.read(), 10)
