"""TOML read strictly: every complaint names the file, the line and what was probably meant."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple

from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_TOKEN = re.compile(
    r"""
      (?P<skip>   [ \t\r]+ | \#[^\n]* )
    | (?P<newline>\n )
    | (?P<long>   \"{3}(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5} | '{3}(?:[^']|'{1,2}(?!'))*'{3,5} )
    | (?P<word>   "(?:[^"\\\n]|\\.)*" | '[^'\n]*' | [A-Za-z0-9_-]+ )
    | (?P<mark>   . )
    """,
    re.VERBOSE | re.DOTALL,
)


class Key(NamedTuple):
    """Where a key, or a table's header, stands."""

    path: tuple[str, ...]
    line: int
    header: bool = False


class Source(NamedTuple):
    """A TOML text and the name of the file it came from."""

    text: str
    where: str

    def table(self) -> dict[str, object]:
        """Return what the text holds."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = _AT_LINE.search(str(error))
            line = (found and found[1]) or str(self.text.count("\n") + 1)
            what = _AT_LINE.sub("", str(error))
            what = what[:1].lower() + what[1:]
            raise ConfigError(f"{self.where}:{line}: not TOML: {what}") from None
        except RecursionError:
            raise ConfigError(f"{self.where}: nested too deeply") from None

    def at(self, path: tuple[str, ...]) -> str:
        """Return "FILE:LINE" of a key."""
        return f"{self.where}:{line_of(self.text, path)}"

    def subtable(self, table: dict[str, object], path: tuple[str, ...]) -> dict[str, object]:
        """Return the table of that name in `table`, empty if there is none."""
        found = table.get(path[-1], {})
        if not isinstance(found, dict):
            raise self.mistyped(path, "a table")
        return found

    def mistyped(self, path: tuple[str, ...], wanted: str, *, hint: str = "") -> ConfigError:
        return ConfigError(f"{self.at(path)}: {'.'.join(path)} must be {wanted}", hint=hint)

    def unknown(self, path: tuple[str, ...], known: Iterable[str]) -> ConfigError:
        return ConfigError(
            f"{self.at(path)}: unknown key {'.'.join(path)}", hint=nearest(path[-1], known)
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint with the known word that `word` was probably meant to be, or with all."""
    import difflib

    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    return f"known here: {', '.join(choices)}" if choices else ""


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line of the key that shares most of `path`, 1 if none does."""
    best, line = 0, 1
    for key in keys(text):
        shared = _shared(key.path, path)
        if shared > best:
            best, line = shared, key.line
    return line


def keys(text: str) -> Iterator[Key]:
    """Return every key of a text that tomllib has accepted, in inline tables too."""
    scan = _Scan()
    line = 1
    for match in _TOKEN.finditer(text):
        found = scan.feed(match.lastgroup or "", match[0], line)
        if found:
            yield found
        line += match[0].count("\n")


class _Scan:
    """Where we are in a TOML text: in which table, behind which brackets, before what."""

    def __init__(self) -> None:
        self.table: tuple[str, ...] = ()
        self.brackets: list[tuple[str, tuple[str, ...]]] = []  # what is open, for which key
        self.path: tuple[str, ...] = ()
        self.parts: list[str] = []
        self.before = "key"  # or "value", or the "header"'s end

    def feed(self, kind: str, piece: str, line: int) -> Key | None:
        """Return the key or header that ends with this piece."""
        if kind == "newline" and not self.brackets:
            self._expect("key")
        elif kind == "word" and self.before != "value":
            self.parts.append(_unquoted(piece))
        elif kind == "mark" and self.before == "header":
            return self._header(piece, line)
        elif kind == "mark" and self.before == "key":
            return self._key(piece, line)
        elif kind == "mark":
            self._value(piece)
        return None

    def _expect(self, before: str) -> None:
        self.before = before
        self.parts = []

    def _header(self, piece: str, line: int) -> Key | None:
        if piece != "]":
            return None
        self.table = tuple(self.parts)
        self._expect("value")
        return Key(self.table, line, header=True)

    def _key(self, piece: str, line: int) -> Key | None:
        if piece == "=":
            self.path = (self.brackets[-1][1] if self.brackets else self.table) + tuple(self.parts)
            self._expect("value")
            return Key(self.path, line)
        if piece == "[":
            self._expect("header")
        elif piece == "}":
            self._value(piece)
        return None

    def _value(self, piece: str) -> None:
        if piece in ("{", "["):
            self.brackets.append((piece, self.path))
            self._expect("key" if piece == "{" else "value")
        elif piece in ("}", "]") and self.brackets:
            self.path = self.brackets.pop()[1]
            self._expect("value")
        elif piece == "," and self.brackets and self.brackets[-1][0] == "{":
            self._expect("key")


def _unquoted(word: str) -> str:
    if word.startswith("'"):
        return word[1:-1]
    if word.startswith('"'):
        return str(tomllib.loads(f"word = {word}")["word"])
    return word


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
