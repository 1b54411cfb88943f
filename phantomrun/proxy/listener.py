"""The loopback doors: bound before the command starts, so that early connections can wait."""

from __future__ import annotations

# the type that `socket.socket` adds to: the module with the rest costs 2 ms of start-up
import _socket
import errno
from typing import TYPE_CHECKING

from phantomrun.errors import LaunchError

if TYPE_CHECKING:
    import socket

HOST = "127.0.0.1"  # the literal: a name could resolve to another address, or to a proxy
BACKLOG = 1024


def bind() -> _socket.socket:
    """Return a listening socket on a free loopback port; raises LaunchError when there is none."""
    door: _socket.socket | None = None
    try:
        door = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
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


def opened(door: _socket.socket) -> socket.socket:
    """Return `door` as the socket that an event loop wants; `door` itself is used up."""
    import socket

    return socket.socket(fileno=door.detach())


def port(door: _socket.socket) -> int:
    """Return the port that `door` listens on."""
    number = door.getsockname()[1]
    assert isinstance(number, int)  # noqa: S101  (the type of an AF_INET name)
    return number
