"""Connections to upstreams: dialling, verified TLS, and idle ones kept for the next exchange."""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import TYPE_CHECKING, Protocol

from phantomrun.proxy.tunnel import Chain, Through, tunnel

if TYPE_CHECKING:
    from phantomrun.core.route import Upstream

DIAL_TIMEOUT_S = 15.0
IDLE_S = 15.0  # below the keep-alive time of most servers, so that they rarely close first
# Debian, Fedora, openSUSE, Alpine and macOS: for a Python that was built somewhere else
_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
MAX_IDLE = 64  # connections per upstream


class Owner(Protocol):
    """Who uses a connection at the moment."""

    def upstream_data(self, data: bytes) -> None: ...

    def upstream_closed(self, *, clean: bool) -> None: ...

    def upstream_full(self, full: bool) -> None: ...


class DialFailed(Exception):
    """The upstream could not be reached (PR-UNREACHABLE) or trusted (PR-TLS)."""

    def __init__(self, why: str, *, code: str = "PR-UNREACHABLE") -> None:
        super().__init__(why)
        self.why = why
        self.code = code


class UpstreamConnection(asyncio.Protocol):
    """One connection to an upstream; what arrives goes to its owner."""

    def __init__(self, pool: Pool, upstream: Upstream) -> None:
        self._pool = pool
        self.upstream = upstream
        self.owner: Owner | None = None
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self._ended = False

    @property
    def usable(self) -> bool:
        return self.transport is not None and not self._ended and not self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (create_connection's promise)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.owner is not None:
            self.owner.upstream_data(data)
        else:  # nobody asked: whatever it is, the next exchange must not read it
            self.discard()

    def eof_received(self) -> None:
        self._end(clean=self._said_goodbye())

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(clean=exc is None)

    def pause_writing(self) -> None:
        if self.owner is not None:
            self.owner.upstream_full(True)

    def resume_writing(self) -> None:
        if self.owner is not None:
            self.owner.upstream_full(False)

    def discard(self) -> None:
        """Close at once; nobody is told."""
        self.owner = None
        self._ended = True
        self._pool.forget(self)
        if self.transport is not None:
            self.transport.abort()

    def _said_goodbye(self) -> bool:
        """Tell whether the end was the upstream's word: in TLS, a close_notify (RFC 8446, 6.1).

        asyncio reports a connection that was cut in the same way, and only that alert tells a
        complete answer without a length from half of one.
        """
        tls = None if self.transport is None else self.transport.get_extra_info("ssl_object")
        if tls is None:
            return True
        try:
            return bool(tls.read(1) == b"")
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLError:
            return False

    def _end(self, *, clean: bool) -> None:
        if self._ended:
            return
        self._ended = True
        self._pool.forget(self)
        if self.owner is not None:
            self.owner.upstream_closed(clean=clean)


class Pool:
    """Idle connections by upstream, and the contexts that new ones are verified with."""

    def __init__(self, chain: Chain | None = None) -> None:
        self._chain = chain
        self._idle: dict[Upstream, list[UpstreamConnection]] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}

    def idle(self, upstream: Upstream) -> UpstreamConnection | None:
        """Return the connection that was used last, if one is left."""
        waiting = self._idle.get(upstream, [])
        while waiting:
            connection = waiting.pop()
            if connection.usable:
                return connection
        return None

    def keep(self, connection: UpstreamConnection) -> None:
        """Keep `connection` for the next exchange, or close it when there are enough."""
        connection.owner = None
        waiting = self._idle.setdefault(connection.upstream, [])
        if not connection.usable or len(waiting) >= MAX_IDLE or connection.transport is None:
            connection.discard()
            return
        connection.transport.resume_reading()
        connection.idle_since = asyncio.get_running_loop().time()
        waiting.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Take an ended connection out."""
        waiting = self._idle.get(connection.upstream, [])
        if connection in waiting:
            waiting.remove(connection)

    def close(self) -> None:
        """Close whatever is idle."""
        for waiting in self._idle.values():
            for connection in list(waiting):
                connection.discard()

    def idle_count(self) -> int:
        """Return how many connections are kept."""
        return sum(map(len, self._idle.values()))

    def sweep_once(self, now: float) -> None:
        """Close what has been idle for too long at `now`, in the event loop's time."""
        for waiting in self._idle.values():
            for connection in [c for c in waiting if now - c.idle_since > IDLE_S]:
                connection.discard()

    async def sweep(self) -> None:
        """Sweep from time to time, for ever."""
        while True:
            await asyncio.sleep(IDLE_S / 3)
            self.sweep_once(asyncio.get_running_loop().time())

    async def dial(self, upstream: Upstream) -> UpstreamConnection:
        """Return a new connection; raises DialFailed with a reason for the child."""
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                return await self._connect(upstream)
        except ssl.SSLCertVerificationError as error:
            why = f"TLS to {upstream.authority} failed: {error.verify_message}"
            raise DialFailed(why, code="PR-TLS") from None
        except ssl.SSLError as error:
            why = f"TLS to {upstream.authority} failed: {error.reason or error}"
            raise DialFailed(why, code="PR-TLS") from None
        except TimeoutError:
            why = f"{upstream.authority} did not answer within {DIAL_TIMEOUT_S:.0f} s"
            raise DialFailed(why) from None
        except OSError as error:
            why = f"{upstream.authority} could not be reached: {error.strerror or error}"
            raise DialFailed(why) from None
        except Exception as error:
            # a host name that cannot be encoded, a proxy URL that cannot be read, a bug: whatever
            # it is, it costs this exchange and not the run, which shares one task group
            why = f"{upstream.authority} could not be dialled: {type(error).__name__}"
            raise DialFailed(why) from None

    async def _connect(self, upstream: Upstream) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        made = UpstreamConnection(self, upstream)
        context = self._context(upstream.ca_pem) if upstream.scheme == "https" else None
        through = self._chain.toward(upstream.host) if self._chain is not None else None
        if through is not None:
            return await self._connect_through(through, made, context)
        await loop.create_connection(
            lambda: made,
            upstream.host,
            upstream.port,
            ssl=context,
            server_hostname=upstream.host if context is not None else None,
            happy_eyeballs_delay=None if upstream.host == "127.0.0.1" else 0.25,
        )
        return made

    async def _connect_through(
        self, through: Through, made: UpstreamConnection, context: ssl.SSLContext | None
    ) -> UpstreamConnection:
        transport = await tunnel(through, made.upstream)
        if context is None:
            transport.set_protocol(made)
            made.connection_made(transport)
            transport.resume_reading()
            return made
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport, made, context, server_hostname=made.upstream.host
            )
        except BaseException:  # our deadline too, or a child that went away
            transport.abort()
            raise
        if secured is None:
            raise OSError(None, "the tunnel closed during the handshake")
        made.connection_made(secured)
        return made

    def _context(self, ca_pem: str) -> ssl.SSLContext:
        context = self._contexts.get(ca_pem)
        if context is None:
            context = self._contexts[ca_pem] = verifying_context(ca_pem)
        return context


def verifying_context(ca_pem: str) -> ssl.SSLContext:
    """Return a context that trusts the system's store and the authorities in `ca_pem`.

    Not `ssl.create_default_context`, which would write keys to SSLKEYLOGFILE and trust whatever
    SSL_CERT_FILE names.
    """
    # SECURITY: certificate and host name are always checked (test_tls_is_always_verified)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trust_system(context)
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _trust_system(context: ssl.SSLContext) -> None:
    """Load the store that OpenSSL was built for, else the first of those that systems have."""
    built_in = ssl.get_default_verify_paths()
    if os.path.isdir(built_in.openssl_capath):
        context.load_verify_locations(capath=built_in.openssl_capath)
    for path in (built_in.openssl_cafile, *_STORES):
        if os.path.isfile(path):
            context.load_verify_locations(cafile=path)
            return
