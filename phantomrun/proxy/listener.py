"""The loopback doors: bound before the command starts, so that early connections can wait."""

from __future__ import annotations

import errno
import socket

from phantomrun.errors import LaunchError

HOST = "127.0.0.1"  # the literal: a name could resolve to another address, or to a proxy
BACKLOG = 1024


def bind() -> socket.socket:
    """Return a listening socket on a free loopback port; raises LaunchError when there is none."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        door.bind((HOST, 0))
        door.listen(BACKLOG)
        door.setblocking(False)
    except OSError as error:
        door.close()
        why = "every port is taken" if error.errno == errno.EADDRINUSE else error.strerror
        raise LaunchError(
            f"no port on {HOST} could be opened: {why}",
            hint="see which programs hold connections: `ss -tan | wc -l`",
            code="PR-PORT",
        ) from None
    return door


def port(door: socket.socket) -> int:
    """Return the port that `door` listens on."""
    number = door.getsockname()[1]
    assert isinstance(number, int)  # noqa: S101  (the type of an AF_INET name)
    return number
