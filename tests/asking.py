"""A little shell with job control, whose one job asks a question on its terminal.

asking.py TELLS COMMANDS HANGUP WORD…      the first three are descriptors, 0 is the terminal

    words     hidden  background  default-int  ignore-int
    tells     asker PID · stopped · exited CODE
              answer TEXT · left N · interrupted · refused MESSAGE
    commands  fg · bg
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios

from phantomrun import tty

PROMPT = "Passphrase? "


class Script:
    """The shell and its job."""

    def __init__(self, tells: int, commands: int, hangup: int, words: list[str], /) -> None:
        self._tells = tells
        self._commands = commands
        self._hangup = hangup
        self._words = words

    def shell(self) -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        gate, opener = os.pipe()
        job = os.fork()
        if job == 0:
            os.close(opener)
            os.read(gate, 1)
            os._exit(self._asker())
        os.setpgid(job, job)
        if "background" not in self._words:
            os.tcsetpgrp(0, job)
        self._tell(f"asker {job}")
        os.close(opener)
        while True:
            _, status = os.waitpid(job, os.WUNTRACED)
            os.tcsetpgrp(0, os.getpgrp())
            if not os.WIFSTOPPED(status):
                return self._tell(f"exited {os.waitstatus_to_exitcode(status)}")
            self._tell("stopped")
            if os.read(self._commands, 100) == b"fg":
                os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)

    def _asker(self) -> int:
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        if "default-int" in self._words:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        if "ignore-int" in self._words:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            typed = tty.ask(PROMPT, hidden="hidden" in self._words, hangup_fd=self._hangup)
        except KeyboardInterrupt:
            self._tell("interrupted")
        except tty.NoTerminal as error:
            self._tell(f"refused {error.message}")
        else:
            self._tell(f"answer {typed!a}")
            self._tell(f"left {len(select.select([0], [], [], 0)[0])}")
        return 0

    def _tell(self, text: str) -> None:
        os.write(self._tells, f"{text}\n".encode())


if __name__ == "__main__":
    told, commanded, hung = (int(number) for number in sys.argv[1:4])
    Script(told, commanded, hung, sys.argv[4:]).shell()
