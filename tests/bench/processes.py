"""The processes of one measurement: started, looked at and ended by pid."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

READY_S = 20.0
STOP_S = 5.0
_PR_SET_CHILD_SUBREAPER = 36


class BenchError(Exception):
    """Something that makes the numbers worthless: the run stops and says what."""


class Cores(NamedTuple):
    """Where proxies run, and where the client and the upstream run."""

    proxy: frozenset[int]
    load: frozenset[int]

    @property
    def pinned(self) -> bool:
        return self.proxy != self.load


def cores() -> Cores:
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return Cores(frozenset(allowed), frozenset(allowed))
    return Cores(frozenset(allowed[:1]), frozenset(allowed[1:2]))


class Stage:
    """Every process of the run. Leaving it ends them all, the last one started first."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []
        self._names: dict[int, str] = {}

    def __enter__(self) -> Stage:
        adopt_orphans()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for process in reversed(self._started):
            _stop(process)
        if kind is None:
            await_orphans(set())

    def start(
        self,
        command: Sequence[str],
        *,
        on: frozenset[int],
        environ: Mapping[str, str] | None = None,
        **streams: Any,
    ) -> subprocess.Popen[bytes]:
        """Start a command that runs on the given cores, and so does everything it starts."""
        streams.setdefault("stdin", subprocess.DEVNULL)
        with pinned(on):
            process = subprocess.Popen(command, env=environ, **streams)
        self._started.append(process)
        self._names[process.pid] = os.path.basename(command[0])
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        _stop(process)
        self._started.remove(process)

    def check(self) -> None:
        """Fail if something that should be running has ended."""
        for process in self._started:
            if process.poll() is not None:
                raise BenchError(
                    f"{self._names[process.pid]} ended with exit code {process.returncode}"
                )

    def forget_ended(self) -> None:
        """Go on without what has ended."""
        self._started = [process for process in self._started if process.poll() is None]

    def pids(self) -> set[int]:
        return {process.pid for process in self._started}


@contextlib.contextmanager
def pinned(on: frozenset[int]) -> Iterator[None]:
    """Keep this process, the client, on the given cores for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, on)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def required(program: str) -> str:
    """Return where a program is; without it there is nothing to compare with."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise BenchError(f"{program} is not installed: tests/bench/setup.sh installs it")
    return found


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process, so that a sidecar's end can be seen."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise BenchError(f"no subreaper: {os.strerror(ctypes.get_errno())}")


def children_of(pid: int) -> set[int]:
    found: set[int] = set()
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as listing:
                found.update(int(word) for word in listing.read().split())
    except FileNotFoundError:
        pass
    return found


def await_orphans(known: set[int], *, deadline_s: float = STOP_S) -> None:
    """Wait until no child is left but the known ones: the sidecars of ended runs are gone."""
    for _ in polls(deadline_s, what="a sidecar outlived its command", every_s=0.0005):
        left = children_of(os.getpid()) - known
        if not any(_alive(pid) for pid in left):
            return


def polls(deadline_s: float, *, what: str, every_s: float = 0.005) -> Iterator[None]:
    """Yield until the caller is satisfied; past the deadline, fail with `what`."""
    end = time.monotonic() + deadline_s
    pause = threading.Event()
    while time.monotonic() < end:
        yield
        pause.wait(every_s)
    raise BenchError(what)


def tree(pid: int) -> set[int]:
    """Return a process and all its descendants."""
    found = {pid}
    for child in children_of(pid):
        found |= tree(child)
    return found


def cpu_s(pids: set[int]) -> float:
    """Return the processor time that these processes have used, user and system."""
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine_busy_s() -> float:
    """Return the processor time that the whole machine has spent on anything at all."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _waiting, irq, softirq, *_ = stat.readline().split()[1:]
    ticks = sum(int(word) for word in (user, nice, system, irq, softirq))
    return ticks / os.sysconf("SC_CLK_TCK")


def own_s() -> float:
    """Return the processor time of this process and of every child that was waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def resident_bytes(pid: int) -> tuple[int, int]:
    """Return what a process has in memory now, and the most it ever had."""
    with open(f"/proc/{pid}/status") as status:
        sizes = dict(line.split(":", 1) for line in status)
    return int(sizes["VmRSS"].split()[0]) * 1024, int(sizes["VmHWM"].split()[0]) * 1024


def _alive(pid: int) -> bool:
    """Say whether a child still runs; one that has ended is reaped on the way."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process: its input first, for those that wait on it, then by signal."""
    asked = process.stdin is not None
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    if asked and _ended(process):
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        if _ended(process):
            return


def _ended(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    return process.returncode is not None
