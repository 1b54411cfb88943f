"""Large bodies: streamed both ways, with back-pressure, and never held in the sidecar."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from tests.e2e import lab
from tests.e2e.home import CLIENTS

if TYPE_CHECKING:
    from tests.e2e.home import Home, Running
    from tests.e2e.upstream import Upstream

LARGE_BYTES = 200_000_000
MEMORY_LIMIT_KB = 60_000  # of the sidecar at its highest; without a body it is about half of that
BUFFERED_BYTES = 40_000_000  # kernel buffers of four sockets, and ours


def _peak_kb(running: Running) -> int:
    """Return the most memory that the run's sidecar has ever had, from the kernel's own count."""
    with open(f"/proc/{running.sidecar()}/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["VmHWM"].split()[0])


def _program(script: str, *arguments: str) -> list[str]:
    return [sys.executable, os.path.join(CLIENTS, script), *arguments]


def _large_file(home: Home) -> str:
    path = home.cwd / "large"
    with open(path, "wb") as file:
        file.writelines(lab.payload(LARGE_BYTES))
    return str(path)


def test_httpx_sends_a_large_body_with_its_length(stocked: Home, upstream: Upstream) -> None:
    running = stocked.start(_program("use_httpx.py", "upload", str(LARGE_BYTES)))
    upstream.gate("done").wait_reached(60)
    peak = _peak_kb(running)
    upstream.gate("done").release()

    found = running.finish().json()

    assert found["length"] == LARGE_BYTES
    assert found["sha256"] == found["sent_sha256"]
    assert upstream.requests[0].header("content-length") == str(LARGE_BYTES)
    assert peak < MEMORY_LIMIT_KB


def test_openai_uploads_a_large_file(stocked: Home, upstream: Upstream) -> None:
    path = _large_file(stocked)

    found = stocked.python("use_openai.py", "upload", path).json()

    assert (found["bytes"], found["sha256"]) == (LARGE_BYTES, lab.payload_sha256(LARGE_BYTES))


def test_curl_sends_a_large_body_in_chunks(stocked: Home, upstream: Upstream) -> None:
    script = (
        f"head -c {LARGE_BYTES} /dev/zero | curl -sS -T - "
        '-H "Authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/lab/sink?end=done"'
    )
    running = stocked.start(["sh", "-c", script])
    upstream.gate("done").wait_reached(60)
    peak = _peak_kb(running)
    upstream.gate("done").release()

    found = running.finish().json()

    zeros = hashlib.sha256()
    for _ in range(LARGE_BYTES // 1_000_000):
        zeros.update(bytes(1_000_000))
    assert (found["length"], found["sha256"]) == (LARGE_BYTES, zeros.hexdigest())
    assert upstream.requests[0].header("transfer-encoding").lower() == "chunked"
    assert not upstream.requests[0].all("content-length")
    assert peak < MEMORY_LIMIT_KB


def test_a_slow_upstream_slows_the_child(stocked: Home, upstream: Upstream) -> None:
    running = stocked.start(_program("use_httpx.py", "progress", str(LARGE_BYTES)))
    upstream.gate("slow").wait_reached()
    sent = 0
    while not running.silent(0.5):
        sent += running.lines()
    sent += running.lines()

    peak = _peak_kb(running)
    upstream.gate("slow").release()

    assert 0 < sent * 1_000_000 < BUFFERED_BYTES
    assert peak < MEMORY_LIMIT_KB
    assert running.finish().json()["length"] == LARGE_BYTES


def test_a_slow_child_slows_the_upstream(stocked: Home, upstream: Upstream) -> None:
    running = stocked.start(_program("use_httpx.py", "download", str(LARGE_BYTES)))
    upstream.gate("go").wait_reached()  # the child has read a little, and waits there
    sending = upstream.requests[0]
    upstream.wait_until_quiet(lambda: sending.sent)

    peak = _peak_kb(running)
    upstream.gate("go").release()

    assert 0 < sending.sent < BUFFERED_BYTES
    assert peak < MEMORY_LIMIT_KB
    found = running.finish().json()
    assert (found["length"], found["sha256"]) == (LARGE_BYTES, lab.payload_sha256(LARGE_BYTES))


def test_a_child_that_dies_in_an_upload_is_a_cut_upload(stocked: Home, upstream: Upstream) -> None:
    argv = _program("use_httpx.py", "progress", str(LARGE_BYTES))
    running = stocked.start(argv, observed=False)
    upstream.gate("slow").wait_reached()

    running.signal(signal.SIGKILL)
    running.finish()
    upstream.gate("slow").release()

    upstream.wait_until(lambda: upstream.idle)
    assert not upstream.requests[0].complete
