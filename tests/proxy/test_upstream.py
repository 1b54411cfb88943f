"""Dialling: TLS that is always verified, reasons that can be read, idle connections."""

from __future__ import annotations

import asyncio
import json
import ssl

import pytest
import trustme

from phantomrun.proxy import upstream as dialling
from phantomrun.proxy.upstream import verifying_context
from tests.proxy.ground import REAL, Serve, head, proxied, rest, serving


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def _answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await head(reader):
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def _ask(
    url: str,
    *,
    ca_pem: str = "",
    context: ssl.SSLContext | None = None,
    serve: Serve = _answering,
) -> bytes:
    async def scenario() -> bytes:
        async with (
            serving(serve, ssl=context) as port,
            proxied(url.replace("PORT", str(port)), ca_pem=ca_pem) as door,
        ):
            reader, writer = await door.open()
            writer.write(door.request(fields="Connection: close\r\n"))
            answer = await rest(reader)
            writer.close()
            return answer

    return asyncio.run(scenario())


def test_a_trusted_upstream_is_reached(authority: trustme.CA) -> None:
    ca_pem = authority.cert_pem.bytes().decode()

    answer = _ask("https://127.0.0.1:PORT", ca_pem=ca_pem, context=_server(authority, "127.0.0.1"))

    assert answer.startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize(
    ("trusted", "names", "why"),
    [
        (False, ("127.0.0.1",), b"unable to get local issuer certificate"),
        (True, ("somebody.test",), b"IP address mismatch"),
    ],
    ids=["unknown authority", "another host"],
)
def test_tls_is_always_verified(
    authority: trustme.CA, trusted: bool, names: tuple[str, ...], why: bytes
) -> None:
    ca_pem = authority.cert_pem.bytes().decode() if trusted else ""

    answer = _ask("https://127.0.0.1:PORT", ca_pem=ca_pem, context=_server(authority, *names))

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"Phantomrun-Error: PR-TLS\r\n" in answer
    assert b"x-should-retry: false\r\n" in answer
    assert why in answer
    assert REAL not in answer


def test_an_upstream_without_tls_is_a_tls_failure() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Speak plainly\r\n\r\n")

    answer = _ask("https://127.0.0.1:PORT", serve=plain)

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"Phantomrun-Error: PR-TLS\r\n" in answer


def test_nobody_at_the_port_is_unreachable() -> None:
    answer = _ask("http://127.0.0.1:9")  # discard: nobody listens there

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"Phantomrun-Error: PR-UNREACHABLE\r\n" in answer
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert "127.0.0.1:9 could not be reached" in body["detail"]


def test_keys_of_tls_sessions_are_not_logged() -> None:
    context = verifying_context("")

    assert getattr(context, "keylog_filename", None) is None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_idle_connections_are_closed_in_time() -> None:
    async def scenario() -> None:
        closed = asyncio.Event()

        async def until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            assert await reader.read() == b""
            closed.set()

        async with serving(until_closed) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            writer.write(door.request())
            await head(reader)
            loop = asyncio.get_running_loop()
            door.pool.sweep_once(loop.time() + dialling.IDLE_S / 2)
            assert not closed.is_set()

            door.pool.sweep_once(loop.time() + dialling.IDLE_S + 1)

            await asyncio.wait_for(closed.wait(), 10)
            writer.close()

    asyncio.run(scenario())


def test_no_more_than_enough_idle_connections_are_kept() -> None:
    async def scenario() -> int:
        async with serving(_answering) as port, proxied(f"http://127.0.0.1:{port}") as door:
            streams = [await door.open() for _ in range(dialling.MAX_IDLE + 8)]
            for _, writer in streams:
                writer.write(door.request())
            for reader, _ in streams:
                await head(reader)
            count = door.pool.idle_count()
            for _, writer in streams:
                writer.close()
            return count

    assert asyncio.run(scenario()) == dialling.MAX_IDLE
