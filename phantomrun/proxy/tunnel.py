"""Tunnels through the network's own proxy, where the environment names one (RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from phantomrun.core.route import Upstream

MAX_ANSWER_BYTES = 16 * 1024
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")
_ACCEPTED = re.compile(rb"HTTP/1\.[01] 2\d\d ")


class Through(NamedTuple):
    """A proxy to go through; `authorization` is empty or a whole field value."""

    host: str
    port: int
    authorization: str


class Chain:
    """Which hosts are reached through which proxy: HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        named = {name.lower(): value for name, value in environ.items() if value}
        self._url = named.get("https_proxy") or named.get("all_proxy") or ""
        self._direct = [
            entry.strip().lower() for entry in named.get("no_proxy", "").split(",") if entry.strip()
        ]

    def toward(self, host: str) -> Through | None:
        """Return the proxy for `host`, or None where it is dialled directly.

        Raises OSError for a proxy that we cannot use: going round it is not ours to decide.
        """
        if not self._url or _LOOPBACK.fullmatch(host):
            return None
        if any(_covers(entry, host) for entry in self._direct):
            return None
        try:
            return _through(self._url if "://" in self._url else f"http://{self._url}")
        except ValueError:
            raise OSError(None, "the URL of the ambient proxy cannot be read") from None


def _through(url: str) -> Through:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise OSError(None, f"the ambient proxy is {parts.scheme}://; only http:// is spoken")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + b64encode(pair.encode()).decode()
    return Through(parts.hostname, parts.port or 80, authorization)


def _covers(entry: str, host: str) -> bool:
    """Tell whether a NO_PROXY entry means `host`: a name, or a domain and all below it."""
    domain = entry.removeprefix("*").removeprefix(".")
    return entry == "*" or host == domain or (domain != "" and host.endswith(f".{domain}"))


async def tunnel(through: Through, upstream: Upstream) -> asyncio.Transport:
    """Return a connection to `upstream` by way of `through`; raises OSError when it declines."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_connection(lambda: _Asking(answer), through.host, through.port)
    authority = f"{upstream.host}:{upstream.port}"
    if ":" in upstream.host:
        authority = f"[{upstream.host}]:{upstream.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if through.authorization:
        lines.append(f"Proxy-Authorization: {through.authorization}")
    transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    try:
        head = await answer
    except BaseException:  # our deadline too, or a child that went away
        transport.abort()
        raise
    if not _ACCEPTED.match(head):
        transport.abort()
        said = head.partition(b"\r\n")[0][:80].decode("latin-1")
        raise OSError(None, f"the proxy {through.host}:{through.port} answered {said!r}")
    return transport


class _Asking(asyncio.Protocol):
    """Waits for the proxy's answer; what follows it belongs to the upstream."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (create_connection's promise)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if self._answer.done() or self._transport is None:
            return
        if b"\r\n\r\n" in self._heard or len(self._heard) > MAX_ANSWER_BYTES:
            self._transport.pause_reading()
            self._answer.set_result(self._heard)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(OSError(None, "the proxy closed the connection"))
