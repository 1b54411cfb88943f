"""Serving: the event loop of the doors, for as long as the process lives."""

from __future__ import annotations

import asyncio
import gc
import hmac  # noqa: F401  (route uses it per request, and no file can be opened when none is left)
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING

from phantomrun.proxy.listener import BACKLOG
from phantomrun.proxy.relay import Relay
from phantomrun.proxy.tunnel import Chain
from phantomrun.proxy.upstream import Pool
from phantomrun.wire.http.exchange import HttpWire

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from phantomrun.wire.http.door import Door

_TLS_BUFFER_BYTES = 32 * 1024  # asyncio's own 256 KiB for each connection cost 7 MB at 32


def serve(doors: Sequence[tuple[socket.socket, Door]], *, environ: Mapping[str, str]) -> None:
    """Serve `doors` until the process ends; `environ` may name a proxy to go through."""
    SSLProtocol.max_size = _TLS_BUFFER_BYTES
    loop = asyncio.new_event_loop()
    # a connection that fails on a bug of ours is closed by asyncio; the others go on
    loop.set_exception_handler(lambda _loop, _context: None)
    gc.freeze()  # what start-up made stays; collections need not look at it again
    gc.enable()
    loop.run_until_complete(_serve(doors, Pool(Chain(environ))))


async def _serve(doors: Sequence[tuple[socket.socket, Door]], pool: Pool) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        for listener, door in doors:
            await loop.create_server(_factory(door, pool, tasks), sock=listener, backlog=BACKLOG)
        await pool.sweep()


def _factory(door: Door, pool: Pool, tasks: asyncio.TaskGroup) -> Callable[[], Relay]:
    return lambda: Relay(HttpWire(door), pool, tasks)
