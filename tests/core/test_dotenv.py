"""Lines of a .env file: read as python-dotenv reads them, rewritten without touching the rest."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time

import dotenv as python_dotenv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core import dotenv
from phantomrun.errors import ConfigError

ENTRIES = [
    ("NAME=CANARY", {"NAME": "CANARY"}),
    ("export NAME=CANARY\n", {"NAME": "CANARY"}),
    ("  export\tNAME = CANARY  \n", {"NAME": "CANARY"}),
    ("exporter=x\n", {"exporter": "x"}),
    ("export=x\n", {"export": "x"}),
    ("NAME='CANARY # x'\n", {"NAME": "CANARY # x"}),
    ('NAME="CANARY # x" # y\n', {"NAME": "CANARY # x"}),
    ("NAME=`CANARY \"'` # y\n", {"NAME": "CANARY \"'"}),
    ('NAME="a\\"b\\n\\t\\\\n\\x"\n', {"NAME": 'a"b\n\t\\n\\x'}),
    ("NAME='it\\'s\\n'\n", {"NAME": "it's\\n"}),
    ("NAME=`a\\n`\n", {"NAME": "a\\n"}),
    ('NAME="one\ntwo\n"\nB=2\n', {"NAME": "one\ntwo\n", "B": "2"}),
    ('NAME="one\r\ntwo"\r\nB=2\r\n', {"NAME": "one\ntwo", "B": "2"}),
    ("NAME='one\rtwo'\rB=2\r", {"NAME": "one\ntwo", "B": "2"}),
    ("NAME=`one\ntwo`\n", {"NAME": "one\ntwo"}),
    ("A=1\r\nB=2\nC=3\rD=4", {"A": "1", "B": "2", "C": "3", "D": "4"}),
    ("\ufeffNAME=CANARY\n", {"NAME": "CANARY"}),
    ("\ufeff", {}),
    ("", {}),
    ("\n\n \t\n", {}),
    ("NAME=first\nNAME=last\n", {"NAME": "last"}),
    ("NAME=\n", {"NAME": ""}),
    ("NAME=", {"NAME": ""}),
    ("NAME=   \n", {"NAME": ""}),
    ("NAME=''\n", {"NAME": ""}),
    ("NAME= # a comment\n", {"NAME": ""}),
    ("NAME=#value\n", {"NAME": "#value"}),
    ("NAME=a#b # c # d\n", {"NAME": "a#b"}),
    ("NAME=a 'b' \"c\"\n", {"NAME": "a 'b' \"c\""}),
    ("NAME=a=b==\n", {"NAME": "a=b=="}),
    ("NAME=C:\\dir\\n\n", {"NAME": "C:\\dir\\n"}),
    ('NAME="C:\\\\"\nB="x"\n', {"NAME": "C:\\", "B": "x"}),
    ("NAME\nexport OTHER\nnot a pair\n=x\n# A=1\n", {}),
    ("two words=x\n", {}),
    ("my.odd-name:1=x\n'quoted name'=y\n", {"my.odd-name:1": "x", "quoted name": "y"}),
    ("NAME=${OTHER}-x\n", {"NAME": "${OTHER}-x"}),
    ("ÅÄÖ=værdi\n", {"ÅÄÖ": "værdi"}),
]


@pytest.mark.parametrize(("text", "expected"), ENTRIES)
def test_reads_names_and_values(text: str, expected: dict[str, str]) -> None:
    entries = dotenv.parse(text, where=".env")

    assert dotenv.values(entries) == expected
    assert "".join(entry.text for entry in entries) == text


@pytest.mark.parametrize(
    "text", [text for text, _ in ENTRIES if "`" not in text], ids=lambda text: repr(text)
)
def test_the_table_is_what_python_dotenv_reads(text: str) -> None:
    assert dotenv.values(dotenv.parse(text)) == _as_python_dotenv_reads(text)


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        ("A=`CANARY` # c\n", {"A": "CANARY"}, {"A": "`CANARY`"}),
        ("A=CANARY\nA\n", {"A": "CANARY"}, {}),
        ("'A\nB'=CANARY\n", {"B'": "CANARY"}, {"A\nB": "CANARY"}),
    ],
    ids=["backticks", "bare-name", "name-over-two-lines"],
)
def test_the_differences_from_python_dotenv_are_known(
    text: str, ours: dict[str, str], theirs: dict[str, str]
) -> None:
    assert dotenv.values(dotenv.parse(text)) == ours
    assert _as_python_dotenv_reads(text) == theirs


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('A=1\nNAME="CANARY\n', ".env:2: the value of NAME has no closing quote"),
        ("\n\n\nNAME='CANARY\nB=1\n", ".env:4: the value of NAME has no closing quote"),
        ("A=`\n`\r\nNAME=`CANARY", ".env:3: the value of NAME has no closing quote"),
        ("NAME='CANARY\\'\n", ".env:1: the value of NAME has no closing quote"),
        ('A="\n\n"\nNAME="CAN"ARY\n', ".env:4: text after the closing quote of NAME"),
        ("NAME='it's CANARY'\n", ".env:1: text after the closing quote of NAME"),
    ],
    ids=["double", "single", "backtick", "escaped", "after-lines", "apostrophe"],
)
def test_broken_quotes_are_an_error_with_their_line(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dotenv.parse(text, where=".env")

    assert caught.value.message == complaint
    assert "CANARY" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("NAME=CANARY", "NAME=${PHANTOMRUN_ENV_NAME}"),
        ("  export  NAME = CANARY \t# c\r\n", "  export  NAME = ${PHANTOMRUN_ENV_NAME} \t# c\r\n"),
        ('NAME="CANARY" # c\n', 'NAME="${PHANTOMRUN_ENV_NAME}" # c\n'),
        ("NAME='CANARY'  \n", 'NAME="${PHANTOMRUN_ENV_NAME}"  \n'),
        ("NAME=`CANARY`\n", 'NAME="${PHANTOMRUN_ENV_NAME}"\n'),
        ("NAME=\"CAN\r\nARY\"\r\nB='2'\r\n", "NAME=\"${PHANTOMRUN_ENV_NAME}\"\r\nB='2'\r\n"),
        ("NAME=# CANARY\n", "NAME=${PHANTOMRUN_ENV_NAME}\n"),
        ("NAME= # c\n", "NAME=${PHANTOMRUN_ENV_NAME} # c\n"),
        ("NAME=\n", "NAME=${PHANTOMRUN_ENV_NAME}\n"),
        (
            "NAME=CANARY1\nB=1\nNAME='CANARY2'\n",
            'NAME=${PHANTOMRUN_ENV_NAME}\nB=1\nNAME="${PHANTOMRUN_ENV_NAME}"\n',
        ),
        ("\ufeffNAME=CANARY\r", "\ufeffNAME=${PHANTOMRUN_ENV_NAME}\r"),
        ("'NAME'=CANARY\n", "'NAME'=${PHANTOMRUN_ENV_NAME}\n"),
    ],
)
def test_rewriting_changes_the_value_and_nothing_else(before: str, after: str) -> None:
    replaced = {"NAME": dotenv.placeholder("NAME")}

    assert dotenv.rewrite(before, replaced, where=".env") == after
    assert dotenv.rewrite(after, replaced, where=".env") == after


def test_bytes_that_are_not_utf8_survive() -> None:
    raw = b"# Bj\xf6rn\r\nNAME=CANARY\xff\r\n"

    text = raw.decode("utf-8", "surrogateescape")
    after = dotenv.rewrite(text, {"NAME": "x"}).encode("utf-8", "surrogateescape")

    assert after == b"# Bj\xf6rn\r\nNAME=x\r\n"


def test_placeholders_are_found_in_any_text() -> None:
    text = "a ${PHANTOMRUN_ENV_B}/${PHANTOMRUN_ENV_A}${PHANTOMRUN_ENV_B} $PHANTOMRUN_ENV_C ${X}"

    assert dotenv.placeholders(text) == ("B", "A")
    assert dotenv.placeholders(dotenv.placeholder("NAME")) == ("NAME",)


@pytest.mark.parametrize("name", ["", "my.name", "a-b", "1A", "A B", "Å", "A\n"])
def test_a_name_no_shell_knows_has_no_placeholder(name: str) -> None:
    with pytest.raises(ConfigError):
        dotenv.placeholder(name)


def test_assignments_in_comments_are_found() -> None:
    text = "# OLD=CANARY1\n#export B='CANARY2'\n  ## C=3 # D=4\nE=5 # F=6\n# it's = 'prose\n# G\n"

    found = dotenv.commented(dotenv.parse(text))

    assert [(hit.line, hit.name, hit.value) for hit in found] == [
        (1, "OLD", "CANARY1"),
        (2, "B", "CANARY2"),
        (3, "C", "3"),
    ]


def test_an_entry_shows_no_value() -> None:
    assert repr(dotenv.parse("NAME=CANARY")) == "[<Entry 1 NAME>]"


def test_long_lines_take_linear_time() -> None:
    began = time.process_time()
    for text in (
        " " * 200_000,
        "A=b" + " " * 200_000 + "x",
        "A='" + "\\'" * 100_000 + "'",
        "#" * 9**6,
    ):
        dotenv.commented(dotenv.parse(text))

    assert time.process_time() - began < 5


# --- properties -------------------------------------------------------------------------------

_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True).filter(
    lambda name: name != "export"
)
_ANY = st.characters(codec="utf-8", exclude_characters="\r\n")
_BLANKS = st.text(" \t", max_size=2)
_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
_PLAIN = st.text(_ANY, max_size=12).filter(lambda text: text.strip()[:1] not in tuple("'\"`"))
_PIECES = st.one_of(
    st.text(_ANY.filter(lambda char: char not in "\\'\"`"), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r", "\\\\", "\\'", '\\"', "\\n", "\\x", " #", "${A}"]),
)


@st.composite
def _quoted(draw: st.DrawFn, quotes: str = "'\"") -> str:
    quote = draw(st.sampled_from(quotes))
    inner = "".join(draw(st.lists(_PIECES, max_size=4)))
    return quote + inner + quote


@st.composite
def _assignment(draw: st.DrawFn, quotes: str = "'\"") -> str:
    export = draw(st.sampled_from(["", "", "export ", "export\t"]))
    value = draw(st.one_of(_PLAIN, _quoted(quotes)))
    comment = draw(st.sampled_from(["", "", " # it's", "\t#"]))
    head = draw(_BLANKS) + export + draw(_NAMES) + draw(_BLANKS) + "=" + draw(_BLANKS)
    return head + value + draw(_BLANKS) + comment


_OTHERS = st.one_of(
    st.just(""),
    _BLANKS,
    st.builds("#{}".format, st.text(_ANY, max_size=9)),
    st.just("!! no pair"),
)


@st.composite
def _files(draw: st.DrawFn, quotes: str = "'\"") -> str:
    lines = draw(st.lists(st.tuples(st.one_of(_assignment(quotes), _OTHERS), _ENDS), max_size=6))
    text = draw(st.sampled_from(["", "\ufeff"])) + "".join(line + end for line, end in lines)
    return text if draw(st.booleans()) else text.rstrip("\r\n")


def _as_python_dotenv_reads(text: str) -> dict[str, str]:
    file = io.StringIO(text, newline=None)  # as open() in text mode
    found = python_dotenv.dotenv_values(stream=file, interpolate=False)
    return {name: value for name, value in found.items() if value is not None}


@given(_files())
def test_values_are_those_python_dotenv_reads(text: str) -> None:
    assert dotenv.values(dotenv.parse(text)) == _as_python_dotenv_reads(text)


@given(_files("'\"`"))
def test_rewriting_leaves_every_other_byte(text: str) -> None:
    entries = dotenv.parse(text)
    chosen = {entry.name for entry in entries[::2] if entry.name}

    after = dotenv.parse(dotenv.rewrite(text, dict.fromkeys(chosen, "${NEW}")))

    assert len(after) == len(entries)
    for old, new in zip(entries, after, strict=True):
        assert new.name == old.name
        if old.name not in chosen:
            assert new.text == old.text
            continue
        assert new.value == "${NEW}"
        assert new.text[: new.start] == old.text[: old.start]
        assert new.text[new.end :] == old.text[old.end :]


@given(st.one_of(st.text(), st.text("A=\"'`#\\ \t\r\n\ufeffexport$")))
def test_junk_is_refused_or_kept_byte_for_byte(text: str) -> None:
    try:
        entries = dotenv.parse(text)
    except ConfigError:
        return

    assert "".join(entry.text for entry in entries) == text
    assert dotenv.rewrite(text, {}) == text
    dotenv.commented(entries)


# --- the programs that read the rewritten file ------------------------------------------------

ORIGINAL = "export A=CANARY-A # c\nB='CANARY B'\nC=\"CANARY C\"\nD=`CANARY D`\nPLAIN=x\n"
PHANTOMS = {f"PHANTOMRUN_ENV_{name}": f"phantom {name}" for name in "ABCD"}


@pytest.fixture
def rewritten(tmp_path: os.PathLike[str]) -> str:
    path = os.path.join(tmp_path, ".env")
    replaced = {name: dotenv.placeholder(name) for name in "ABCD"}
    with open(path, "w", encoding="utf-8") as file:
        file.write(dotenv.rewrite(ORIGINAL, replaced))
    return path


def _seen(command: list[str], path: str, **environ: str) -> list[str]:
    given = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **PHANTOMS, **environ}
    ended = subprocess.run(
        command, cwd=os.path.dirname(path), env=given, check=True, capture_output=True, text=True
    )
    return ended.stdout.splitlines()


@pytest.mark.parametrize("override", [True, False])
def test_python_dotenv_expands_placeholders_to_phantoms(rewritten: str, override: bool) -> None:
    program = (
        "import dotenv, os, sys\n"
        f"dotenv.load_dotenv('.env', override={override})\n"
        "print(*(os.environ[name] for name in 'ABCD'), os.environ['PLAIN'], sep='\\n')"
    )

    seen = _seen(
        [sys.executable, "-c", program], rewritten, A="inherited" if override else "phantom A"
    )

    assert seen == ["phantom A", "phantom B", "phantom C", "phantom D", "x"]


def test_a_shell_that_sources_the_file_sees_phantoms(rewritten: str) -> None:
    script = 'set -a; . ./.env; printf "%s\\n" "$A" "$B" "$C" "$D" "$PLAIN"; env >&2'

    seen = _seen(["sh", "-c", script], rewritten)

    assert seen == ["phantom A", "phantom B", "phantom C", "phantom D", "x"]


def test_node_leaves_the_variables_of_a_run_alone(rewritten: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    run = {name: f"phantom {name}" for name in "ABCD"}
    program = "for (const n of ['A', 'B', 'C', 'D', 'PLAIN']) console.log(process.env[n])"

    seen = _seen([node, "--env-file=.env", "-e", program], rewritten, **run)

    assert seen == ["phantom A", "phantom B", "phantom C", "phantom D", "x"]
