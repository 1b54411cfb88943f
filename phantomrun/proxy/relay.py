"""The relay: two transports and a wire between them; it performs actions and knows no protocol."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from phantomrun.proxy.upstream import DialFailed, Pool, UpstreamConnection
from phantomrun.wire.actions import Action, Dial, Hangup, Release, ToChild, ToUpstream

if TYPE_CHECKING:
    from phantomrun.core.route import Upstream
    from phantomrun.wire.actions import Wire

LINGER_S = 2.0  # how long a child that is still sending may read our last answer
FIRST_REQUEST_S = 30.0  # how long a connection may stand without having brought a phantom
MAX_UNSENT_BYTES = 256 * 1024  # kept for an upstream that is being dialled
_RESET = struct.pack("ii", 1, 0)


class Relay(asyncio.Protocol):
    """One child's connection, the upstream's of its current exchange, and the balance between."""

    def __init__(self, wire: Wire, pool: Pool, tasks: asyncio.TaskGroup) -> None:
        self._wire = wire
        self._pool = pool
        self._tasks = tasks
        self._child: asyncio.Transport | None = None
        self._upstream: UpstreamConnection | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._unsent = bytearray()
        self._child_full = False
        self._upstream_full = False
        self._over = False
        self._drained = False
        self._patience: asyncio.TimerHandle | None = None

    # the child's side: asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (create_server's promise)
        self._child = transport
        # whoever has no phantom must not keep our descriptors
        self._patience = asyncio.get_running_loop().call_later(FIRST_REQUEST_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        if not self._over:  # lingering: what still arrives is thrown away
            self._perform(self._wire.from_child(data))

    def eof_received(self) -> None:
        if not self._over:
            self._perform(self._wire.from_child(b""))

    def connection_lost(self, exc: Exception | None) -> None:
        self._over = True
        self._trust()
        self._drop_upstream()

    def pause_writing(self) -> None:
        self._child_full = True
        self._balance()
        if self._upstream is not None and self._upstream.transport is not None:
            self._upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        self._child_full = False
        self._balance()
        if self._upstream is not None and self._upstream.transport is not None:
            self._upstream.transport.resume_reading()

    # the upstream's side: Owner

    def upstream_data(self, data: bytes) -> None:
        self._perform(self._wire.from_upstream(data))

    def upstream_closed(self, *, clean: bool) -> None:
        self._upstream = None
        if clean:
            self._perform(self._wire.from_upstream(b""))
        else:
            self._perform(self._wire.upstream_failed("the upstream's connection broke"))

    def upstream_full(self, full: bool) -> None:
        self._upstream_full = full
        self._balance()

    # performing

    def _perform(self, actions: list[Action]) -> None:
        child: list[bytes] = []
        upstream: list[bytes] = []
        for action in actions:
            if isinstance(action, ToChild):
                child.append(action.data)
            elif isinstance(action, ToUpstream):
                upstream.append(action.data)
            elif isinstance(action, Dial):
                self._dial(action)
            else:
                self._flush(child, upstream)
                self._end_exchange(action)
        self._flush(child, upstream)
        self._balance()

    def _flush(self, child: list[bytes], upstream: list[bytes]) -> None:
        if child and self._child is not None:
            self._child.write(b"".join(child))
            child.clear()
        if upstream:
            self._send(b"".join(upstream))
            upstream.clear()

    def _send(self, data: bytes) -> None:
        if self._upstream is not None and self._upstream.transport is not None:
            self._upstream.transport.write(data)
        else:
            self._unsent += data

    def _end_exchange(self, action: Release | Hangup) -> None:
        if isinstance(action, Hangup):
            self._hang_up(reset=action.reset)
            return
        connection, self._upstream = self._upstream, None
        self._upstream_full = False
        self._unsent.clear()
        if connection is None:
            return
        if action.reusable:
            self._pool.keep(connection)
        else:
            connection.discard()

    def _trust(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _dial(self, action: Dial) -> None:
        self._trust()
        self._drop_upstream()
        self._unsent.clear()
        connection = None if action.fresh else self._pool.idle(action.upstream)
        self._wire.reused(connection is not None)
        if connection is not None:
            self._attach(connection)
        else:
            self._dialling = self._tasks.create_task(self._connect(action.upstream))

    async def _connect(self, upstream: Upstream) -> None:
        try:
            connection = await self._pool.dial(upstream)
        except DialFailed as failure:
            self._dialling = None
            self._perform(self._wire.upstream_failed(failure.why, code=failure.code))
            return
        self._dialling = None
        if self._over or not connection.usable:
            connection.discard()
            self._perform(self._wire.upstream_failed("the upstream closed the connection at once"))
            return
        self._attach(connection)
        if self._unsent:
            data = bytes(self._unsent)
            self._unsent.clear()
            self._send(data)
        self._balance()

    def _attach(self, connection: UpstreamConnection) -> None:
        self._upstream = connection
        connection.owner = self
        if self._child_full and connection.transport is not None:
            connection.transport.pause_reading()

    def _drop_upstream(self) -> None:
        if self._dialling is not None:
            self._dialling.cancel()
            self._dialling = None
        connection, self._upstream = self._upstream, None
        self._upstream_full = False
        if connection is not None:
            connection.discard()

    def _hang_up(self, *, reset: bool) -> None:
        """Close the child's connection so that what was written arrives, or clearly does not."""
        self._over = True
        self._drop_upstream()
        child = self._child
        if child is None or child.is_closing():
            return
        if reset:
            raw = child.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            child.abort()
            return
        # closing with unread bytes would be a reset, and could take our answer with it
        child.resume_reading()
        child.write_eof()
        self._linger()

    def _linger(self) -> None:
        """Close once everything was written and the child has had the time to read it.

        However slow it reads: what is thrown away here would be an answer that looks complete.
        """
        child = self._child
        if child is None or child.is_closing():
            return
        if self._drained:
            child.abort()
            return
        self._drained = child.get_write_buffer_size() == 0
        asyncio.get_running_loop().call_later(LINGER_S, self._linger)

    def _balance(self) -> None:
        """Read from the child only while what it sends has somewhere to go."""
        if self._child is None or self._over or self._child.is_closing():
            return
        waiting = len(self._unsent) > MAX_UNSENT_BYTES
        if self._wire.blocked or self._upstream_full or self._child_full or waiting:
            self._child.pause_reading()
        else:
            self._child.resume_reading()
