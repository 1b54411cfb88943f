"""Files of NAME=VALUE lines, kept byte for byte except for the values we replace.

The grammar is that of python-dotenv 1.2.4, and values come out as it reads them without
interpolation (test_values_are_those_python_dotenv_reads). On purpose four things differ: text
between backticks is a quoted value (as in Node's dotenv); a value whose quotes are broken is an
error, not a skipped line; a quoted name ends on its own line; and a line with a bare NAME does
not hide a value given above it, which a thief would read as well. Earlier releases of
python-dotenv also keep a byte order mark in the first name, take `NAME= # text` for a value, and
lose count of quotes after an escaped backslash.

A replaced value is `${PHANTOMRUN_ENV_NAME}`. Whoever expands variables reads the run's phantom
from there: python-dotenv (also with `override=True`) and a shell that sources the file. A shell
expands nothing between single quotes and runs what is between backticks, so a replaced value
leaves those for double quotes. Node's dotenv and `node --env-file` do not expand, but leave
variables alone that are already set, and a run sets them; only `override: true` without
dotenv-expand hands the bare placeholder to the program.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BOM = "\ufeff"
_MARK = "PHANTOMRUN_ENV_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"\$\{" + _MARK + r"([A-Za-z_][A-Za-z0-9_]*)\}")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_HEAD = re.compile(
    r"[^\S\r\n]*(?:export[^\S\r\n]+|(?!export[^\S\r\n]))"
    r"(?:'([^'\r\n]+)'|([^=#'\s][^=#\s]*))[^\S\r\n]*="
)
_BLANK = re.compile(r"[^\S\r\n]*")
_TAIL = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_COMMENT = re.compile(r"(?<!\s)\s+#.*")
_BREAK = re.compile(r"\r\n|\r|\n")
_QUOTED = {
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "`": re.compile(r"`([^`]*)`"),
}
_ESCAPE = {"'": re.compile(r"\\([\\'])"), '"': re.compile(r"\\([\\'\"abfnrtv])")}
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Entry(NamedTuple):
    """One assignment, or one line that is none (then `name` is empty).

    `text` is the source with its line end; the value with its quotes is `text[start:end]`.
    """

    line: int
    text: str
    name: str = ""
    value: str = ""
    quote: str = ""
    start: int = 0
    end: int = 0

    def __repr__(self) -> str:
        return f"<Entry {self.line} {self.name}>"


def placeholder(name: str) -> str:
    """Return the text that stands for `name` in a file: stable, and useless to a thief."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot be the name of a variable in a shell")
    return "${" + _MARK + name + "}"


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names whose placeholders occur in `text`, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def parse(text: str, *, where: str = ".env") -> list[Entry]:
    """Return the entries of `text`; their texts joined are `text` again."""
    return list(_entries(text, where))


def values(entries: list[Entry]) -> dict[str, str]:
    """Return what a program would read: the last assignment of each name."""
    return {entry.name: entry.value for entry in entries if entry.name}


def commented(entries: list[Entry]) -> list[Entry]:
    """Return the assignments that are commented out: readable by a thief all the same."""
    found = []
    for entry in entries:
        bare = entry.text.lstrip().lstrip("# \t")
        if entry.name or bare == entry.text.lstrip():
            continue
        try:
            found += [hit._replace(line=entry.line) for hit in _entries(bare, "") if hit.name]
        except ConfigError:  # prose with an apostrophe in a bad place
            continue
    return found


def rewrite(text: str, replaced: Mapping[str, str], *, where: str = ".env") -> str:
    """Return `text` with every value of the names in `replaced` exchanged, and nothing else."""
    return "".join(
        _exchange(entry, replaced[entry.name]) if entry.name in replaced else entry.text
        for entry in parse(text, where=where)
    )


def _exchange(entry: Entry, new: str) -> str:
    quote = '"' if entry.quote else ""
    return entry.text[: entry.start] + quote + new + quote + entry.text[entry.end :]


def _entries(text: str, where: str) -> Iterator[Entry]:
    at = 0
    line = 1
    if text.startswith(_BOM):
        at = 1
        yield Entry(line, _BOM)
    while at < len(text):
        entry = _entry(text, at, line, where)
        yield entry
        at += len(entry.text)
        line += len(_BREAK.findall(entry.text))


def _entry(text: str, at: int, line: int, where: str) -> Entry:
    head = _HEAD.match(text, at)
    if head is None:
        return Entry(line, _matched(_LINE, text, at))
    name = head[1] or head[2]
    start = head.end() + len(_matched(_BLANK, text, head.end()))
    quote = text[start : start + 1]
    if quote in _QUOTED:
        return _quoted(text, at, Entry(line, "", name, "", quote, start - at), where)
    end_of_line = start + len(_matched(_LINE, text, start))
    content = text[start:end_of_line].rstrip("\r\n")
    if quote == "#" and start > head.end():
        start, content = head.end(), ""
    value = _COMMENT.sub("", content).rstrip()
    begin = start - at
    return Entry(line, text[at:end_of_line], name, value, "", begin, begin + len(value))


def _quoted(text: str, at: int, found: Entry, where: str) -> Entry:
    match = _QUOTED[found.quote].match(text, at + found.start)
    if match is None:
        raise ConfigError(f"{where}:{found.line}: the value of {found.name} has no closing quote")
    tail = _TAIL.match(text, match.end())
    if tail is None:
        raise ConfigError(
            f"{where}:{found.line}: text after the closing quote of {found.name}",
            hint="put the whole value into one pair of quotes",
        )
    value = _BREAK.sub("\n", match[1])  # as a file opened in text mode
    if found.quote in _ESCAPE:
        value = _ESCAPE[found.quote].sub(lambda seen: _ESCAPED.get(seen[1], seen[1]), value)
    return found._replace(text=text[at : tail.end()], value=value, end=match.end() - at)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> str:
    match = pattern.match(text, at)
    return match[0] if match else ""
