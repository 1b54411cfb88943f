from __future__ import annotations

import io
import json

import pytest

from phantomrun.cli.terminal import Terminal, clean, report
from phantomrun.errors import ConfigError, Failure

BROKEN = Failure("it broke", hint="mend it", code="PR-FAILED")


class Streams:
    def __init__(self, **environ: str) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.terminal = Terminal(environ, out=self.out, err=self.err)


def test_a_failure_says_what_then_what_to_type() -> None:
    seen = Streams()

    seen.terminal.report(BROKEN)

    assert seen.err.getvalue() == "phantomrun: it broke   [PR-FAILED]\n  fix   mend it\n"
    assert seen.out.getvalue() == ""


def test_a_guess_has_a_line_of_its_own_kind() -> None:
    seen = Streams()

    seen.terminal.report(ConfigError("no such thing", hint="did you mean that one?"))

    assert seen.err.getvalue().splitlines()[1] == "  did you mean  that one"


def test_a_failure_has_five_lines_at_most() -> None:
    seen = Streams()

    seen.terminal.report(Failure("a\nb\nc", hint="1\n2\n3\n4\n5"))

    assert len(seen.err.getvalue().splitlines()) == 5


def test_what_others_wrote_cannot_drive_the_terminal() -> None:
    seen = Streams()

    seen.terminal.report(Failure("bad \x1b]0;title\x07 name\x9b2J"))
    seen.terminal.out("\x1b[2Jx")
    seen.terminal.table(["HEAD"], [["\r\x1b[1mx"]])

    written = seen.out.getvalue() + seen.err.getvalue()
    assert "\x1b" not in written
    assert "\r" not in written
    assert clean("a\x00b\x9b") == r"a\x00b\x9b"


def test_quiet_silences_notes_and_nothing_else() -> None:
    seen = Streams()
    seen.terminal.quiet = True

    seen.terminal.note("done")
    seen.terminal.warn("careful")
    seen.terminal.out("answer")

    assert seen.err.getvalue() == "careful\n"
    assert seen.out.getvalue() == "answer\n"


@pytest.mark.parametrize("columns", [30, 40, 80])
def test_a_table_fits_the_columns(columns: int) -> None:
    seen = Streams(COLUMNS=str(columns))

    seen.terminal.table(["NAME", "WHERE"], [["short", "x" * 100], ["also short", "y"]])

    lines = seen.out.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[1].endswith("…")
    assert lines[1].startswith("short ")


def test_a_table_in_a_pipe_is_not_cut() -> None:
    seen = Streams()

    seen.terminal.table(["A"], [["x" * 500]])

    assert "x" * 500 in seen.out.getvalue()


def test_json_names_its_schema_first_and_stays_on_one_line() -> None:
    seen = Streams()

    seen.terminal.object("thing", {"name": "a\nb"})

    assert seen.out.getvalue().count("\n") == 1
    assert json.loads(seen.out.getvalue()) == {"schema": "phantomrun.thing/1", "name": "a\nb"}


def test_a_stream_that_cannot_hold_a_letter_gets_another() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    terminal = Terminal({}, out=stream, err=stream)

    terminal.out("a → b")
    terminal.flush()

    assert raw.getvalue() == b"a ? b\n"


def test_the_run_path_reports_in_the_same_look(capsys: pytest.CaptureFixture[str]) -> None:
    report(BROKEN, {})

    assert capsys.readouterr().err == "phantomrun: it broke   [PR-FAILED]\n  fix   mend it\n"
