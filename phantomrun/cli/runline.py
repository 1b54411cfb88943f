"""The run line: `phantomrun [OPTIONS] -- CMD`, read without click, byte for byte after the `--`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from phantomrun.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_VERBS = ("run", "exec", "x")
USAGE = "usage: phantomrun [OPTIONS] -- CMD [ARG…]"

_FLAGS = {
    "--quiet": "quiet",
    "-q": "quiet",
    "--verbose": "verbose",
    "-v": "verbose",
    "--no-input": "no_input",
    "-n": "no_input",
    "--if-configured": "if_configured",
    "--clean-env": "clean_env",
    "--dry-run": "dry_run",
}
_VALUED = {
    "--profile": "profile",
    "-p": "profile",
    "-C": "directory",
    "--config": "config",
    "--color": "color",
    "--only": "only",
    "-o": "only",
    "--except": "without",
    "-x": "without",
    "--env-file": "env_files",
}
_HELP = ("-h", "--help", "-V", "--version")
_SEVERAL = ("only", "without", "env_files")
OPTIONS = (*_FLAGS, *_VALUED, *_HELP)


class RunLine(NamedTuple):
    """What a run was asked to do."""

    command: tuple[str, ...]
    profile: str = ""
    directory: str = ""
    color: str = ""
    config: str = ""  # the project file, instead of the nearest
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    verbose: bool = False
    no_input: bool = False
    if_configured: bool = False
    clean_env: bool = False
    dry_run: bool = False


def parse(words: list[str], environ: Mapping[str, str]) -> RunLine | None:
    """Return the run that `words` ask for, or None where they are another verb's.

    Raises LaunchError (125) for an option that a run does not know and for a missing command.
    """
    options: dict[str, list[str]] = {}
    at = 0
    verb = False
    while at < len(words):
        word = words[at]
        if word == "--":
            return _line(words[at + 1 :], options, environ)
        if not word.startswith("-") or word == "-":
            if verb:
                return _line(words[at:], options, environ)
            if word not in RUN_VERBS:
                return None
            verb = True
            at += 1
            continue
        if word in _HELP:
            return None
        taken = _option(word, words[at + 1 :], options)
        if taken == 0:
            if not verb and "--" not in words:
                return None  # click names the nearest option of the verb
            raise _unknown(word)
        at += taken
    return _line([], options, environ) if verb else None


def _option(word: str, rest: list[str], options: dict[str, list[str]]) -> int:
    """Note the option `word` and return how many words it took; 0 for an unknown one."""
    if word in _FLAGS:
        options.setdefault(_FLAGS[word], []).append("1")
        return 1
    name, equals, value = word.partition("=")
    if equals and name in _VALUED and name.startswith("--"):
        options.setdefault(_VALUED[name], []).append(value)
        return 1
    if word in _VALUED:
        if not rest or rest[0] == "--":
            raise LaunchError(f"{word} needs a value", code="PR-USAGE")
        options.setdefault(_VALUED[word], []).append(rest[0])
        return 2
    if word[1:2] != "-" and len(word) > 2:  # -vn, -oNAME
        if word[:2] in _VALUED:
            options.setdefault(_VALUED[word[:2]], []).append(word[2:])
            return 1
        if all(f"-{letter}" in _FLAGS for letter in word[1:]):
            for letter in word[1:]:
                options.setdefault(_FLAGS[f"-{letter}"], []).append("1")
            return 1
    return 0


def _line(command: list[str], options: dict[str, list[str]], environ: Mapping[str, str]) -> RunLine:
    if not command:
        raise LaunchError("no command was given", hint=USAGE, code="PR-USAGE")

    def flag(name: str) -> bool:
        if name in options:
            return True
        return environ.get(f"PHANTOMRUN_{name.upper()}", "").lower() in ("1", "true", "yes", "on")

    def text(name: str) -> str:
        return options.get(name, [environ.get(f"PHANTOMRUN_{name.upper()}", "")])[-1]

    several = {name: _split(name, options.get(name, ())) for name in _SEVERAL}
    return RunLine(
        tuple(command),
        profile=text("profile"),
        directory=text("directory"),
        color=text("color"),
        config=text("config"),
        only=several["only"],
        without=several["without"],
        env_files=several["env_files"],
        verbose=flag("verbose") and not flag("quiet"),
        no_input=flag("no_input"),
        if_configured=flag("if_configured"),
        clean_env=flag("clean_env"),
        dry_run="dry_run" in options,
    )


def _split(name: str, given: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    if name == "env_files":
        return tuple(given)
    return tuple(part for value in given for part in value.split(",") if part)


def _unknown(word: str) -> LaunchError:
    import difflib

    name = word.partition("=")[0]
    near = difflib.get_close_matches(name, [o for o in OPTIONS if o.startswith("--")], n=1)
    hint = f"did you mean {near[0]}?" if near else USAGE
    return LaunchError(f"unknown option {name}", hint=hint, code="PR-USAGE")
