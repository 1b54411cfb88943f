"""Under the table: when, where and with what it was measured, and what exactly was compared."""

from __future__ import annotations

import os
import platform
import ssl
import subprocess
import time
from typing import TYPE_CHECKING

from phantomrun import __version__
from tests.bench.doors import AIOHTTP, MITMPROXY, SRT
from tests.bench.processes import required
from tests.bench.rows.events import GAP_US

if TYPE_CHECKING:
    from tests.bench.doors import Doors
    from tests.bench.ground import Ground

COMPARED = (
    "Every door gets the same request (GET, one credential header, 170 bytes of JSON back) from "
    "the same client, and leads to the same TLS 1.3 upstream: a second nginx that refuses anything "
    "but the real key. Every proxy keeps its upstream connections and verifies the certificate. "
    "nginx: `map` on Authorization, `proxy_set_header`, 64 upstream connections kept.",
    "Numbers are medians; a ratio is taken within each round (A B A B, every second round "
    "backwards) and the cell shows the median and the quartiles of those ratios. p99 is a sample "
    "that was measured, never a value between two.",
    f"Events are {GAP_US / 1000:g} ms apart and carry the upstream's monotonic clock.",
    "phantomrun also checks the phantom in constant time, serialises each head anew and scrubs "
    "each response; nginx compares a string and copies.",
)
SRT_COMPARED = (
    f"{SRT}: its proxy, held open through its library interface with `tlsTerminate` and one masked "
    "variable, so it swaps a sentinel for the real value. It is a forward proxy: its client asks "
    "for a tunnel and speaks TLS inside it (once per connection), which phantomrun's client does "
    "not. Its sandbox and the two socat relays between the sandbox and the proxy are not in the "
    "1-connection row; under wrk one socat opens the tunnels, on the client's core."
)


def remarks(ground: Ground, doors: Doors | None, *, took_s: float, others: float) -> str:
    """Return the list below the table; `others` is what everything else took of the machine."""
    lines = [_where(ground, took_s, others), *COMPARED, _layout(ground)]
    if doors is not None:
        lines.append(f"Versions: {_versions(doors)}.")
        if doors.named(SRT) is not None:
            lines.append(SRT_COMPARED)
    return "\n".join(f"* {line}" for line in lines)


def _where(ground: Ground, took_s: float, others: float) -> str:
    today = time.strftime("%Y-%m-%d")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{today}, `--{ground.size.name}` ({took_s:.0f} s): {_processor()}, "
        f"{os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}. "
        f"Processes that are no part of this took {others:.0%} of the machine meanwhile."
    )


def _processor() -> str:
    with open("/proc/cpuinfo") as listing:
        names = [
            line.partition(":")[2].strip() for line in listing if line.startswith("model name")
        ]
    return names[0] if names else platform.machine()


def _layout(ground: Ground) -> str:
    if not ground.cores.pinned:
        return "One core: proxy, client and upstream share it."
    return (
        "Every proxy is held to one core, the client and the upstream share another; start-up and "
        "closing use both."
    )


def _versions(doors: Doors) -> str:
    told = [f"phantomrun {__version__}"]
    told += [f"nginx {_said('nginx', '-v')}", f"wrk {_said('wrk', '-v')}"]
    told += [
        f"{name.split()[0].rstrip(',')} {door.version}"
        for name in (AIOHTTP, MITMPROXY, SRT)
        if (door := doors.named(name)) is not None
    ]
    return ", ".join(told)


def _said(program: str, flag: str) -> str:
    """Return the version in the first line that a program prints about itself."""
    done = subprocess.run([required(program), flag], capture_output=True, text=True, check=False)
    words = (done.stdout + done.stderr).replace("/", " ").split()
    return next((word for word in words if word[:1].isdigit()), "?")
