"""The loopback doors: bound before the command starts, so that early connections can wait."""

from __future__ import annotations

import errno
import socket

from phantomrun.errors import LaunchError

HOST = "127.0.0.1"  # the literal: a name could resolve to another address, or to a proxy
BACKLOG = 1024


def bind() -> socket.socket:
    """Return a listening socket on a free loopback port; raises LaunchError when there is none."""
    door: socket.socket | None = None
    try:
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        door.bind((HOST, 0))
        door.listen(BACKLOG)
        door.setblocking(False)
    except OSError as error:
        if door is not None:
            door.close()
        taken = error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL)
        why = "every port is taken" if taken else (error.strerror or "").lower()
        raise LaunchError(
            f"no port on {HOST} could be opened: {why}",
            hint="count the connections: ss -tan | wc -l; raise the limit: ulimit -n",
            code="PR-PORT",
        ) from None
    return door


def port(door: socket.socket) -> int:
    """Return the port that `door` listens on."""
    number = door.getsockname()[1]
    assert isinstance(number, int)  # noqa: S101  (the type of an AF_INET name)
    return number
