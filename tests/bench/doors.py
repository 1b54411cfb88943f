"""Every way to the upstream: through phantomrun, through each peer, or straight."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.client import Client, Door, expect_200, request
from tests.bench.ground import await_listener, free_port, peer, peer_environ, start_nginx
from tests.bench.phantom import first_line, hold
from tests.bench.processes import BenchError, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.ground import Ground

OURS = "phantomrun"
NGINX = "nginx-light, 1 worker"
DIRECT = "direct TLS"
AIOHTTP = "aiohttp reverse proxy"
MITMPROXY = "mitmproxy, reverse mode"
SRT = "sandbox-runtime (npm)"


class Doors(NamedTuple):
    """What can be measured here, ours first, and what cannot."""

    open: tuple[Door, ...]
    missing: Mapping[str, str]  # the peer's name, and why

    def named(self, name: str) -> Door | None:
        return next((door for door in self.open if door.name == name), None)


def open_all(ground: Ground) -> Doors:
    """Start every proxy, and see each of them swap before anything is timed.

    A peer that does not work on this machine is missing from the table's numbers; that nginx or
    phantomrun does not is an error.
    """
    makers = {AIOHTTP: _aiohttp, MITMPROXY: _mitmproxy, SRT: _sandbox_runtime}
    doors = [_proven(door, ground) for door in (_phantomrun(ground), _nginx(ground))]
    doors.append(_proven(_direct(ground), ground))
    missing: dict[str, str] = {}
    for name, make in makers.items():
        try:
            made = make(ground)
            if made is None:
                missing[name] = "not installed"
            else:
                doors.append(_proven(made, ground))
        except (BenchError, OSError) as error:
            missing[name] = f"failed: {str(error)[:80]}"
            ground.stage.forget_ended()
    return Doors(tuple(doors), missing)


def peers_folder() -> str:
    """Return where setup.sh puts the peers that are not Debian packages."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("PHANTOMRUN_BENCH_PEERS") or os.path.join(cache, "phantomrun-bench")


def _phantomrun(ground: Ground) -> Door:
    held = hold(ground, ground.upstream_port, on=ground.cores.proxy)
    return Door(OURS, held.port, held.prefix, held.phantom, held.sidecar)


def _nginx(ground: Ground) -> Door:
    port = free_port()
    pid = start_nginx(
        ground,
        "nginx",
        on=ground.cores.proxy,
        PORT=str(port),
        UPSTREAM=str(ground.upstream_port),
        CA=ground.ca_file,
        PHANTOM=ground.phantom,
        SECRET=ground.secret,
    )
    return Door(NGINX, port, "/openai", ground.phantom, frozenset({pid}))


def _direct(ground: Ground) -> Door:
    return Door(DIRECT, ground.upstream_port, "", ground.secret, ca_file=ground.ca_file)


def _aiohttp(ground: Ground) -> Door | None:
    python = os.path.join(peers_folder(), "venv", "bin", "python")
    version = _version_of(python, "aiohttp") if os.path.exists(python) else ""
    if not version:
        return None
    port = free_port()
    command = [python, "-I", peer("aiohttp_proxy.py"), str(port), str(ground.upstream_port)]
    process = ground.stage.start(
        [*command, ground.ca_file], on=ground.cores.proxy, environ=peer_environ(ground)
    )
    pids = frozenset({process.pid})
    return Door(AIOHTTP, port, "/openai", ground.phantom, pids, version=version)


def _mitmproxy(ground: Ground) -> Door | None:
    program = os.path.join(peers_folder(), "venv", "bin", "mitmdump")
    if not os.path.exists(program):
        return None
    port = free_port()
    options = {
        "confdir": os.path.join(ground.directory, "mitmproxy"),
        "ssl_verify_upstream_trusted_ca": ground.ca_file,
        "termlog_verbosity": "error",
        "flow_detail": "0",
        "http2": "false",
        "listen_host": "127.0.0.1",
        "listen_port": str(port),
    }
    command = [program, "--mode", f"reverse:https://127.0.0.1:{ground.upstream_port}"]
    command += ["-s", peer("mitmproxy_addon.py")]
    for name, value in options.items():
        command += ["--set", f"{name}={value}"]
    process = ground.stage.start(
        command,
        on=ground.cores.proxy,
        environ=peer_environ(ground),
        stdout=subprocess.DEVNULL,
    )
    version = _version_of(os.path.join(os.path.dirname(program), "python"), "mitmproxy")
    pids = frozenset({process.pid})
    return Door(MITMPROXY, port, "/openai", ground.phantom, pids, version=version)


def _sandbox_runtime(ground: Ground) -> Door | None:
    package = os.path.join(peers_folder(), "node_modules", "@anthropic-ai", "sandbox-runtime")
    node = shutil.which("node")
    needs = all(shutil.which(name) for name in ("bwrap", "socat", "rg"))
    if node is None or not needs or not os.path.isdir(package):
        return None
    process = ground.stage.start(
        [node, peer("srt_proxy.mjs"), package, str(ground.upstream_port)],
        on=ground.cores.proxy,
        environ={**peer_environ(ground), "NODE_EXTRA_CA_CERTS": ground.ca_file},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    told = json.loads(first_line(process, SRT))
    return Door(
        SRT,
        ground.upstream_port,
        "",
        told["sentinel"],
        frozenset({process.pid}),
        ca_file=told["ca"],
        tunnel_port=told["port"],
        tunnel_token=told["token"],
        version=told["version"],
    )


def _version_of(python: str, package: str) -> str:
    """Return which version of a package an interpreter has, or nothing."""
    asked = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _proven(door: Door, ground: Ground) -> Door:
    """Return the door with all that serves it; fail unless only its own credential opens it."""
    await_listener(ground.stage, door.tunnel_port or door.port)
    with Client(door) as client:
        expect_200(client.exchange(request(door))[1], door.name)
    stranger = door._replace(credential="sk-" + "0" * 46)
    with Client(stranger) as client:
        if client.exchange(request(stranger))[1].startswith(b"HTTP/1.1 200"):
            raise BenchError(f"{door.name} let a wrong credential through")
    return door._replace(pids=frozenset().union(*(tree(pid) for pid in door.pids)))
