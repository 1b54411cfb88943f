"""phantomrun as users run it: a vault made by its own verbs, and runs that a command holds open."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tests.bench.processes import READY_S, BenchError, children_of, polls, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.ground import Ground

SECRET_NAME = "OPENAI_API_KEY"
BASE_URL_NAME = "OPENAI_BASE_URL"
PASSPHRASE = "correct horse battery staple CANARY"


class Held(NamedTuple):
    """A run whose command waits: end it through its process."""

    process: subprocess.Popen[bytes]
    port: int
    prefix: str
    phantom: str
    sidecar: frozenset[int]


def program() -> str:
    """Return the phantomrun that belongs to this interpreter."""
    path = os.path.join(os.path.dirname(sys.executable), "phantomrun")
    if not os.path.exists(path):
        raise BenchError(f"no phantomrun beside {sys.executable}")
    return path


def key_file_vault(ground: Ground, upstream_port: int) -> dict[str, str]:
    """Make a vault that a key file opens, with one secret; return the environment to use it."""
    home = os.path.join(ground.directory, f"home-{upstream_port}")
    environ = {**_clean_environ(), "PHANTOMRUN_HOME": home}
    if not os.path.exists(home):
        key_file = os.path.join(ground.directory, f"key-file-{upstream_port}")
        _phantomrun(["init", "--key-file", key_file], environ)
        _set_secret(ground, upstream_port, environ)
    return environ


def passphrase_vault(ground: Ground) -> dict[str, str]:
    """Make a vault that a passphrase opens, with the default derivation and one secret."""
    home = os.path.join(ground.directory, "home-passphrase")
    environ = {**_clean_environ(), "PHANTOMRUN_HOME": home, "PHANTOMRUN_PASSPHRASE": PASSPHRASE}
    if not os.path.exists(home):
        _phantomrun(["init"], environ)
        _set_secret(ground, ground.upstream_port, environ)
    return environ


def hold(ground: Ground, upstream_port: int, *, on: frozenset[int]) -> Held:
    """Start a run whose command waits, and return once its sidecar is known."""
    environ = key_file_vault(ground, upstream_port)
    before = children_of(os.getpid())
    holder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "holder.py")
    process = ground.stage.start(
        [program(), "--", sys.executable, "-I", holder],
        on=on,
        environ=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    given = json.loads(first_line(process, "phantomrun"))
    address = urlsplit(given[BASE_URL_NAME])
    assert address.port is not None
    return Held(
        process,
        address.port,
        address.path.removesuffix("/v1"),
        given[SECRET_NAME],
        _sidecar(process.pid, before),
    )


def first_line(process: subprocess.Popen[bytes], name: str) -> bytes:
    """Return the first line that a process prints; it has READY_S for it."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], READY_S)
    line = process.stdout.readline() if ready else b""
    if not line:
        raise BenchError(f"{name} did not start: exit code {process.poll()}")
    return line


def _sidecar(command: int, before: set[int]) -> frozenset[int]:
    """Return the processes that a run added beside its command."""
    for _ in polls(READY_S, what="no sidecar found"):
        ours = children_of(os.getpid()) - before - {command}
        found = (tree(command) - {command}).union(*(tree(pid) for pid in ours))
        if found:
            return frozenset(found)
    raise BenchError("unreachable")


def _set_secret(ground: Ground, upstream_port: int, environ: Mapping[str, str]) -> None:
    upstream = f"https://127.0.0.1:{upstream_port}/v1"
    verb = ["set", SECRET_NAME, "--upstream", upstream, "--ca-file", ground.ca_file, "-"]
    _phantomrun(verb, environ, given=ground.secret.encode())


def _phantomrun(verb: list[str], environ: Mapping[str, str], *, given: bytes = b"") -> None:
    done = subprocess.run(
        [program(), *verb],
        env=environ,
        input=given,
        capture_output=True,
        timeout=READY_S,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise BenchError(f"phantomrun {verb[0]} failed ({done.returncode}): {said}")


def _clean_environ() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PHANTOMRUN") and name not in (SECRET_NAME, BASE_URL_NAME)
    }
