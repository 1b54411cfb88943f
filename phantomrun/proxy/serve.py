"""Serving: the event loop, until the command is gone."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import TYPE_CHECKING

from phantomrun.proxy.relay import Relay
from phantomrun.proxy.tunnel import Chain
from phantomrun.proxy.upstream import Pool
from phantomrun.wire.http.exchange import HttpWire

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from phantomrun.wire.http.exchange import Door


def serve(
    doors: Sequence[tuple[socket.socket, Door]], gone: int, *, environ: Mapping[str, str]
) -> None:
    """Serve `doors` until the file descriptor `gone` becomes readable.

    Nothing is wound down: the process ends next, and with it every socket and secret.
    """
    loop = asyncio.new_event_loop()
    # a connection that fails on a bug of ours is closed by asyncio; the others go on
    loop.set_exception_handler(lambda _loop, _context: None)
    gc.freeze()  # what start-up made stays; collections need not look at it again
    loop.run_until_complete(_until_gone(doors, gone, Pool(Chain(environ))))
    os._exit(0)


async def _until_gone(doors: Sequence[tuple[socket.socket, Door]], gone: int, pool: Pool) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(gone, over.set)
    async with asyncio.TaskGroup() as tasks:
        for listener, door in doors:
            await loop.create_server(
                lambda door=door: Relay(HttpWire(door), pool, tasks),  # type: ignore[misc]  # mypy: default of a lambda
                sock=listener,
                backlog=1024,
            )
        sweeping = tasks.create_task(pool.sweep())
        await over.wait()
        sweeping.cancel()
        os._exit(0)
