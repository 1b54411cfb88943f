"""Two ways to start a command, `env CMD` and `phantomrun -- CMD`, and what is seen of each."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pytest

from tests.e2e import home
from tests.e2e.canary import WORD, Canary, canary
from tests.e2e.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

REAL = canary("sk-proj-", 64)
DEADLINE_S = 30.0

T = TypeVar("T")


class Way(NamedTuple):
    """How a command is started: `argv` stands before it."""

    name: str
    argv: tuple[str, ...]


ENV = Way("env", (shutil.which("env") or "/usr/bin/env",))
PHANTOMRUN = Way("phantomrun", (home.PHANTOMRUN, "--"))


class Seen(NamedTuple):
    """What a caller sees of a command: exit code (or minus the signal) and every byte."""

    status: int
    stdout: bytes = b""
    stderr: bytes = b""


class Stage:
    """A vault, and for each way a working directory of the same name.

    `environ` is what every command starts with; shells find the way's own words in $RUN.
    """

    def __init__(self, root: Path, vault: Path) -> None:
        self.root = root
        self.environ = {
            "PATH": f"{home.SCRIPTS}:{os.environ.get('PATH', os.defpath)}",
            "HOME": _directory(root / "home"),
            "TMPDIR": _directory(root / "tmp"),
            "XDG_RUNTIME_DIR": _directory(root / "runtime"),
            "PHANTOMRUN_HOME": str(vault),
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
        }

    def cwd(self, way: Way) -> str:
        return _directory(self.root / way.name / "here")

    def start(
        self,
        way: Way,
        argv: Sequence[str | bytes],
        *,
        environ: Mapping[str, str] | None = None,
        stdin: int | None = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start exactly `argv` where the way works; its outputs are pipes."""
        return subprocess.Popen(
            argv,
            cwd=self.cwd(way),
            env=self.environ if environ is None else environ,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
            start_new_session=True,
        )

    def shell(self, way: Way, script: str) -> subprocess.Popen[bytes]:
        """Start a bash script in which $RUN stands for the way."""
        words = " ".join((os.path.basename(way.argv[0]), *way.argv[1:]))
        return self.start(way, [bash(), "-c", script], environ={**self.environ, "RUN": words})

    def both(self, script: str) -> tuple[Seen, Seen]:
        """Run a script both ways, at the same time; return what env and what we did."""
        started = [self.shell(way, script) for way in (ENV, PHANTOMRUN)]
        by_env, by_us = (finish(each) for each in started)
        return by_env, by_us

    def each(
        self,
        argv: Sequence[str | bytes],
        *,
        environ: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> tuple[Seen, Seen]:
        """Run one command both ways, without a shell in between."""
        seen = []
        for way in (ENV, PHANTOMRUN):
            started = self.start(way, [*way.argv, *argv], environ=environ, stdin=subprocess.PIPE)
            seen.append(finish(started, stdin))
        return seen[0], seen[1]


def make_vault(root: Path) -> Path:
    """Make a vault that a key file opens, with one secret in it; return its PHANTOMRUN_HOME."""
    made = Home(root, Canary(root))
    made.init()
    made.verb("set", "OPENAI_API_KEY", "-", stdin=REAL.encode())
    return root / "ours"


def finish(
    started: subprocess.Popen[bytes], stdin: bytes | None = None, *, within_s: float = DEADLINE_S
) -> Seen:
    """Wait for the command's end and for the end of its pipes, whoever holds them."""
    try:
        stdout, stderr = started.communicate(stdin, timeout=within_s)
    except subprocess.TimeoutExpired:
        end(started)
        raise
    assert WORD not in stdout + stderr
    return Seen(started.returncode, stdout, stderr)


def end(started: subprocess.Popen[bytes]) -> None:
    """Kill the command's whole session, whatever is left of it, and collect it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(started.pid, signal.SIGKILL)
    for pipe in (started.stdin, started.stdout, started.stderr):
        if pipe:
            with suppress(BrokenPipeError):
                pipe.close()
    started.wait(timeout=DEADLINE_S)


@contextmanager
def ended(started: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Give the command to the block and see to it that it is gone afterwards."""
    try:
        yield started
    finally:
        end(started)


def until(look: Callable[[], T], *, within_s: float = DEADLINE_S) -> T:
    """Look until there is something to see, and return it."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not (seen := look()):
        assert time.monotonic() < deadline, f"looked for {within_s} s in vain"
        pause.wait(0.002)
    return seen


def until_it_is(program: str, pid: int) -> None:
    """Wait until a process has become this program."""
    until(lambda: proc(pid, "comm") == program.encode() + b"\n")


def bash() -> str:
    return tool("bash")


def tool(name: str) -> str:
    """Return the path of a program that the probe needs, or skip."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def proc(pid: int | str, name: str) -> bytes:
    """Return a file of /proc/PID, empty when it cannot be read or the process is gone."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


class Stat(NamedTuple):
    """The first fields of /proc/PID/stat, the same for everybody to read."""

    state: str
    ppid: int
    pgrp: int
    session: int
    tty: int
    foreground: int


def stat(pid: int) -> Stat | None:
    """Return a process' state and family, or None when there is none."""
    fields = proc(pid, "stat").decode(errors="replace").rpartition(")")[2].split()
    return Stat(fields[0], *map(int, fields[1:6])) if fields else None


def pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def children_of(parent: int) -> list[int]:
    """Return the processes, zombies among them, whose parent this is."""
    family = ((pid, stat(pid)) for pid in pids())
    return [pid for pid, seen in family if seen and seen.ppid == parent]


def marked(mark: str) -> list[int]:
    """Return the processes with this mark among their arguments or, if readable, variables.

    A sidecar keeps the launcher's arguments, the command's among them, and anyone can read those;
    /proc/PID/environ and /proc/PID/fd of a process that is not dumpable are for root alone.
    """
    needle = mark.encode()
    mine = os.getpid()
    return [
        pid
        for pid in pids()
        if pid != mine and (needle in proc(pid, "cmdline") or needle in proc(pid, "environ"))
    ]


def _directory(path: Path) -> str:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(path)
