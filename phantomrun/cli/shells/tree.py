"""Completion scripts for three shells, written from the verbs' own options."""

from __future__ import annotations

from typing import NamedTuple

import click

from phantomrun import catalogue
from phantomrun.cli.completion import SHELLS
from phantomrun.cli.main import ALIASES, COMMANDS, command_tree

FILES = "files"
DIRECTORIES = "directories"
PROVIDERS = "providers"
VERBS = "verbs"
ANYTHING = "anything"

_BY_NAME = {
    "ca_file": FILES,
    "key_file": FILES,
    "config": FILES,
    "env_files": FILES,
    "directory": DIRECTORIES,
    "provider": PROVIDERS,
}
_POSITIONAL = {
    "import": FILES,
    "providers": PROVIDERS,
    "completion": " ".join(SHELLS),
    "help": VERBS,
}


class Switch(NamedTuple):
    """An option: `takes` is "" for a flag, else one of the kinds above or the words themselves."""

    names: tuple[str, ...]
    takes: str
    help: str


class Page(NamedTuple):
    """A verb with what can follow it."""

    names: tuple[str, ...]
    help: str
    switches: tuple[Switch, ...]
    takes: str


def script(shell: str) -> str:
    """Return the completion script of a shell."""
    from phantomrun.cli.shells import bash, fish, zsh

    write = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}[shell]
    return write(global_switches(), pages(), tuple(catalogue.names(None)))


def global_switches() -> tuple[Switch, ...]:
    """Return the options that may stand before a verb."""
    return _switches(command_tree())


def pages() -> tuple[Page, ...]:
    """Return every verb with its options."""
    tree = command_tree()
    ctx = click.Context(tree, info_name="phantomrun")
    found = []
    for name, text in COMMANDS.items():
        command = tree.get_command(ctx, name)
        names = (name, *(alias for alias, verb in ALIASES.items() if verb == name))
        switches = _switches(command) if command else ()
        found.append(
            Page(names, text.split(":")[0].rstrip("."), switches, _POSITIONAL.get(name, ""))
        )
    return tuple(found)


def _switches(command: click.Command) -> tuple[Switch, ...]:
    return tuple(
        Switch((*param.opts, *param.secondary_opts), _taken(param), _short(param.help or ""))
        for param in command.params
        if isinstance(param, click.Option)
    )


def _taken(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    if isinstance(option.type, click.Choice):
        return " ".join(option.type.choices)
    return _BY_NAME.get(option.name or "", ANYTHING)


def _short(text: str) -> str:
    return text.split(" [")[0].rstrip(".")
