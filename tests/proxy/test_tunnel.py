"""Tunnels: through the proxy that the environment names, or not at all."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme

from phantomrun.proxy.tunnel import Chain, Through
from tests.proxy.ground import REAL, Proxied, head, proxied, rest, serving


@pytest.mark.parametrize(
    ("environ", "host", "expected"),
    [
        ({}, "api.acme.test", None),
        ({"HTTPS_PROXY": "http://p.test:3128"}, "api.acme.test", Through("p.test", 3128, "")),
        ({"https_proxy": "p.test"}, "api.acme.test", Through("p.test", 80, "")),
        ({"ALL_PROXY": "http://p.test:1"}, "api.acme.test", Through("p.test", 1, "")),
        ({"HTTP_PROXY": "http://p.test:1"}, "api.acme.test", None),
        (
            {"HTTPS_PROXY": "http://u:p%40@p.test:1"},
            "a.test",
            Through("p.test", 1, "Basic dTpwQA=="),
        ),
        ({"HTTPS_PROXY": "http://p.test:1"}, "127.0.0.1", None),
        ({"HTTPS_PROXY": "http://p.test:1"}, "localhost", None),
        ({"HTTPS_PROXY": "http://p.test:1", "NO_PROXY": "*"}, "a.test", None),
        ({"HTTPS_PROXY": "http://p.test:1", "NO_PROXY": "b, a.test"}, "a.test", None),
        ({"HTTPS_PROXY": "http://p.test:1", "no_proxy": ".acme.test"}, "api.acme.test", None),
        ({"HTTPS_PROXY": "http://p.test:1", "no_proxy": "acme.test"}, "api.acme.test", None),
        (
            {"HTTPS_PROXY": "http://p.test:1", "no_proxy": "acme.test"},
            "notacme.test",
            Through("p.test", 1, ""),
        ),
    ],
)
def test_which_hosts_go_through_which_proxy(
    environ: dict[str, str], host: str, expected: Through | None
) -> None:
    assert Chain(environ).toward(host) == expected


def test_a_proxy_that_is_not_spoken_to_is_not_passed_by() -> None:
    with pytest.raises(OSError, match="socks5"):
        Chain({"ALL_PROXY": "socks5://p.test:1080"}).toward("api.acme.test")


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://127.0.0.1:99999", "http://a..b:80", "http://:80"]
)
def test_a_proxy_url_that_cannot_be_read_costs_one_exchange(url: str) -> None:
    async def ask(door: Proxied) -> bytes:
        reader, writer = await door.open()
        writer.write(door.request(fields="Connection: close\r\n"))
        answer = await rest(reader)
        writer.close()
        return answer

    async def scenario() -> tuple[bytes, bytes]:
        chain = Chain({"HTTPS_PROXY": url})
        async with proxied("https://api.acme.test", chain=chain) as door:
            return await ask(door), await ask(door)

    for answer in asyncio.run(scenario()):
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert b"Phantomrun-Error: PR-UNREACHABLE\r\n" in answer


def test_tls_goes_end_to_end_through_the_tunnel() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.acme.test").configure_cert(context)
    asked: list[bytes] = []

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await head(reader)
        assert REAL in request
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def scenario() -> bytes:
        async with serving(answering, ssl=context) as target:

            async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                asked.append(await head(reader))
                inner_reader, inner = await asyncio.open_connection("127.0.0.1", target)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                try:
                    await asyncio.gather(_pump(reader, inner), _pump(inner_reader, writer))
                finally:
                    inner.close()

            async with serving(connect) as proxy:
                chain = Chain({"HTTPS_PROXY": f"http://127.0.0.1:{proxy}"})
                ca_pem = authority.cert_pem.bytes().decode()
                async with proxied("https://api.acme.test", ca_pem=ca_pem, chain=chain) as door:
                    reader, writer = await door.open()
                    writer.write(door.request(fields="Connection: close\r\n"))
                    answer = await rest(reader)
                    writer.close()
                    return answer

    answer = asyncio.run(scenario())

    assert answer.startswith(b"HTTP/1.1 204 ")
    assert asked[0].startswith(b"CONNECT api.acme.test:443 HTTP/1.1\r\nHost: api.acme.test:443\r\n")
    assert REAL not in asked[0]


def test_a_proxy_that_declines_is_named() -> None:
    async def declining(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 407 Who are you\r\n\r\n")

    async def scenario() -> bytes:
        async with serving(declining) as proxy:
            chain = Chain({"HTTPS_PROXY": f"http://127.0.0.1:{proxy}"})
            async with proxied("https://api.acme.test", chain=chain) as door:
                reader, writer = await door.open()
                writer.write(door.request(fields="Connection: close\r\n"))
                answer = await rest(reader)
                writer.close()
                return answer

    answer = asyncio.run(scenario())

    assert b"Phantomrun-Error: PR-UNREACHABLE\r\n" in answer
    assert b"407 Who are you" in answer


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
        writer.write_eof()
    except OSError:
        writer.close()


def test_a_tunnel_that_comes_to_nothing_leaves_no_connection() -> None:
    async def scenario() -> None:
        closed = asyncio.Event()
        asked = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            asked.set()
            assert await reader.read() == b""
            closed.set()

        async with serving(silent) as proxy:
            chain = Chain({"HTTPS_PROXY": f"http://127.0.0.1:{proxy}"})
            async with proxied("https://api.acme.test", chain=chain) as door:
                _, writer = await door.open()
                writer.write(door.request())
                await asyncio.wait_for(asked.wait(), 10)
                writer.close()  # the child goes away, and the dial is cancelled
                await asyncio.wait_for(closed.wait(), 10)

    asyncio.run(scenario())
