"""The same swap as an addon of mitmproxy's reverse mode: `mitmdump -s mitmproxy_addon.py`."""

from __future__ import annotations

import importlib
import os
from typing import Any

http: Any = importlib.import_module("mitmproxy.http")  # a peer's dependency, not this project's

PHANTOM = f"Bearer {os.environ['BENCH_PHANTOM']}"
SECRET = f"Bearer {os.environ['BENCH_SECRET']}"


def request(flow: Any) -> None:
    """Swap the header and take the prefix off the path."""
    if flow.request.headers.get("authorization") != PHANTOM:
        flow.response = http.Response.make(401)
        return
    flow.request.headers["authorization"] = SECRET
    flow.request.path = flow.request.path.removeprefix("/openai")
