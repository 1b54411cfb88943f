"""Asking a question on the terminal, and leaving the terminal as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
from typing import TYPE_CHECKING, Any

from phantomrun.errors import Failure

if TYPE_CHECKING:
    from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_LOCAL_MODES = 3  # where tcgetattr keeps ECHO and ICANON
_INPUT_MODES = 0
# In canonical mode the kernel keeps this much of a line and drops the rest without a word.
_LINE_BYTES = 1023 if sys.platform == "darwin" else 4095
_FLAGS = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC


class NoTerminal(Failure):
    """There is no terminal to ask on, or it is not our turn to use it."""

    code = "PR-NOTTY"


def available() -> bool:
    """Return whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", _FLAGS))
    except OSError:
        return False
    return True


def ask(prompt: str, *, hidden: bool, hangup_fd: int | None = None) -> str:
    """Return the line typed at /dev/tty. Only the main thread may ask.

    Whatever ends the question, the terminal's modes are put back first: an answer, Ctrl-C, SIGTERM,
    Ctrl-Z (it stops with the echo on, and asks again when continued), or the other end of
    `hangup_fd` being closed, which is a KeyboardInterrupt. A background job is refused at once.
    """
    try:
        fd = os.open("/dev/tty", _FLAGS)
    except OSError:
        raise NoTerminal("there is no terminal to ask on") from None
    try:
        with _Signals() as signals:
            return _Question(fd, prompt, hidden=hidden, hangup_fd=hangup_fd).answer(signals)
    except (OSError, termios.error):
        raise NoTerminal("the terminal has gone") from None
    finally:
        os.close(fd)


class _Signals:
    """The signals that would leave the echo off, kept waiting until it is back on."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        self._caught: list[int] = []
        self._before: dict[int, Any] = {}
        self._woken_before = -1

    def __enter__(self) -> _Signals:
        # A handler of ours alone could run too late: just before a poll that then nothing ends.
        self._woken_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (*_ENDING, signal.SIGTSTP, signal.SIGCONT):
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN and before is not None:  # nohup stays nohup
                self._before[number] = before
                signal.signal(number, self._catch)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._woken_before)
        os.close(self.reader)
        os.close(self._writer)
        for number in self._caught:
            if number != signal.SIGCONT:
                signal.raise_signal(number)

    @property
    def ending(self) -> bool:
        """Whether one of them would have ended this process."""
        return any(number in _ENDING for number in self._caught)

    def came(self) -> bool:
        """Return whether it was one of these signals that woke us."""
        while _read_some(self.reader):
            pass
        return bool(self._caught)

    def stop_if_told(self) -> None:
        """Stop now if Ctrl-Z said so; return when continued."""
        if signal.SIGTSTP in self._caught and not self.ending:
            signal.signal(signal.SIGTSTP, self._before[signal.SIGTSTP])
            signal.raise_signal(signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, self._catch)
        for number in (signal.SIGTSTP, signal.SIGCONT):
            while number in self._caught:  # one by one: more may come meanwhile
                self._caught.remove(number)

    def _catch(self, number: int, _: FrameType | None) -> None:
        self._caught.append(number)


class _Question:
    def __init__(self, fd: int, prompt: str, *, hidden: bool, hangup_fd: int | None) -> None:
        self._fd = fd
        self._prompt = prompt.encode("utf-8", "surrogateescape")
        self._hidden = hidden
        self._hangup_fd = hangup_fd

    def answer(self, signals: _Signals) -> str:
        before = termios.tcgetattr(self._fd)
        while True:
            typed = self._ask_once(before, signals)
            if typed is not None:
                return typed.decode("utf-8", "surrogateescape")
            signals.stop_if_told()
            if signals.ending:
                raise KeyboardInterrupt  # unless the signal itself does something else

    def _ask_once(self, before: list[Any], signals: _Signals) -> bytes | None:
        """Return the answer, or nothing if a signal came first."""
        if os.tcgetpgrp(self._fd) != os.getpgrp():
            raise NoTerminal("a background job cannot ask")
        asking = self._set_modes(before)
        try:
            os.write(self._fd, self._prompt)
            return self._line(signals)
        finally:
            self._put_back(before, asking)

    def _set_modes(self, before: list[Any]) -> list[Any]:
        modes = list(before)
        modes[_INPUT_MODES] |= termios.ICRNL
        modes[_LOCAL_MODES] |= termios.ICANON | termios.ISIG | termios.ECHO
        if self._hidden:
            modes[_LOCAL_MODES] &= ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(self._fd, termios.TCSAFLUSH if self._hidden else termios.TCSADRAIN, modes)
        return termios.tcgetattr(self._fd)

    def _put_back(self, before: list[Any], asking: list[Any]) -> None:
        # The shell may have taken the terminal back already: then its modes stand, and writing to
        # the terminal from the background must not stop us.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            if termios.tcgetattr(self._fd)[_LOCAL_MODES] != asking[_LOCAL_MODES]:
                return
            # SECURITY: the rest of a pasted secret is dropped, not handed to the shell
            # (test_what_was_pasted_behind_a_hidden_answer_is_dropped)
            when = termios.TCSAFLUSH if self._hidden else termios.TCSADRAIN
            termios.tcsetattr(self._fd, when, before)
            if self._hidden:
                os.write(self._fd, b"\n")
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _line(self, signals: _Signals) -> bytes | None:
        line = b""
        while not line.endswith(b"\n"):
            ready = _readable([self._fd, signals.reader, self._hangup_fd])
            if signals.reader in ready and signals.came():
                return None
            if self._hangup_fd in ready:
                raise KeyboardInterrupt
            if self._fd in ready:
                chunk = os.read(self._fd, _LINE_BYTES + 1)
                if not chunk:
                    break
                line += chunk
        return self._checked(line)

    def _checked(self, line: bytes) -> bytes:
        if not line:
            raise NoTerminal("nothing was typed")
        if len(line.removesuffix(b"\n")) >= _LINE_BYTES:
            raise NoTerminal(
                f"a terminal passes on no more than {_LINE_BYTES} bytes of a line",
                hint="give it on standard input instead",
            )
        return line.removesuffix(b"\n")


def _readable(fds: list[int | None], *, platform: str = sys.platform) -> set[int]:
    """Return which of the descriptors can be read or have hung up, once one can."""
    wanted = [fd for fd in fds if fd is not None]
    if platform == "darwin":  # poll() there knows no terminals
        return set(select.select(wanted, [], [])[0])
    poll: Any = select.poll()
    for fd in wanted:
        poll.register(fd, select.POLLIN)
    return {fd for fd, _ in poll.poll()}


def _read_some(fd: int) -> bytes:
    try:
        return os.read(fd, 512)
    except BlockingIOError:
        return b""
