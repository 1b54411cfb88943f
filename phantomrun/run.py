"""The order of a run, as the launcher: find, start the sidecar, hear its answer, become."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from phantomrun.errors import Failure
from phantomrun.launch import command, sidecar
from phantomrun.launch.platforms import platform

if TYPE_CHECKING:
    from phantomrun.cli.runline import RunLine
    from phantomrun.launch.sidecar import Link

Environ = dict[bytes, bytes]

_STANDARD_ERROR = 2
_MAX_PRESENTED_BYTES = 1 << 20
_PRESENTED_WITHIN_S = 2.0


def run(line: RunLine, arguments: list[str]) -> str:
    """Become the command of `line`, with a sidecar beside it. Raises Failure before that only.

    `arguments` is the command line as it was, for a platform whose sidecar starts afresh.
    Returns only where nothing was to be started: the text that --dry-run shows.
    """
    inherited = command.inherited()
    words = [os.fsencode(word) for word in line.command]
    command.find(words[0], inherited)
    outside = line.if_configured and not (line.config or _in_project())
    if outside or (not line.dry_run and nested(line, inherited)):
        _become_plainly(words, inherited)
    answer = platform().start(lambda link: _be_sidecar(line, link, inherited), arguments)
    try:
        kind, note, *fields = sidecar.heard(answer)
    except Failure as failure:
        failure.message = _named(failure, line.command[0])
        raise
    if kind != b"run":
        return note.decode()
    if line.verbose:
        with suppress(OSError):  # a note that cannot be written stops nothing
            os.write(_STANDARD_ERROR, note + b"\n")
    _close_passphrase_fd(inherited)
    pairs = (field.partition(b"=") for field in fields)
    return command.become(words, {name: value for name, _, value in pairs})


def _become_plainly(words: list[bytes], inherited: Environ) -> NoReturn:
    """Become the command without a sidecar of its own; what unlocks the vault stays behind."""
    from phantomrun.core.environ import without_unlock

    _close_passphrase_fd(inherited)
    command.become(words, without_unlock(inherited))


def _be_sidecar(line: RunLine, link: Link, inherited: Environ) -> NoReturn:
    from phantomrun.prepare import serve  # after the fork: what it imports is not our weight

    serve(line, link, inherited=inherited)


def _in_project() -> bool:
    from phantomrun import project

    return project.nearest(os.environ.get("HOME", "")) is not None


def nested(line: RunLine, environ: Environ) -> bool:
    """Tell whether a run of the same project and selection is around us and still serves."""
    run_id, listener = environ.get(b"PHANTOMRUN", b""), environ.get(b"PHANTOMRUN_LISTENER", b"")
    host, _, port = listener.partition(b":")
    if not run_id.isalnum() or host != b"127.0.0.1" or not port.isdigit():
        return False
    import socket
    from time import monotonic

    from phantomrun.prepare import fingerprint, manifest

    ask = b"GET /.phantomrun/%b HTTP/1.1\r\nHost: phantomrun\r\n\r\n" % run_id
    heard = b""
    deadline = monotonic() + _PRESENTED_WITHIN_S  # whoever listens there may not be ours
    try:
        with socket.create_connection(("127.0.0.1", int(port)), _PRESENTED_WITHIN_S) as connection:
            connection.sendall(ask)
            while len(heard) < _MAX_PRESENTED_BYTES and (left := deadline - monotonic()) > 0:
                connection.settimeout(left)
                if not (piece := connection.recv(1 << 16)):
                    break
                heard += piece
    except (OSError, OverflowError):
        return False
    expected = fingerprint(line, manifest(line)).encode()
    return heard.startswith(b"HTTP/1.1 200 ") and heard.endswith(b"\r\n\r\n" + expected)


def _close_passphrase_fd(environ: Environ) -> None:
    """Take away the descriptor the passphrase came from: the command could rewind a file."""
    number = environ.get(b"PHANTOMRUN_PASSPHRASE_FD", b"")
    if number.isdigit() and int(number) > _STANDARD_ERROR:
        os.closerange(int(number), int(number) + 1)
    elif number.isdigit():
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, int(number))


def _named(failure: Failure, name: str) -> str:
    if isinstance(failure, sidecar.Interrupted) or failure.code == "PR-INTERNAL":
        return failure.message
    return f"{failure.message}; {os.path.basename(name)} was not started"
