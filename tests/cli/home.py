"""A private home, and the installed `phantomrun` run in it, with or without a terminal."""

from __future__ import annotations

import errno
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCRIPTS = os.path.dirname(sys.executable)
PHANTOMRUN = os.path.join(SCRIPTS, "phantomrun")  # the script that pip installed
DEADLINE_S = 30.0
# Makes standard input the controlling terminal of a session of its own, then becomes the command.
_SEAT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Done(NamedTuple):
    """How a command ended; minus the signal's number if one ended it."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Return the JSON objects on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]


class Home:
    """HOME, PHANTOMRUN_HOME and working directory of one test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cwd = root / "project"
        self.key = root / "key"
        self._persons: list[Person] = []
        for path in (root / "home", self.cwd):
            path.mkdir()
        self.environ = {
            "PATH": f"{SCRIPTS}:{os.environ.get('PATH', os.defpath)}",
            "LANG": "C.UTF-8",
            "HOME": str(root / "home"),
            "PHANTOMRUN_HOME": str(root / "ours"),
            "PHANTOMRUN_KEY_FILE": str(self.key),
        }

    @property
    def vault(self) -> Path:
        return self.root / "ours" / "vault"

    def copy_vault(self, template: Home) -> None:
        """Take the vault and the key file of another home."""
        shutil.copytree(template.root / "ours", self.root / "ours")
        shutil.copy2(template.key, self.key)

    def phantomrun(
        self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Done:
        """Run `phantomrun WORDS` without a terminal."""
        done = subprocess.run(
            [PHANTOMRUN, *words],
            cwd=self.cwd,
            env=self._environ(env),
            input=stdin,
            capture_output=True,
            start_new_session=True,
            check=False,
            timeout=DEADLINE_S,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `phantomrun WORDS` and let it run."""
        return subprocess.Popen(
            [PHANTOMRUN, *words],
            cwd=self.cwd,
            env=self._environ(None),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def person(self, *words: str, env: Mapping[str, str] | None = None) -> Person:
        """Start `phantomrun WORDS` on a terminal of its own."""
        return self._seated([PHANTOMRUN, *words], env)

    def shell(self, line: str) -> Person:
        """Start a shell's command line on a terminal of its own."""
        return self._seated(["/bin/sh", "-c", line], None)

    def set(self, name: str, value: str, *options: str) -> None:
        """Store a secret."""
        done = self.phantomrun("set", name, *options, "-", stdin=value.encode())
        assert done.code == 0, done.err

    def names(self) -> list[str]:
        """Return the names in the vault."""
        return [one["name"] for one in self.phantomrun("list", "--json").objects]

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.cwd / name
        path.write_bytes(text.encode())
        return path

    def close(self) -> None:
        """Send away whoever is still at a terminal."""
        for person in self._persons:
            person.close()

    def _seated(self, argv: list[str], env: Mapping[str, str] | None) -> Person:
        self._persons.append(Person(argv, str(self.cwd), self._environ(env)))
        return self._persons[-1]

    def _environ(self, env: Mapping[str, str] | None) -> dict[str, str]:
        return {name: value for name, value in {**self.environ, **(env or {})}.items() if value}


class Person:
    """Somebody at a terminal: reads what is on the screen, then types."""

    def __init__(self, argv: list[str], cwd: str, environ: dict[str, str]) -> None:
        self._master, self._slave = os.openpty()
        self.screen = ""
        self._seen = 0
        self._command = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _SEAT, *argv],
            cwd=cwd,
            env={**environ, "TERM": "xterm"},
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
        )

    def expect(self, pattern: str) -> re.Match[str]:
        """Read until the pattern stands on the screen, after what was expected before."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            found = re.compile(pattern).search(self.screen, self._seen)
            if found:
                self._seen = found.end()
                return found
            gone = self._command.poll() is not None
            came = self._read(time.monotonic() if gone else min(deadline, time.monotonic() + 1))
            over = not came and (gone or time.monotonic() > deadline)
            assert not over, f"{pattern!r} never came: {self.screen!r}"

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, text.encode() + b"\n")

    def press(self, key: str) -> None:
        """Press a control key, such as C."""
        os.write(self._master, bytes([ord(key) & 0x1F]))

    def echoes(self) -> bool:
        """Tell whether the terminal shows what is typed."""
        import termios

        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def wait(self) -> int:
        """Wait until the command is gone, the terminal still there."""
        return self._command.wait(DEADLINE_S)

    def finish(self) -> int:
        """Read to the end and return the exit code, minus a signal's number."""
        deadline = time.monotonic() + DEADLINE_S
        code = None
        while code is None:
            code = self._command.poll()
            assert time.monotonic() < deadline, f"does not end: {self.screen!r}"
            while self._read(time.monotonic() + 0.02):
                continue
        self.close()
        return code

    def close(self) -> None:
        """Hang up; whoever is still there gets SIGHUP."""
        if self._master >= 0:
            os.close(self._slave)
            os.close(self._master)
            self._master = -1
        self._command.wait(DEADLINE_S)

    def _read(self, deadline: float) -> bool:
        """Read what is on its way; False if nothing came in time."""
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self._master], [], [], left)[0]:
            return False
        try:
            chunk = os.read(self._master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:
                return False
            raise
        self.screen += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        return True
