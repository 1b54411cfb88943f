"""macOS: the sidecar is a fresh interpreter, for a fork without exec is not safe there.

Written from the manual pages and not yet run on macOS; the tests run it on Linux with another
`watch`.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from phantomrun.launch import command
from phantomrun.launch.sidecar import Answer, Link

if TYPE_CHECKING:
    from collections.abc import Callable

_PT_DENY_ATTACH = 31  # sys/ptrace.h
_ENDS = 3
# -I: neither PYTHON* variables nor the user's site directory reach the process with secrets
FRESH = (sys.executable, "-I", "-m", "phantomrun.launch.darwin")


def start(
    entry: Callable[[Link], NoReturn], arguments: list[str], *, fresh: tuple[str, ...] = FRESH
) -> Answer:
    """Start a fresh interpreter that runs the same command line as a sidecar.

    A shell starts it in the background and ends, so that the command has no child that it did
    not start.
    """
    del entry  # the fresh interpreter finds it by itself
    answer, told = os.pipe()
    hangup, alive = os.pipe()
    for fd in (told, hangup):
        os.set_inheritable(fd, True)
    ends = [str(told), str(hangup), str(os.getpid())]
    words = ["/bin/sh", "-c", '"$@" &', "sh", *fresh, *ends, *arguments]
    shell = os.posix_spawn("/bin/sh", words, os.environb)
    os.close(told)
    os.close(hangup)
    os.waitpid(shell, 0)
    return Answer(answer, alive)


def watch(pid: int) -> int:
    """Return a descriptor that becomes readable when `pid` ends (kqueue(2), NOTE_EXIT)."""
    kq: Any = select  # the stubs for other systems do not have it
    queue = kq.kqueue()
    event = kq.kevent(pid, kq.KQ_FILTER_PROC, kq.KQ_EV_ADD | kq.KQ_EV_ONESHOT, kq.KQ_NOTE_EXIT)
    queue.control([event], 0)
    return os.dup(int(queue.fileno()))


def shield() -> None:
    """Refuse debuggers, ptrace(2) PT_DENY_ATTACH; best effort: the system's own limits remain."""
    ctypes.CDLL(None).ptrace(_PT_DENY_ATTACH, 0, 0, 0)


def main(
    words: list[str],
    *,
    watch: Callable[[int], int] = watch,
    shield: Callable[[], None] = shield,
) -> NoReturn:
    """Be the fresh interpreter: `words` are the ends of the link, then the command line."""
    from phantomrun.cli import runline
    from phantomrun.prepare import serve

    # a shell starts background jobs with SIGINT ignored; at the prompt it must count
    signal.signal(signal.SIGINT, signal.default_int_handler)
    told, hangup, launcher = (int(word) for word in words[:_ENDS])
    for fd in (told, hangup):
        os.set_inheritable(fd, False)
    shield()
    line = runline.parse(words[_ENDS:], os.environ)
    assert line is not None  # noqa: S101  (the launcher parsed the same words)
    serve(line, Link(told, hangup, watch(launcher)), inherited=command.inherited())


if __name__ == "__main__":
    main(sys.argv[1:])
