"""The canary: real values carry a mark, and after every test the mark must be nowhere."""

from __future__ import annotations

import json
import os
import re
import secrets
from base64 import b64encode
from typing import TYPE_CHECKING

from tests.e2e.clients import observe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORD = b"CANARY"
TAG = secrets.token_hex(4).encode()
BLOCK_BYTES = 1 << 20
OVERLAP_BYTES = 64
# Any test's mark: the word with something after it, so that a sentence about canaries is not one.
MARK = re.compile(rb"CANARY[0-9A-Za-z]{8}")


def canary(prefix: str, length: int) -> str:
    """Return a real value of this shape, marked, and new in every session."""
    start = prefix + (WORD + TAG).decode()
    return start + secrets.token_hex(length)[: length - len(start)]


def _base64_forms(text: bytes) -> list[bytes]:
    """Return the characters that `text` leaves in base64, wherever it stands in the bytes."""
    forms = []
    for before in range(3):
        whole = b64encode(bytes(before) + text).rstrip(b"=")
        spoilt = 0 if (before + len(text)) % 3 == 0 else 1
        forms.append(whole[(before * 8 + 5) // 6 : len(whole) - spoilt])
    return forms


FORMS = (WORD + TAG, *_base64_forms(WORD + TAG))
HALVES = tuple((form[: len(form) // 2], form[len(form) // 2 :]) for form in FORMS)


class Canary:
    """Collects what a test's commands left behind, and fails if a mark is in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.leaks: list[str] = []
        self.samples = 0  # how often a running command was searched from outside
        self.reports: list[Path] = []  # written by observe.py; each must exist in the end
        self.abandon: list[Callable[[], None]] = []  # ends the commands that are still running

    def saw(self, where: str, data: bytes) -> None:
        """Search bytes that left a command: its output, a response, a log."""
        if MARK.search(data) or observe.count(data, HALVES):
            self.leaks.append(where)

    def sample(self, pid: int) -> bool:
        """Search a process from outside; False where the kernel does not let us, or it is gone."""
        try:
            found = observe.held(pid, HALVES)
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            return False
        self.samples += 1
        self._note(f"process {pid}", found)
        return True

    def check(self) -> None:
        """Fail if a mark was seen anywhere, or is in a file; the sealed vault is a file too."""
        self.end()
        for report in self.reports:
            if not report.exists():
                self.leaks.append(f"nobody looked: {report.name} was not written")
                continue
            for number, found in enumerate(json.loads(report.read_text())):
                self._note(f"{report.name} process {number}", found)
        self._search_files()
        assert not self.leaks, f"a real value was found: {sorted(set(self.leaks))}"

    def end(self) -> None:
        """End the commands that nobody waited for."""
        while self.abandon:
            self.abandon.pop()()

    def _note(self, whose: str, found: dict[str, int]) -> None:
        self.leaks += [f"{whose}: {place}" for place, times in found.items() if times]

    def _search_files(self) -> None:
        for directory, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(directory, name)
                self.saw(f"file name in {directory}", os.fsencode(name))
                if os.path.isfile(path) and not os.path.islink(path):
                    self._search_file(path)

    def _search_file(self, path: str) -> None:
        tail = b""
        with open(path, "rb") as file:
            while block := file.read(BLOCK_BYTES):
                self.saw(f"file {path}", tail + block)
                tail = block[-OVERLAP_BYTES:]
