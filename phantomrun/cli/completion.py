"""completion: a script that makes a shell complete verbs, options and the inner command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from phantomrun import atomic
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import ConfigError, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELLS = ("bash", "zsh", "fish")


@verb("completion")
@click.argument("shell", required=False, type=click.Choice(SHELLS), metavar="SHELL")
@click.option("--install", is_flag=True, help="Write it to where the shell looks.")
@click.pass_obj
def command(asked: Invocation, shell: str | None, install: bool) -> int:
    """Print the completion script for bash, zsh or fish (that of $SHELL if none is named).

    Names of secrets are not completed: the vault is sealed.
    """
    from phantomrun.cli.shells.tree import script

    name = shell or os.path.basename(asked.environ.get("SHELL", ""))
    if name not in SHELLS:
        raise ConfigError(
            "which shell?", hint="phantomrun completion bash|zsh|fish", code="PR-USAGE"
        )
    text = script(name)
    if not install:
        asked.terminal.block(text)
        return 0
    path = install_path(name, asked.environ)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        why = (error.strerror or "").lower()
        raise Failure(f"cannot make {os.path.dirname(path)}: {why}") from None
    atomic.replace(path, text.encode())
    asked.terminal.note(f"Wrote {path}.")
    if name == "zsh":
        directory = os.path.dirname(path)
        asked.terminal.note(f"In ~/.zshrc, before compinit: fpath=({directory} $fpath)")
    return 0


def install_path(shell: str, environ: Mapping[str, str]) -> str:
    """Return where the shell finds a user's own completions."""
    home = environ.get("HOME") or os.path.expanduser("~")
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local/share")
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return {
        "bash": os.path.join(data, "bash-completion/completions/phantomrun"),
        "zsh": os.path.join(data, "zsh/site-functions/_phantomrun"),
        "fish": os.path.join(config, "fish/completions/phantomrun.fish"),
    }[shell]
