"""Questions on a real terminal, and what is left of it afterwards."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest

from phantomrun import tty
from tests.asking import PROMPT
from tests.vault.samples import ROOT, child_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., "Terminal"]

SCRIPT = os.path.join(ROOT, "tests", "asking.py")
WAIT_S = 20.0


class Terminal:
    """A terminal with a shell on it, and that shell's asking job."""

    def __init__(self, *words: str) -> None:
        self.master, self._slave = pty.openpty()
        self._tells, tells = os.pipe()
        commands, self._commands = os.pipe()
        hangup, self._hangup = os.pipe()
        self._shell = subprocess.Popen(
            [sys.executable, "-s", "-B", SCRIPT, str(tells), str(commands), str(hangup), *words],
            env=child_environ(),
            stdin=self._slave,
            stdout=subprocess.DEVNULL,
            pass_fds=(tells, commands, hangup),
            start_new_session=True,
        )
        for fd in (tells, commands, hangup):
            os.close(fd)
        self._told = b""
        self.screen = b""
        self.asker = int(self.told().removeprefix("asker "))

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def told(self) -> str:
        """Return the next line the script tells, or nothing at its end."""
        while b"\n" not in self._told:
            chunk = _read(self._tells)
            if not chunk:
                return ""
            self._told += chunk
        line, _, self._told = self._told.partition(b"\n")
        return line.decode()

    def see(self, text: bytes) -> None:
        """Wait until `text` has come up on the screen; what was there before is wiped."""
        while text not in self.screen:
            self.screen += _read(self.master)
        self.screen = self.screen.partition(text)[2]

    def prompted(self) -> Terminal:
        self.see(PROMPT.encode())
        return self

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def command(self, text: bytes) -> None:
        os.write(self._commands, text)

    def hang_up(self) -> None:
        os.close(self._hangup)
        self._hangup = -1

    def pull_the_plug(self) -> None:
        os.close(self._slave)
        os.close(self.master)
        self.master = self._slave = -1

    def close(self) -> None:
        self._shell.kill()
        self._shell.wait()
        for fd in (self.master, self._slave, self._tells, self._commands, self._hangup):
            if fd >= 0:
                os.close(fd)


def _read(fd: int) -> bytes:
    deadline = time.monotonic() + WAIT_S
    while not select.select([fd], [], [], 0.1)[0]:
        assert time.monotonic() < deadline, "nothing came"
    return os.read(fd, 4096)


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Terminal] = []

    def begin(*words: str) -> Terminal:
        started.append(Terminal(*words))
        return started[-1]

    yield begin
    for terminal in started:
        terminal.close()


def test_a_hidden_answer_is_not_shown_and_the_echo_comes_back(start: Start) -> None:
    terminal = start("hidden").prompted()
    assert not terminal.echoes()

    terminal.type(b"CANARY\n")

    assert terminal.told() == "answer 'CANARY'"
    assert terminal.echoes()
    terminal.see(b"\r\n")
    assert (terminal.told(), terminal.told()) == ("left 0", "exited 0")
    assert b"CANARY" not in terminal.screen


def test_a_visible_answer_is_shown(start: Start) -> None:
    terminal = start().prompted()
    assert terminal.echoes()

    terminal.type(b"yes\n")

    assert terminal.told() == "answer 'yes'"
    terminal.see(b"yes\r\n")


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (b"\n", "''"),
        (b"CANARY\r", "'CANARY'"),
        (b" CANARY \n", "' CANARY '"),
        (b"CANARX\x7fY\n", "'CANARY'"),
        (b"wrong\x15CANARY\n", "'CANARY'"),
        (b"CANARY\x04\x04", "'CANARY'"),
        ("Zo\u00eb\n".encode(), "'Zo\\xeb'"),
        (b"\xff\n", "'\\udcff'"),
    ],
    ids=["empty", "enter", "blanks", "backspace", "kill-line", "end-of-file", "utf-8", "bytes"],
)
def test_a_line_is_what_the_terminal_makes_of_the_keys(
    start: Start, keys: bytes, answer: str
) -> None:
    terminal = start("hidden").prompted()

    terminal.type(keys)

    assert terminal.told() == f"answer {answer}"


def test_what_was_typed_ahead_is_not_the_hidden_answer(start: Start) -> None:
    terminal = start("hidden")
    terminal.type(b"ahead")
    terminal.prompted().type(b"CANARY\n")

    assert terminal.told() in ("answer 'CANARY'", "answer 'aheadCANARY'")


def test_what_was_pasted_behind_a_hidden_answer_is_dropped(start: Start) -> None:
    terminal = start("hidden").prompted()

    terminal.type(b"CANARY\nrm -rf CANARY\n")

    assert (terminal.told(), terminal.told()) == ("answer 'CANARY'", "left 0")


def test_a_line_the_terminal_would_cut_is_refused(start: Start) -> None:
    terminal = start("hidden").prompted()

    for _ in range(10):
        terminal.type(b"x" * 500)
    terminal.type(b"\n")

    assert terminal.told().startswith("refused a terminal passes on no more than")
    assert terminal.echoes()


def test_the_end_of_file_is_no_answer(start: Start) -> None:
    terminal = start("hidden").prompted()

    terminal.type(b"\x04")

    assert terminal.told() == "refused nothing was typed"
    assert terminal.echoes()


def test_ctrl_c_restores_the_echo(start: Start) -> None:
    terminal = start("hidden").prompted()

    terminal.type(b"CAN\x03")

    assert (terminal.told(), terminal.told()) == ("interrupted", "exited 0")
    assert terminal.echoes()


def test_ctrl_c_kills_as_a_signal_where_that_is_the_default(start: Start) -> None:
    terminal = start("hidden", "default-int").prompted()

    terminal.type(b"CAN\x03")

    assert terminal.told() == f"exited {-signal.SIGINT}"
    assert terminal.echoes()


def test_an_ignored_ctrl_c_stays_ignored(start: Start) -> None:
    terminal = start("hidden", "ignore-int").prompted()

    os.kill(terminal.asker, signal.SIGINT)
    terminal.type(b"CANARY\n")

    assert terminal.told() == "answer 'CANARY'"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_deadly_signal_restores_the_echo_first(start: Start, number: signal.Signals) -> None:
    terminal = start("hidden").prompted()

    os.kill(terminal.asker, number)

    assert terminal.told() == f"exited {-number}"
    assert terminal.echoes()


def test_ctrl_z_stops_with_the_echo_on_and_asks_again(start: Start) -> None:
    terminal = start("hidden").prompted()

    for _ in range(2):
        terminal.type(b"CAN\x1a")
        assert terminal.told() == "stopped"
        assert terminal.echoes()
        terminal.command(b"fg")
        terminal.prompted()
        assert not terminal.echoes()

    terminal.type(b"CANARY\n")
    assert terminal.told() == "answer 'CANARY'"
    assert terminal.echoes()


def test_continued_in_the_background_it_gives_up(start: Start) -> None:
    terminal = start("hidden").prompted()
    terminal.type(b"\x1a")
    assert terminal.told() == "stopped"

    terminal.command(b"bg")

    assert terminal.told() == "refused a background job cannot ask"
    assert terminal.echoes()


def test_a_stop_it_could_not_see_is_asked_again(start: Start) -> None:
    terminal = start("hidden").prompted()
    os.kill(terminal.asker, signal.SIGSTOP)
    assert terminal.told() == "stopped"

    terminal.command(b"fg")

    terminal.prompted().type(b"CANARY\n")
    assert terminal.told() == "answer 'CANARY'"
    assert terminal.echoes()


def test_a_background_job_is_refused_at_once(start: Start) -> None:
    terminal = start("hidden", "background")

    assert terminal.told() == "refused a background job cannot ask"
    assert terminal.echoes()


def test_it_ends_with_the_process_it_asks_for(start: Start) -> None:
    terminal = start("hidden").prompted()

    terminal.hang_up()

    assert terminal.told() == "interrupted"
    assert terminal.echoes()


def test_it_ends_with_the_terminal(start: Start) -> None:
    terminal = start("hidden").prompted()

    terminal.pull_the_plug()

    assert terminal.told() in ("", "refused the terminal has gone")
    assert terminal.told() == ""


_WITHOUT = """
import os
from phantomrun import tty
print(tty.available())
try:
    tty.ask("?", hidden=True)
except tty.NoTerminal as error:
    print(error.message)
"""


def test_without_a_terminal_there_is_nobody_to_ask() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        env=child_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )

    assert ran.stdout == "False\nthere is no terminal to ask on\n"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_what_can_be_read_is_found_on_either_platform(platform: str) -> None:
    (idle, busy), (hung, gone) = [os.pipe() for _ in range(2)], [os.pipe() for _ in range(2)]
    os.write(busy[1], b"x")
    os.close(gone[1])
    try:
        assert tty._readable([idle[0], busy[0], None], platform=platform) == {busy[0]}
        assert tty._readable([hung[0], gone[0]], platform=platform) == {gone[0]}
    finally:
        for fd in (*idle, *busy, *hung, gone[0]):
            os.close(fd)
