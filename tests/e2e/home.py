"""A private home with a vault of its own, and commands run in it for real."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.e2e.canary import Canary

SCRIPTS = os.path.dirname(sys.executable)
PHANTOMRUN = os.path.join(SCRIPTS, "phantomrun")  # the script that pip installed
CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
SAMPLE_EVERY_S = 0.02
DEADLINE_S = 60.0


class Done(NamedTuple):
    """How a command ended; minus the signal's number if one ended it."""

    code: int
    out: bytes
    err: bytes

    def json(self) -> Any:
        """Return the last line of standard output, parsed; only for a success."""
        assert self.code == 0, f"exit code {self.code}: {self.err.decode(errors='replace')}"
        return json.loads(self.out.splitlines()[-1])


class Home:
    """HOME, PHANTOMRUN_HOME, working and temporary directory of one test."""

    def __init__(self, root: Path, canary: Canary) -> None:
        self.root = root
        self.cwd = root / "cwd"
        self.canary = canary
        self._reports = root / "reports"
        for name in ("home", "cwd", "tmp", "runtime", "reports"):
            (root / name).mkdir(mode=0o700, exist_ok=True)
        self.environ = {
            "PATH": f"{SCRIPTS}:{os.environ.get('PATH', os.defpath)}",
            "LANG": "C.UTF-8",
            "HOME": str(root / "home"),
            "TMPDIR": str(root / "tmp"),
            "XDG_RUNTIME_DIR": str(root / "runtime"),
            "PHANTOMRUN_HOME": str(root / "ours"),
            "PHANTOMRUN_KEY_FILE": str(root / "key"),
        }

    def init(self) -> None:
        """Make a vault that a key file opens."""
        key = self.environ["PHANTOMRUN_KEY_FILE"]
        self.verb("init", "--key-file", key, env={"PHANTOMRUN_KEY_FILE": ""})

    def copy_vault(self, template: Home) -> None:
        """Take the vault and the key file of another home."""
        shutil.copytree(template.root / "ours", self.root / "ours")
        shutil.copy2(template.root / "key", self.root / "key")

    def secret(self, name: str, value: str, *, url: str, ca_file: str) -> None:
        """Put a secret for an upstream of the suite into the vault."""
        options = ("--upstream", url, "--ca-file", ca_file)
        self.verb("set", name, *options, "-", stdin=value.encode())

    def verb(
        self,
        *words: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        code: int = 0,
    ) -> Done:
        """Run `phantomrun WORDS`, which must end with `code`."""
        done = self._start([PHANTOMRUN, *words], stdin=stdin, env=env).finish()
        said = (done.out + done.err).decode(errors="replace")
        assert done.code == code, f"phantomrun {words[0]} ended with {done.code}: {said}"
        return done

    def run(
        self,
        argv: Sequence[str],
        *,
        options: Sequence[str] = (),
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        observed: bool = True,
        deadline_s: float = DEADLINE_S,
    ) -> Done:
        """Run `phantomrun OPTIONS -- ARGV` to its end.

        `observed` puts observe.py between the two, which searches the command as it ends.
        """
        running = self.start(argv, options=options, stdin=stdin, env=env, observed=observed)
        return running.finish(deadline_s)

    def start(
        self,
        argv: Sequence[str],
        *,
        options: Sequence[str] = (),
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        observed: bool = True,
    ) -> Running:
        """Start `phantomrun OPTIONS -- ARGV`."""
        watched = self._watched(argv) if observed else list(argv)
        return self._start([PHANTOMRUN, *options, "--", *watched], stdin=stdin, env=env)

    def python(self, script: str, *arguments: str, **more: Any) -> Done:
        """Run one of the Python clients' programs."""
        return self.run([sys.executable, os.path.join(CLIENTS, script), *arguments], **more)

    def _watched(self, argv: Sequence[str]) -> list[str]:
        from tests.e2e.canary import HALVES

        report = self._reports / f"{len(self.canary.reports)}.json"
        self.canary.reports.append(report)
        halves = [os.fsdecode(half) for pair in HALVES for half in pair]
        observer = os.path.join(CLIENTS, "observe.py")
        return [sys.executable, "-I", "-S", observer, str(report), *halves, "--", *argv]

    def _start(
        self, argv: Sequence[str], *, stdin: bytes, env: Mapping[str, str] | None
    ) -> Running:
        environ = {**self.environ, **(env or {})}
        kept = {name: value for name, value in environ.items() if value}
        command = subprocess.Popen(
            argv,
            cwd=self.cwd,
            env=kept,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running = Running(command, stdin, self.canary)
        self.canary.abandon.append(running.abandon)
        return running


class Running:
    """A command under way: its output is collected, and it is searched from outside."""

    def __init__(self, command: subprocess.Popen[bytes], stdin: bytes, canary: Canary) -> None:
        self.pid = command.pid
        self._command = command
        self._argv = list(command.args) if isinstance(command.args, list) else []
        self._canary = canary
        self._out, self._err = bytearray(), bytearray()
        self._read = 0
        self._grown = threading.Condition()
        self._ended = threading.Event()
        work = [(self._collect, (command.stdout, self._out))]
        work.append((self._collect, (command.stderr, self._err)))
        self._threads = [threading.Thread(target=do, args=args, daemon=True) for do, args in work]
        self._threads.append(threading.Thread(target=self._sample, daemon=True))
        for thread in self._threads:
            thread.start()
        assert command.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            command.stdin.write(stdin)
        with contextlib.suppress(BrokenPipeError):
            command.stdin.close()

    def line(self, deadline_s: float = DEADLINE_S) -> bytes:
        """Wait for the next line of standard output."""
        with self._grown:
            came = self._grown.wait_for(lambda: b"\n" in self._out[self._read :], deadline_s)
            assert came, f"no line came: {bytes(self._out)!r} {bytes(self._err)!r}"
            end = self._out.index(b"\n", self._read) + 1
            found, self._read = bytes(self._out[self._read : end]), end
            return found

    def lines(self) -> int:
        """Return how many lines have come since the last one that was read, and read them."""
        with self._grown:
            fresh = self._out[self._read :]
            self._read += fresh.rfind(b"\n") + 1
            return fresh.count(b"\n")

    def silent(self, quiet_s: float) -> bool:
        """Tell whether nothing more is written for so long."""
        with self._grown:
            size = len(self._out)
            return not self._grown.wait_for(lambda: len(self._out) > size, quiet_s)

    def checkpoint(self) -> int:
        """Search the command and its descendants from outside; return how many could be."""
        family = [self.pid, *(child.pid for child in self.descendants())]
        return sum(self._canary.sample(pid) for pid in family)

    def descendants(self) -> list[psutil.Process]:
        """Return the processes below the command."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def sidecar(self) -> int:
        """Return the process that serves this run: it still has the launcher's arguments."""
        words = [os.fsencode(word) for word in self._argv]
        for pid in psutil.pids():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
                if pid != self.pid and file.read().split(b"\0")[-len(words) - 1 : -1] == words:
                    return pid
        raise AssertionError("this run has no sidecar")

    def signal(self, number: int) -> None:
        """Send the command a signal."""
        self._command.send_signal(number)

    def finish(self, deadline_s: float = DEADLINE_S) -> Done:
        """Wait for the end; whatever was written must not contain a real value."""
        try:
            code = self._command.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self._command.kill()
            self._command.wait()
            raise
        finally:
            self._ended.set()
        until = time.monotonic() + deadline_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
            assert not thread.is_alive(), "something still holds the command's output"
        out, err = bytes(self._out), bytes(self._err)
        self._canary.saw("standard output", out)
        self._canary.saw("standard error", err)
        return Done(code, out, err)

    def abandon(self) -> None:
        """End a command that its test did not wait for, as a failed test does not."""
        self._ended.set()
        if self._command.poll() is None:
            self._command.kill()
            self._command.wait()

    def _collect(self, pipe: IO[bytes], into: bytearray) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), 1 << 16):
                with self._grown:
                    into += data
                    self._grown.notify_all()

    def _sample(self) -> None:
        """Search the command once, as soon as it is the command and no longer phantomrun."""
        while not self._ended.wait(SAMPLE_EVERY_S):
            try:
                with open(f"/proc/{self.pid}/environ", "rb") as file:
                    begun = b"\0PHANTOMRUN=" in b"\0" + file.read()
            except OSError:
                continue
            if begun:
                self._canary.sample(self.pid)
                return
