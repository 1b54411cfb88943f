"""Every byte we print: which stream it goes to, and how it looks.

What was asked for goes to stdout, everything else to stderr. A failure says what, then what to
type, in five lines at most. Control characters never reach the terminal: names and notes come
from files that others wrote.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from typing import TYPE_CHECKING

from phantomrun.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from phantomrun.errors import PhantomrunError

COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1"}
DEFAULT_COLUMNS = 80
GAP = 2
MAX_LINES = 5  # of a failure
MIN_COLUMN_CHARS = 8  # a column never shrinks below this

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_GUESS = re.compile(r"did you mean (?P<what>.+?)\??")


class Terminal:
    """The two streams of one command, and the choices that concern them."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.environ = environ
        self.stdout = _lenient(out or sys.stdout)
        self.stderr = _lenient(err or sys.stderr)
        self.colour = "auto"
        self.quiet = False

    def out(self, text: str = "") -> None:
        """Print one line of what was asked for."""
        self._put(self.stdout, clean(text) + "\n")

    def block(self, text: str) -> None:
        """Print text of our own that has several lines: a help page, a completion script."""
        self._put(self.stdout, text if text.endswith("\n") else text + "\n")

    def mark(self, label: str, text: str, *, colour: str) -> None:
        """Print a line that begins with a coloured word."""
        self._put(self.stdout, self._paint(f"{label:<6}", colour, self.stdout) + clean(text) + "\n")

    def note(self, text: str) -> None:
        """Print one line about what was done, unless -q."""
        if not self.quiet:
            self._put(self.stderr, clean(text) + "\n")

    def warn(self, text: str) -> None:
        """Print one line that -q does not silence."""
        self._put(self.stderr, clean(text) + "\n")

    def object(self, schema: str, fields: Mapping[str, object]) -> None:
        """Print one JSON object on one line, with the name of its schema."""
        self._put(self.stdout, json.dumps({"schema": f"phantomrun.{schema}/1", **fields}) + "\n")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows below their heads; the widest columns shrink until a row fits."""
        cells = [[clean(cell) for cell in row] for row in (heads, *rows)]
        widths = _fitted([max(map(len, column)) for column in zip(*cells, strict=True)], self.width)
        for number, row in enumerate(cells):
            line = (" " * GAP).join(
                _cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)
            )
            self._put(self.stdout, self._paint(line.rstrip(), "" if number else "bold") + "\n")

    def report(self, failure: PhantomrunError) -> None:
        """Print what failed and what to type."""
        first, *rest = failure.message.split("\n")
        lines = [f"{clean(first)}   [{failure.code}]", *(f"  {clean(line)}" for line in rest)]
        lines += _advice(getattr(failure, "hint", ""))
        head = self._paint("phantomrun:", "red", self.stderr)
        try:
            self._put(self.stderr, f"{head} " + "\n".join(lines[:MAX_LINES]) + "\n")
        except (Failure, BrokenPipeError):
            drop(self.stderr)  # the exit code says it too

    def flush(self) -> None:
        """Write out what is buffered, so that a full disk or a closed pipe is noticed here."""
        self._put(self.stdout, "")

    @property
    def width(self) -> int:
        """Return the columns a table may use: $COLUMNS, else the terminal's, else no limit."""
        columns = self.environ.get("COLUMNS", "")
        if columns.isascii() and columns.isdigit() and int(columns) > 0:
            return int(columns)
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or DEFAULT_COLUMNS
        except (OSError, ValueError):
            return 0

    def _put(self, stream: TextIO, text: str) -> None:
        try:
            if stream is self.stderr:
                self.stdout.flush()  # what was said before stands before
            stream.write(text)
            if not text or stream is self.stderr:
                stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Failure(f"cannot write: {(error.strerror or '').lower()}") from None

    def _paint(self, text: str, colour: str, stream: TextIO | None = None) -> str:
        if not colour or not self._coloured(stream or self.stdout):
            return text
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"

    def _coloured(self, stream: TextIO) -> bool:
        if self.colour != "auto":
            return self.colour == "always"
        if self.environ.get("NO_COLOR"):
            return False
        return bool(self.environ.get("FORCE_COLOR")) or stream.isatty()


def report(failure: PhantomrunError, environ: Mapping[str, str], *, colour: str = "") -> None:
    """Print what failed and what to type, on stderr."""
    terminal = Terminal(environ)
    terminal.colour = colour or "auto"
    terminal.report(failure)


def _lenient(stream: TextIO | None) -> TextIO:
    """Return the stream, which writes ? for a letter that its encoding does not have.

    Where the caller has closed it, Python has none: then what is written goes nowhere.
    """
    if stream is None:
        return io.StringIO()
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="replace")
    return stream


def drop(stream: TextIO) -> None:
    """Let what is still to be written to `stream` go nowhere: nobody takes it."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def clean(text: str) -> str:
    """Return `text` with its control characters made visible."""
    return text.translate(_CONTROLS)


def _advice(hint: str) -> list[str]:
    guess = _GUESS.fullmatch(hint)
    if guess:
        return [f"  did you mean  {clean(guess['what'])}"]
    labels = ("  fix   ", "        ")
    return [labels[bool(n)] + clean(line) for n, line in enumerate(hint.split("\n")) if line]


def _fitted(widths: list[int], limit: int) -> list[int]:
    """Return the widths of columns that fit into `limit`, taken from the widest; 0 is no limit."""
    while limit and sum(widths) + GAP * (len(widths) - 1) > limit:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= MIN_COLUMN_CHARS:
            break
        widths[widest] -= 1
    return widths


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: width - 1] + "…"
