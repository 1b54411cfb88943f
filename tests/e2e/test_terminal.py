"""On a terminal, too, a command behaves as under env(1): Ctrl-C, Ctrl-Z, job control, sizes."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.behaviour import (
    DEADLINE_S,
    ENV,
    PHANTOMRUN,
    Stage,
    Way,
    bash,
    end,
    make_vault,
    pids,
    stat,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into Linux's /proc")
WAYS = pytest.mark.parametrize("way", [ENV, PHANTOMRUN], ids=["env", "phantomrun"])
PROMPT = "ready> "
CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x04", "\x1a", "\x1c"
SIGNALS = (CTRL_C, CTRL_Z, CTRL_BACKSLASH)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vault(tmp_path_factory.mktemp("vault"))


@pytest.fixture
def stage(tmp_path: Path, vault: Path) -> Stage:
    return Stage(tmp_path, vault)


class Terminal:
    """The far end of a pty, whose session leader is the command."""

    def __init__(
        self, master: int, slave: int, leader: subprocess.Popen[bytes], *, jobs: bool
    ) -> None:
        self.leader = leader
        self.jobs = jobs
        self.screen = b""
        self._master = master
        self._slave = slave
        self._read = 0

    def expect(self, pattern: str) -> None:
        """Read on until the pattern stands on the screen, after what was expected before."""
        deadline = time.monotonic() + DEADLINE_S
        wanted = re.compile(pattern.encode(), re.DOTALL)
        while not (found := wanted.search(self.screen, self._read)):
            left_s = deadline - time.monotonic()
            ready, _, _ = select.select([self._master], [], [], max(left_s, 0))
            assert ready, f"no {pattern!r} on the screen: {self.screen!r}"
            self.screen += os.read(self._master, 65536)
        self._read = found.end()

    def type(self, text: str) -> None:
        if text in SIGNALS:
            until(self._is_foreground_waiting)
        os.write(self._master, text.encode())

    def _is_foreground_waiting(self) -> bool:
        """Return whether everything in the foreground sleeps; a signal now has one outcome."""
        group = os.tcgetpgrp(self._master)
        members = [seen for seen in map(stat, pids()) if seen and seen.pgrp == group]
        shell_is_in_front = self.jobs and group == self.leader.pid
        return not shell_is_in_front and {seen.state for seen in members} == {"S"}

    def resize(self, rows: int, columns: int) -> None:
        until(self._is_foreground_waiting)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def hang_up(self) -> None:
        for fd in (self._master, self._slave):
            with suppress(OSError):
                os.close(fd)

    def rest(self) -> str:
        """Wait for the leader's end and return the whole screen, without what never repeats."""
        try:
            self.leader.wait(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"does not end: {self.screen!r}")
        while select.select([self._master], [], [], 0)[0]:
            self.screen += os.read(self._master, 65536)
        return re.sub(r"(\[\d\]) \d+", r"\1 PID", self.screen.decode())


@contextmanager
def terminal(stage: Stage, way: Way, argv: Sequence[str]) -> Iterator[Terminal]:
    """Start the command on a new terminal; opening it makes it the session's own."""
    words = " ".join((os.path.basename(way.argv[0]), *way.argv[1:]))
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    leader = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@" <>"$0" >&0 2>&1', os.ttyname(slave), *argv],
        cwd=stage.cwd(way),
        env={**stage.environ, "RUN": words, "PS1": PROMPT, "PYTHON_BASIC_REPL": "1"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    seen = Terminal(master, slave, leader, jobs=argv[-1] == "-i")
    try:
        yield seen
    finally:
        seen.hang_up()
        end(leader)


class Play(NamedTuple):
    """What to wait for, and what to type then; `shows` must stand on the screen in the end."""

    steps: tuple[tuple[str, str], ...]
    shows: str


def _count_interrupts() -> str:
    return (
        "import signal, sys; n = []\n"
        "def caught(*_): n.append(1); print('got', len(n), flush=True)\n"
        "signal.signal(2, caught); print('up', flush=True)\n"
        "sys.stdin.readline(); print('count', len(n))"
    )


PYTHON = f"{sys.executable} -I -S"
BYE = (PROMPT, "exit 0\n")
SLEEPER = "$RUN sh -c 'echo up-$((40+2)); exec sleep 1000'"
PLAYS = {
    "ctrl-c": Play(
        ((PROMPT, f"{SLEEPER}\n"), ("up-42", CTRL_C), (PROMPT, "echo status=$?\n"), BYE),
        "status=130",
    ),
    "ctrl-backslash": Play(
        (
            (PROMPT, "ulimit -c 0\n"),
            (PROMPT, f"{SLEEPER}\n"),
            ("up-42", CTRL_BACKSLASH),
            (PROMPT, "echo status=$?\n"),
            BYE,
        ),
        "status=131",
    ),
    "ctrl-c-breaks-a-loop": Play(
        (
            (PROMPT, "for i in 1 2 3; do $RUN sh -c 'echo go=$0; exec sleep 1000' $i; done\n"),
            ("go=1", CTRL_C),
            (PROMPT, "echo status=$?\n"),
            BYE,
        ),
        "status=130",
    ),
    "ctrl-c-breaks-a-list": Play(
        ((PROMPT, f"{SLEEPER}; echo a=$((1))\n"), ("up-42", CTRL_C), BYE),
        "up-42",
    ),
    "ctrl-c-arrives-once": Play(
        (
            (PROMPT, "$RUN $PY -c \"$COUNT\"; echo status=$?\n"),
            ("up", CTRL_C),
            ("got 1", CTRL_C),
            ("got 2", "\n"),
            BYE,
        ),
        "count 2",
    ),
    "ctrl-c-in-a-pipeline": Play(
        ((PROMPT, f"{SLEEPER} | cat\n"), ("up-42", CTRL_C), (PROMPT, "echo status=$?\n"), BYE),
        "status=130",
    ),
    "ctrl-c-trapped": Play(
        (
            (PROMPT, "$RUN bash -c 'trap \"exit 3\" INT; echo up-$((40+2)); read'\n"),
            ("up-42", CTRL_C),
            (PROMPT, "echo status=$?\n"),
            BYE,
        ),
        "status=3",
    ),
    "ctrl-z-and-fg": Play(
        (
            (PROMPT, "$RUN sh -c 'echo up-$((40+2)); exec cat'\n"),
            ("up-42", CTRL_Z),
            (f"Stopped .*{PROMPT}", "jobs\n"),
            (f"Stopped .*{PROMPT}", "fg\n"),
            ("exec cat'", "hello\n"),
            ("hello\r\nhello", CTRL_D),
            (PROMPT, "echo status=$?\n"),
            BYE,
        ),
        "status=0",
    ),
    "ctrl-z-bg-and-kill": Play(
        (
            (PROMPT, f"{SLEEPER}\n"),
            ("up-42", CTRL_Z),
            (PROMPT, "bg\n"),
            (PROMPT, "jobs\n"),
            (f"Running .*{PROMPT}", "kill %1; wait %1; echo status=$?\n"),
            BYE,
        ),
        "status=143",
    ),
    "ctrl-z-ctrl-c-twice": Play(
        (
            (PROMPT, f"{SLEEPER}\n"),
            ("up-42", CTRL_Z),
            (PROMPT, "fg; echo status=$?\n"),
            ("sleep 1000'", CTRL_Z),
            (PROMPT, "fg\n"),
            ("sleep 1000'", CTRL_C),
            BYE,
        ),
        "Stopped",
    ),
    "background": Play(
        ((PROMPT, "$RUN sh -c 'exit 7' & wait %1; echo status=$?\n"), BYE),
        "status=7",
    ),
    "background-reader-stops": Play(
        (
            (PROMPT, "$RUN cat & until jobs -sp | grep -q .; do :; done\n"),
            (f"Stopped .*{PROMPT}", "fg\n"),
            ("RUN cat", "hello\n"),
            ("hello\r\nhello", CTRL_D),
            (PROMPT, "echo status=$?\n"),
            BYE,
        ),
        "status=0",
    ),
    "foreground-group": Play(
        (
            (
                PROMPT,
                "$RUN sh -c 'read p c s pp g sid tty f r </proc/$$/stat;"
                " echo $((g == $$)) $((f == g)) $((sid == pp)) $((tty > 0))'\n",
            ),
            BYE,
        ),
        "1 1 1 1",
    ),
    "terminal-settings": Play(
        (
            (PROMPT, "stty -echoctl susp undef; a=$(stty -a); $RUN true; $RUN stty -a | cat\n"),
            (PROMPT, 'echo same=$([ "$a" = "$(stty -a)" ]; echo $?)\n'),
            BYE,
        ),
        "same=0",
    ),
    "dev-tty": Play(
        ((PROMPT, "$RUN sh -c 'read x </dev/tty; echo got=$x >/dev/tty' </dev/null >out\n"),
         ("out", "line\n"), ("got=line", ""), BYE),
        "got=line",
    ),
    "repl": Play(
        (
            (PROMPT, "$RUN $PY -q\n"),
            (">>> ", "import signal; print(6 * 7, flush=True); signal.pause()\n"),
            ("\n42", CTRL_C),
            ("KeyboardInterrupt", ""),
            (">>> ", CTRL_C),
            ("KeyboardInterrupt", ""),
            (">>> ", "print(6 * 7 + 1)\n"),
            ("43", ""),
            (">>> ", "raise SystemExit(5)\n"),
            (PROMPT, "echo status=$?\n"),
            BYE,
        ),
        "status=5",
    ),
    "shell-in-a-shell": Play(
        (
            (PROMPT, "$RUN bash --norc --noprofile --noediting -i\n"),
            (PROMPT, CTRL_C),
            (PROMPT, f"{SLEEPER.removeprefix('$RUN ')}\n"),
            ("up-42", CTRL_C),
            (PROMPT, "echo status=$?\n"),
            (PROMPT, "sh -c 'echo up-$((50+2)); exec sleep 1000'\n"),
            ("up-52", CTRL_Z),
            (PROMPT, "fg\n"),
            ("sleep 1000'", CTRL_C),
            (PROMPT, "exit 6\n"),
            (PROMPT, "echo status=$?\n"),
            BYE,
        ),
        "status=6",
    ),
}  # fmt: skip


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS)
def test_a_terminal_shows_the_same(stage: Stage, play: Play) -> None:
    by_env, by_us = (_perform(play, stage, way) for way in (ENV, PHANTOMRUN))

    assert by_us == by_env
    assert play.shows in by_env


def _perform(play: Play, stage: Stage, way: Way) -> str:
    stage.environ |= {"PY": PYTHON, "COUNT": _count_interrupts()}
    shell = [bash(), "--norc", "--noprofile", "--noediting", "-i"]
    with terminal(stage, way, shell) as screen:
        for pattern, text in play.steps:
            screen.expect(pattern)
            screen.type(text)
        return screen.rest()


@WAYS
def test_ctrl_c_ends_a_script_in_the_middle_of_its_loop(stage: Stage, way: Way) -> None:
    script = 'for i in 1 2 3; do $RUN sh -c "echo go-$i; exec sleep 1000"; done; echo after'

    with terminal(stage, way, [bash(), "-c", script]) as screen:
        screen.expect("go-1")
        screen.type(CTRL_C)

        assert screen.rest() == "go-1\r\n^C"
        assert screen.leader.returncode == -2


@WAYS
def test_a_closed_terminal_hangs_up_the_command(stage: Stage, way: Way) -> None:
    with terminal(stage, way, [*way.argv, "sh", "-c", "echo up; exec sleep 1000"]) as screen:
        screen.expect("up")
        screen.hang_up()

        assert screen.leader.wait(timeout=DEADLINE_S) == -1


WATCH_SIZE = """
import os, signal, sys
def show(*_):
    print(*os.get_terminal_size(), flush=True)
signal.signal(signal.SIGWINCH, show)
show()
sys.stdin.readline()
"""


@WAYS
def test_the_command_sees_the_window_and_its_changes(stage: Stage, way: Way) -> None:
    argv = [*way.argv, *PYTHON.split(), "-c", WATCH_SIZE]

    with terminal(stage, way, argv) as screen:
        screen.expect("80 24")
        screen.resize(40, 132)
        screen.expect("132 40")
        screen.resize(10, 20)
        screen.expect("20 10")
        screen.type("\n")

        assert screen.rest() == "80 24\r\n132 40\r\n20 10\r\n\r\n"
        assert screen.leader.returncode == 0
