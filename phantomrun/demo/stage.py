"""The demonstration's course: the commands a person would type, and what each side saw."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any, NamedTuple

import psutil

from phantomrun.demo.upstream import DemoUpstream
from phantomrun.errors import Failure
from phantomrun.proxy.upstream import verifying_context

GONE_WITHIN_S = 5.0


class Seen(NamedTuple):
    """What the demonstration found out."""

    key: str  # the throwaway "real" key
    upstream: str
    held: dict[str, str]
    heard: str
    received: str
    direct: str
    port_closed: bool
    sidecar_gone: bool
    files_gone: bool
    seconds: float

    @property
    def kept(self) -> bool:
        """Tell whether every promise that is on show was kept."""
        return (
            self.key not in (*self.held.values(), self.heard)
            and self.held["OPENAI_API_KEY"] in self.heard
            and self.received == f"Bearer {self.key}"
            and self.direct.startswith("401")
            and self.port_closed
            and self.sidecar_gone
            and self.files_gone
        )


def play() -> Seen:
    """Run the demonstration and return what was seen; nothing of it is left on disk."""
    folder = tempfile.mkdtemp(prefix="phantomrun-demo-")
    try:
        seen = _play(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return seen._replace(files_gone=not os.path.lexists(folder))


def _play(folder: str) -> Seen:
    key = "sk-proj-" + secrets.token_urlsafe(36).replace("-", "x").replace("_", "y")
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("PHANTOMRUN")
    }
    environ["PHANTOMRUN_HOME"] = os.path.join(folder, "home")
    with DemoUpstream(key, folder) as upstream:
        _type(environ, "init", "--key-file", os.path.join(folder, "key"))
        binding = ("--upstream", upstream.url, "--ca-file", upstream.ca_file)
        _type(environ, "set", "OPENAI_API_KEY", *binding, "-", given=key)
        child = os.path.join(os.path.dirname(__file__), "child.py")
        started = time.monotonic()
        # the folder's name among the arguments is how the sidecar is found afterwards
        said = _type(environ, "--", sys.executable, "-I", child, folder)
        seconds = time.monotonic() - started
        report: dict[str, Any] = json.loads(said)
        received = upstream.received[-1]
        direct = _direct(upstream, report["held"]["OPENAI_API_KEY"])
    port = int(report["held"]["OPENAI_BASE_URL"].split(":")[2].partition("/")[0])
    return Seen(
        key=key,
        upstream=upstream.url,
        held=report["held"],
        heard=report["heard"],
        received=received,
        direct=direct,
        port_closed=_soon(lambda: _refused(port)),
        sidecar_gone=_soon(lambda: not _alive(folder)),
        files_gone=False,
        seconds=seconds,
    )


def _type(environ: dict[str, str], *words: str, given: str = "") -> str:
    """Run phantomrun with `words` as a shell would, and return what it printed."""
    done = subprocess.run(  # noqa: S603  (ourselves)
        [sys.executable, "-I", "-m", "phantomrun", *words],
        input=given,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(
            f"`phantomrun {words[0]} …` ended with {done.returncode}: {done.stderr.strip()[-300:]}",
            hint="phantomrun doctor",
            code="PR-DEMO",
        )
    return done.stdout


def _direct(upstream: DemoUpstream, phantom: str) -> str:
    """Return the upstream's answer to whoever has stolen the phantom."""
    with open(upstream.ca_file, encoding="ascii") as file:
        context = verifying_context(file.read())
    request = urllib.request.Request(  # noqa: S310  (our own upstream)
        upstream.url + "/chat/completions",
        data=b'{"model": "demo", "messages": [{"role": "user", "content": "hello"}]}',
        headers={"Authorization": f"Bearer {phantom}"},
    )
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(request, timeout=30) as response:
            return f"{response.status} accepted"
    except urllib.error.HTTPError as refused:
        with refused:
            return f"{refused.code} {json.load(refused)['error']['code']}"


def _soon(true: Any) -> bool:
    deadline = time.monotonic() + GONE_WITHIN_S
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def _alive(folder: str) -> bool:
    for process in psutil.process_iter(["cmdline"]):
        if folder in (process.info["cmdline"] or ()) and process.pid != os.getpid():
            return True
    return False
