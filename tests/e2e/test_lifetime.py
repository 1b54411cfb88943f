"""A run ends with its command: no port, process, zombie or file outlives it, however it ends."""

from __future__ import annotations

import ctypes
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.behaviour import (
    PHANTOMRUN,
    Seen,
    Stage,
    children_of,
    end,
    finish,
    make_vault,
    marked,
    pids,
    proc,
    stat,
    until,
)
from tests.e2e.canary import Canary
from tests.e2e.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into Linux's /proc")
ROUNDS = 200
AT_ONCE = 4
LAUNCH_AND_SERVE_MS = 250
GONE_WITHIN_S = 10.0
PR_SET_CHILD_SUBREAPER = 36

# Says the port of its listener, then asks it once for each line that it reads.
APP = """
import os, socket, sys
port = int(os.environ["OPENAI_BASE_URL"].split("/")[2].partition(":")[2])
def ask():
    try:
        with socket.create_connection(("127.0.0.1", port), 30) as door:
            door.sendall(b"GET /openai/v1/models HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n")
            return door.recv(12).decode() or "cut"
    except OSError as why:
        return type(why).__name__
print(port, flush=True)
for line in sys.stdin:
    print(ask(), flush=True)
"""
APP_ARGV = (sys.executable, "-I", "-S", "-c", APP)


class Orphanage:
    """This process as the parent of every orphan: whoever dies unreaped is seen and collected."""

    def __init__(self) -> None:
        self.own: set[int] = set()
        self.ends: dict[int, int] = {}

    def collect(self) -> None:
        """Reap the adopted ones that have died, and note how."""
        for pid in children_of(os.getpid()):
            seen = stat(pid)
            if pid not in self.own and seen and seen.state == "Z":
                with suppress(ChildProcessError):
                    self.ends[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Run:
    """One run of a command under phantomrun, with a mark to know its processes by."""

    def __init__(self, stage: Stage, orphans: Orphanage, argv: tuple[str, ...] = APP_ARGV) -> None:
        self.orphans = orphans
        self.mark = f"mark-{secrets.token_hex(8)}"
        command = [*PHANTOMRUN.argv, *argv, self.mark]
        self.command = stage.start(PHANTOMRUN, command, stdin=subprocess.PIPE)
        self.pid = self.command.pid
        self.port = 0
        self.beside: set[int] = set()  # sidecars seen, to be gone in the end and not just dead
        orphans.own.add(self.pid)

    def serving(self) -> Run:
        """Wait until the command has said its port."""
        assert self.command.stdout
        said = self.command.stdout.readline()
        assert said, finish(self.command)
        self.port = int(said)
        self.beside.update(self.sidecars())
        return self

    def ask(self) -> str:
        """Let the command send a request to its listener; return how that went."""
        assert self.command.stdin
        assert self.command.stdout
        self.command.stdin.write(b"ask\n")
        self.command.stdin.flush()
        return self.command.stdout.readline().decode().strip()

    def sidecars(self) -> list[int]:
        """Return the processes that have our launcher's arguments and are not the command."""
        return [pid for pid in marked(self.mark) if pid != self.pid]

    def sidecar(self) -> int:
        (pid,) = self.sidecars()
        return pid

    def left_over(self) -> list[str]:
        """Name what still exists of a run that should be gone."""
        self.orphans.collect()
        left = [f"process {pid}" for pid in marked(self.mark)]
        left += [f"sidecar {pid}" for pid in self.beside if stat(pid)]
        for pid in pids():
            seen = stat(pid)
            if seen and seen.session == self.pid:
                left.append(f"{seen.state} {pid} in its session")
        if self.port and listens(self.port):
            left.append(f"port {self.port}")
        return left

    def assert_gone(self) -> None:
        until(lambda: not self.left_over(), within_s=GONE_WITHIN_S)


def listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def files_below(*roots: Path) -> dict[str, str]:
    """Return every path below, with a digest of what is in it."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "-"
        for root in roots
        for path in root.rglob("*")
    }


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vault(tmp_path_factory.mktemp("vault"))


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the PHANTOMRUN_HOME of a vault that a passphrase opens."""
    made = Home(tmp_path_factory.mktemp("locked"), Canary(tmp_path_factory.getbasetemp()))
    made.verb("init", env={"PHANTOMRUN_KEY_FILE": "", "PHANTOMRUN_PASSPHRASE": "open for a test"})
    return Path(made.environ["PHANTOMRUN_HOME"])


@pytest.fixture
def stage(tmp_path: Path, vault: Path) -> Iterator[Stage]:
    """A stage where no run may leave a file: in HOME, TMPDIR, the vault's, or where it ran."""
    stage = Stage(tmp_path, vault)
    stage.cwd(PHANTOMRUN)
    before = files_below(tmp_path, vault.parent)
    yield stage
    assert files_below(tmp_path, vault.parent) == before


@pytest.fixture
def orphans() -> Iterator[Orphanage]:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    orphans = Orphanage()
    yield orphans
    orphans.collect()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def run(stage: Stage, orphans: Orphanage) -> Iterator[Run]:
    run = Run(stage, orphans)
    yield run.serving()
    end(run.command)
    run.assert_gone()


def test_nothing_is_left_when_the_command_ends(run: Run) -> None:
    assert run.ask() == "HTTP/1.1 401"

    assert finish(run.command) == Seen(0)

    run.assert_gone()
    assert list(run.orphans.ends.values()) == [0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_is_left_when_the_command_is_killed(run: Run, number: signal.Signals) -> None:
    run.command.send_signal(number)

    finish(run.command)

    run.assert_gone()
    assert list(run.orphans.ends.values()) == [0]


def test_a_killed_sidecar_takes_only_the_listener_with_it(run: Run) -> None:
    os.kill(run.sidecar(), signal.SIGKILL)

    until(lambda: run.ask() == "ConnectionRefusedError")
    assert run.sidecars() == []
    assert children_of(run.pid) == []
    assert finish(run.command) == Seen(0)
    run.assert_gone()


def test_the_sidecar_is_apart_from_the_terminal_and_the_family(run: Run) -> None:
    sidecar = run.sidecar()
    seen = stat(sidecar)

    assert seen is not None
    assert (seen.pgrp, seen.session, seen.tty) == (sidecar, sidecar, 0)
    assert seen.ppid != run.pid
    assert children_of(run.pid) == []
    assert children_of(sidecar) == []


def test_the_sidecar_alone_holds_the_listener(run: Run) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may look into a process that is not dumpable")
    listening = _inode_of_listener(run.port)

    assert [pid for pid in pids() if listening in _fds(pid).values()] == [run.sidecar()]


def test_the_sidecar_holds_nothing_of_the_callers(run: Run) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may look into a process that is not dumpable")
    fds = _fds(run.sidecar())

    assert {fds[n] for n in (0, 1, 2)} == {"/dev/null"}
    assert not set(fds.values()) & set(_fds(run.pid).values()) - {"/dev/null"}


def test_the_command_may_become_another_program(stage: Stage, orphans: Orphanage) -> None:
    run = Run(stage, orphans, ("/bin/sh", "-c", 'exec "$@"', "sh", *APP_ARGV)).serving()

    assert run.ask() == "HTTP/1.1 401"
    assert finish(run.command) == Seen(0)
    run.assert_gone()


def test_a_run_inside_a_run_has_no_sidecar_of_its_own(stage: Stage, orphans: Orphanage) -> None:
    run = Run(stage, orphans, (*PHANTOMRUN.argv, *PHANTOMRUN.argv, *APP_ARGV)).serving()

    assert run.ask() == "HTTP/1.1 401"
    assert len(run.sidecars()) == 1
    assert finish(run.command) == Seen(0)
    run.assert_gone()


def test_a_stopped_command_keeps_its_listener(run: Run) -> None:
    run.command.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, run.pid, os.WSTOPPED | os.WNOWAIT)

    assert listens(run.port)
    run.command.send_signal(signal.SIGCONT)
    assert run.ask() == "HTTP/1.1 401"


def test_a_survivor_of_the_command_has_no_listener_any_more(
    stage: Stage, orphans: Orphanage
) -> None:
    survives = '"$@" <&3 & echo $! >&2'
    argv = ("/bin/sh", "-c", f"exec 3<&0; {survives}; kill -KILL $$", "sh", *APP_ARGV)
    run = Run(stage, orphans, argv).serving()
    os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
    assert run.command.stderr
    survivor = int(run.command.stderr.readline())

    until(lambda: run.ask() == "ConnectionRefusedError")
    until(lambda: run.sidecars() == [survivor])
    assert finish(run.command) == Seen(-signal.SIGKILL)
    run.assert_gone()


@pytest.mark.parametrize(("name", "status"), [("./no-such", 127), ("/", 126)])
def test_nothing_is_left_of_a_command_that_cannot_start(
    stage: Stage, orphans: Orphanage, name: str, status: int
) -> None:
    run = Run(stage, orphans, (name,))

    assert finish(run.command).status == status
    run.assert_gone()


@pytest.fixture
def key_pipe(stage: Stage, locked: Path, tmp_path: Path) -> Path:
    """Let the passphrase come from a pipe, so that the launch waits where the test wants it to."""
    pipe = tmp_path / "home" / "key"
    os.mkfifo(pipe, 0o600)
    stage.environ |= {"PHANTOMRUN_HOME": str(locked), "PHANTOMRUN_PASSPHRASE_FILE": str(pipe)}
    return pipe


@pytest.mark.parametrize("whole_group", [True, False], ids=["group", "launcher"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_launch_that_waits_for_its_key_can_be_ended(
    stage: Stage, orphans: Orphanage, key_pipe: Path, number: signal.Signals, whole_group: bool
) -> None:
    run = Run(stage, orphans)
    writer = until(lambda: _reached(key_pipe))

    (os.killpg if whole_group else os.kill)(run.pid, number)

    try:
        assert finish(run.command, within_s=GONE_WITHIN_S) == Seen(-number)
        run.assert_gone()
    finally:
        os.close(writer)
        key_pipe.unlink()


def _reached(pipe: Path) -> int:
    """Return the writing end, when there is somebody at the other."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return 0


def test_many_runs_at_once_are_apart(stage: Stage, orphans: Orphanage) -> None:
    runs = [Run(stage, orphans) for _ in range(10)]
    for run in runs:
        run.serving()

    assert len({run.port for run in runs}) == len(runs)
    assert [run.ask() for run in runs] == ["HTTP/1.1 401"] * len(runs)
    for run in runs[::2]:
        assert finish(run.command) == Seen(0)
        run.assert_gone()
    assert [run.ask() for run in runs[1::2]] == ["HTTP/1.1 401"] * (len(runs) // 2)
    for run in runs[1::2]:
        assert finish(run.command) == Seen(0)
        run.assert_gone()


def test_nothing_is_left_after_any_of_200_random_kills(stage: Stage, orphans: Orphanage) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rounds = list(pool.map(lambda _: _random_kill(stage, orphans), range(ROUNDS)))

    assert len(rounds) == ROUNDS
    assert {killed for killed, _ in rounds} == {"command", "sidecar"}
    assert {served for _, served in rounds} == {True, False}
    ends = set(orphans.ends.values())
    # 1: there was nobody left to answer; SIGTERM: the command was gone before that
    assert ends <= {0, -signal.SIGKILL, 1, -signal.SIGTERM}


def _random_kill(stage: Stage, orphans: Orphanage) -> tuple[str, bool]:
    """Kill command or sidecar at some moment; return which, and whether it was serving already."""
    run = Run(stage, orphans)
    try:
        assert run.command.stdin
        run.command.stdin.write(b"ask\n" * 1000)
        run.command.stdin.flush()
        threading.Event().wait(secrets.randbelow(LAUNCH_AND_SERVE_MS) / 1000)
        killed = _kill_some_of(run)
        seen = finish(run.command)
    finally:
        end(run.command)
    run.port = int(seen.stdout.split(b"\n")[0] or 0)
    run.assert_gone()
    if killed == "command":
        assert (seen.status, seen.stderr) == (-signal.SIGKILL, b"")
    elif seen.status == 0:  # the command was running, and never noticed
        assert seen.stderr == b""
        assert len(seen.stdout.splitlines()) == 1001
    else:  # it was not, and was not started
        assert (seen.status, seen.stdout) == (125, b"")
        assert seen.stderr.startswith(b"phantomrun: ")
    return killed, b"HTTP/1.1 401" in seen.stdout


def _kill_some_of(run: Run) -> str:
    sidecars = run.sidecars() if secrets.randbelow(2) else []
    if not sidecars:
        run.command.kill()
        return "command"
    with suppress(ProcessLookupError):
        os.kill(secrets.choice(sidecars), signal.SIGKILL)
    return "sidecar"


def _inode_of_listener(port: int) -> str:
    """Return the socket that listens, as it is written in /proc/PID/fd."""
    for line in proc("self", "net/tcp").decode().splitlines()[1:]:
        fields = line.split()
        if fields[1] == f"0100007F:{port:04X}" and fields[3] == "0A":
            return f"socket:[{fields[9]}]"
    pytest.fail(f"nobody listens on port {port}")


def _fds(pid: int) -> dict[int, str]:
    """Return what each descriptor of a process is; nothing of one that is gone."""
    fds = {}
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                fds[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return fds
