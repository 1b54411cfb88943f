"""What every measurement stands on: a folder, certificates, credentials and the two upstreams."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from typing import TYPE_CHECKING, NamedTuple

import trustme

from tests.bench.processes import READY_S, BenchError, Cores, Stage, cores, polls, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bench.sizes import Size

HERE = os.path.dirname(os.path.abspath(__file__))


class Ground(NamedTuple):
    """Files and credentials of this run, and where its upstreams listen."""

    directory: str
    ca_file: str
    secret: str  # what the upstreams accept
    phantom: str  # what the peers accept; phantomrun mints its own
    upstream_port: int  # nginx: requests
    stream_port: int  # ours: events and uploads
    cores: Cores
    stage: Stage
    size: Size


def lay(stage: Stage, folder: str, *, size: Size) -> Ground:
    """Make the certificates, start both upstreams and return where everything is."""
    ca_file, certificate, key = _certificates(folder)
    ground = Ground(
        folder,
        ca_file,
        f"sk-CANARY{secrets.token_hex(20)}",
        f"sk-{secrets.token_hex(23)}",
        free_port(),
        free_port(),
        cores(),
        stage,
        size,
    )
    start_nginx(
        ground,
        "upstream",
        on=ground.cores.load,
        PORT=str(ground.upstream_port),
        CERT=certificate,
        KEY=key,
        SECRET=ground.secret,
    )
    stage.start(
        [sys.executable, peer("stream_upstream.py"), str(ground.stream_port), certificate, key],
        on=ground.cores.load,
        environ=peer_environ(ground),
    )
    await_listener(stage, ground.upstream_port)
    await_listener(stage, ground.stream_port)
    return ground


def start_nginx(ground: Ground, name: str, *, on: frozenset[int], **words: str) -> int:
    """Start Debian's nginx with the configuration of that name; return its pid."""
    home = os.path.join(ground.directory, name)
    os.mkdir(home)
    with open(peer(f"{name}.conf")) as template:
        text = template.read()
    for word, value in {**words, "DIR": home}.items():
        text = text.replace(f"@{word}@", value)
    configuration = os.path.join(home, "nginx.conf")
    with open(configuration, "w") as file:
        file.write(text)
    command = [required("nginx"), "-p", home, "-c", configuration, "-e", "stderr"]
    return ground.stage.start(command, on=on).pid


def peer(name: str) -> str:
    return os.path.join(HERE, "peers", name)


def peer_environ(ground: Ground) -> Mapping[str, str]:
    return {**os.environ, "BENCH_SECRET": ground.secret, "BENCH_PHANTOM": ground.phantom}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def await_listener(stage: Stage, port: int) -> None:
    for _ in polls(READY_S, what=f"nothing listens on port {port}"):
        stage.check()
        if is_open(port):
            return
    raise BenchError("unreachable")


def _certificates(directory: str) -> tuple[str, str, str]:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    paths = tuple(os.path.join(directory, name) for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(paths[0])
    leaf.private_key_pem.write_to_path(paths[2])
    for index, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(paths[1], append=index > 0)
    return paths[0], paths[1], paths[2]
