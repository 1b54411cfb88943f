"""A reverse proxy written with aiohttp: the same swap, streamed both ways, upstream verified.

Run as `python aiohttp_proxy.py PORT UPSTREAM_PORT CA_FILE`, with BENCH_PHANTOM and BENCH_SECRET.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import ssl
import sys
from typing import Any

aiohttp: Any = importlib.import_module("aiohttp")  # a peer's dependency, not this project's
web: Any = importlib.import_module("aiohttp.web")

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
PREFIX = "/openai"


class Swap:
    """The swap and where it leads."""

    def __init__(self, upstream_port: int, ca_file: str) -> None:
        self._upstream = f"https://127.0.0.1:{upstream_port}"
        self._context = ssl.create_default_context(cafile=ca_file)
        self._phantom = f"Bearer {os.environ['BENCH_PHANTOM']}"
        self._secret = f"Bearer {os.environ['BENCH_SECRET']}"
        self._pool: Any = None

    async def open(self, _: Any) -> None:
        connector = aiohttp.TCPConnector(ssl=self._context, limit=0, keepalive_timeout=600)
        self._pool = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def close(self, _: Any) -> None:
        await self._pool.close()

    async def handle(self, request: Any) -> Any:
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP]
        if request.headers.get("Authorization") != self._phantom:
            return web.Response(status=401)
        headers = [(k, self._secret if k.lower() == "authorization" else v) for k, v in headers]
        headers = [(k, v) for k, v in headers if k.lower() != "host"]
        body = request.content if request.can_read_body else None
        target = self._upstream + request.raw_path.removeprefix(PREFIX)
        async with self._pool.request(
            request.method, target, headers=headers, data=body, allow_redirects=False
        ) as answer:
            kept = [(k, v) for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP]
            response = web.StreamResponse(status=answer.status, headers=kept)
            with contextlib.suppress(ConnectionResetError):  # wrk hangs up where it stands
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
            return response


def main() -> None:
    swap = Swap(int(sys.argv[2]), sys.argv[3])
    application = web.Application(client_max_size=1 << 40)
    application.router.add_route("*", PREFIX + "/{tail:.*}", swap.handle)
    application.on_startup.append(swap.open)
    application.on_cleanup.append(swap.close)
    web.run_app(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        keepalive_timeout=600,
        backlog=1024,
    )


if __name__ == "__main__":
    main()
