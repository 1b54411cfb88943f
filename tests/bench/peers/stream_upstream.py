"""The TLS upstream of the event and upload rows: stamps each event, counts each upload.

Run as `python stream_upstream.py PORT CERT KEY`, with the secret it accepts in BENCH_SECRET.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import time

EVENT = b'data: {"t":%d,"choices":[{"index":0,"delta":{"content":" word"}}]}\n\n'


class StreamUpstream(asyncio.Protocol):
    """One connection: any number of requests, one after the other."""

    def __init__(self, secret: str) -> None:
        self._expected = f"\r\nauthorization: bearer {secret}\r\n".lower().encode()
        self._buffer = b""
        self._missing = 0  # bytes of a request's body still to come
        self._counted = 0
        self._streaming: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        if self._streaming is not None:
            self._streaming.cancel()

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._count(data)
            return
        self._buffer += data
        head, gap, rest = self._buffer.partition(b"\r\n\r\n")
        if gap:
            self._buffer = b""
            self._begin(head + b"\r\n", rest)

    def _begin(self, head: bytes, rest: bytes) -> None:
        lowered = head.lower()
        if self._expected not in lowered:
            self._answer(b"401 Unauthorized", b"wrong key")
            return
        at = lowered.find(b"\r\ncontent-length:")
        if at >= 0:
            self._missing = int(lowered[at + 17 :].partition(b"\r\n")[0])
            self._counted = 0
            self._count(rest)
            return
        query = head.split(b" ", 2)[1].partition(b"?")[2].decode()
        wanted = dict(pair.split("=", 1) for pair in query.split("&"))
        loop = asyncio.get_running_loop()
        self._streaming = asyncio.ensure_future(
            self._stream(int(wanted["count"]), int(wanted["gap_us"]) / 1e6), loop=loop
        )

    def _count(self, data: bytes) -> None:
        self._counted += len(data)
        self._missing -= len(data)
        if self._missing == 0:
            self._answer(b"200 OK", b'{"bytes":%d}' % self._counted)

    async def _stream(self, count: int, gap_s: float) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(count):
            await asyncio.sleep(gap_s)
            event = EVENT % time.monotonic_ns()
            self._transport.write(b"%x\r\n%s\r\n" % (len(event), event))
        self._transport.write(b"0\r\n\r\n")

    def _answer(self, status: bytes, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body)
        )


async def serve(port: int, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    secret = os.environ["BENCH_SECRET"]
    server = await loop.create_server(
        lambda: StreamUpstream(secret), "127.0.0.1", port, ssl=context
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
