"""Run a command and look for secrets in all it holds, at the moment it ends.

`observe.py REPORT A B [A B …] -- CMD ARG…`: each A and B are the halves of a text that must occur
nowhere; they are never joined here, so that the search cannot find itself. The command and the
processes that it forks are stopped as they exit, their memory still in place, and searched; so
are their environment and arguments, and this process, which is what phantomrun executed. A
command that frees its memory before it exits can ask to be searched earlier: with a SIGURG.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Halves = tuple[bytes, bytes]

READ_BYTES = 1 << 22
PTRACE_CONT, PTRACE_SEIZE, PTRACE_LISTEN = 7, 0x4206, 0x4208
OPTIONS = 0x2 | 0x4 | 0x40  # PTRACE_O_TRACEFORK, TRACEVFORK, TRACEEXIT
EVENT_EXIT, EVENT_STOP = 6, 128
WALL = 0x40000000  # __WALL: threads and processes alike
_REGION = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+) *(.*)")


def count(data: bytes, halves: Sequence[Halves]) -> int:
    """Return how often any of the texts occurs in `data`."""
    found = 0
    for first, second in halves:
        at = data.find(first)
        while at >= 0:
            found += data.startswith(second, at + len(first))
            at = data.find(first, at + 1)
    return found


def held(pid: int | str, halves: Sequence[Halves]) -> dict[str, int]:
    """Return what was searched of process `pid`, and how often a text occurred there."""
    found = {}
    for name in ("environ", "cmdline"):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            found[name] = count(file.read(), halves)
    return found | {"memory": in_memory(pid, halves)}


def in_memory(pid: int | str, halves: Sequence[Halves]) -> int:
    """Return how often a text occurs in the readable memory of `pid`."""
    overlap = max(len(first) + len(second) for first, second in halves) - 1
    found = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in _regions(pid):
            tail = b""
            for at in range(start, end, READ_BYTES):
                try:
                    memory.seek(at)
                    data = tail + memory.read(min(READ_BYTES, end - at))
                except OSError:  # a guard page, or gone meanwhile
                    break
                found += count(data, halves)
                tail = data[-overlap:]
                found -= count(tail, halves)
            found += count(tail, halves)
    return found


def _regions(pid: int | str) -> Iterator[tuple[int, int]]:
    """Yield the memory that the process may have written: not its programs and libraries."""
    start = end = 0
    wanted = mapped = False
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            region = _REGION.match(line)
            if region:
                start, end = int(region[1], 16), int(region[2], 16)
                wanted = region[3].startswith("r") and not region[5].startswith("[v")
                mapped = region[4] != "0" and not region[5].startswith(("/memfd:", "/dev/"))
            elif wanted and line.startswith("Anonymous:" if mapped else ("Rss:", "Swap:")):
                wanted = not int(line.split()[1])
                if not wanted:
                    yield start, end


def observed(command: list[str], halves: Sequence[Halves]) -> tuple[int, list[dict[str, int]]]:
    """Run `command`; return its wait status and what was found in each process as it ended."""
    ready, go = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(go)
        os.read(ready, 1)
        os.close(ready)
        _execute(command)
    for passed_on in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(passed_on, lambda got, _: os.kill(pid, got))
    os.close(ready)
    _ptrace(PTRACE_SEIZE, pid, OPTIONS)
    os.close(go)
    found: list[dict[str, int]] = []
    while True:
        stopped, status = os.waitpid(-1, WALL)
        if not os.WIFSTOPPED(status):
            if stopped == pid:
                return status, found
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        asked = not event and number == signal.SIGURG
        if event == EVENT_EXIT or asked:
            found.append(held(stopped, halves))
        with contextlib.suppress(ProcessLookupError):  # killed while it was stopped
            if event == EVENT_STOP and number != signal.SIGTRAP:
                _ptrace(PTRACE_LISTEN, stopped, 0)
            else:
                _ptrace(PTRACE_CONT, stopped, 0 if event or asked else number)


def _execute(command: list[str]) -> None:
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)  # noqa: S606  (what it was given, as it was given)
    except OSError as error:
        sys.stderr.write(f"observe: {command[0]}: {error.strerror}\n")
    os._exit(127)


def _ptrace(request: int, pid: int, argument: int) -> None:
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if call(request, pid, None, argument) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")


def main(arguments: list[str]) -> None:
    """Observe, report, and end as the command ended."""
    split = arguments.index("--")
    report, texts = arguments[0], [os.fsencode(text) for text in arguments[1:split]]
    halves = list(zip(texts[::2], texts[1::2], strict=True))
    status, found = observed(arguments[split + 1 :], halves)
    found.append(held("self", halves))
    with open(report + ".new", "w") as file:
        json.dump(found, file)
    os.rename(report + ".new", report)
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
