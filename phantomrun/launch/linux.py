"""Linux: shielding a process, watching another, and starting the sidecar by fork."""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from phantomrun.errors import LaunchError
from phantomrun.launch.sidecar import Answer, Link

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_STANDARD_FDS = 3


def start(entry: Callable[[Link], NoReturn], arguments: list[str]) -> Answer:
    """Start the sidecar running `entry` and return the end its answer arrives at.

    Forked twice and reaped, so that the command has no child that it did not start. The order is
    the defence: this process is shielded and known to be untraced before it forks, and only the
    fork, whose address space nobody has seen open, touches a secret.
    """
    del arguments  # a fork already has them
    _shield()
    gone = _high(os.pidfd_open(os.getpid()))
    answer, told = (_high(fd) for fd in os.pipe())
    hangup, alive = (_high(fd) for fd in os.pipe())
    between = os.fork()
    if between == 0:
        if os.fork() != 0:
            os._exit(0)
        os.close(answer)
        os.close(alive)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        entry(Link(told, hangup, gone))
    for fd in (told, hangup, gone):
        os.close(fd)
    with suppress(ChildProcessError):  # SIGCHLD may be ignored: then the kernel reaps
        os.waitpid(between, 0)
    return Answer(answer, alive)


def _shield() -> None:
    """Close this process's memory, environment and descriptors to others of the same user.

    Inherited by fork and reset by exec (prctl(2), PR_SET_DUMPABLE), so the sidecar is born with
    it and the command is not affected.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise LaunchError(f"this process cannot be shielded: {os.strerror(ctypes.get_errno())}")
    # SECURITY: whoever traces us already would see the sidecar's memory
    # (test_refuses_to_start_while_traced)
    if _tracer() != 0:
        raise LaunchError(
            "a debugger or tracer is attached to phantomrun itself",
            hint="trace the command instead: phantomrun -- strace CMD",
            code="PR-TRACED",
        )


def _tracer() -> int:
    with open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"TracerPid:"):
                return int(line.split()[1])
    return 0


def _high(fd: int) -> int:
    """Return `fd` under a number that is not standard input, output or error."""
    if fd >= _STANDARD_FDS:
        return fd
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _STANDARD_FDS)
    os.close(fd)
    return moved
