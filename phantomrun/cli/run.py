"""The help page of a run; the run itself is started before click is imported."""

from __future__ import annotations

import click

from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import LaunchError


@verb("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--] CMD [ARG]…")
@click.option("-o", "--only", metavar="NAME[,NAME]", help="Only these secrets.")
@click.option("-x", "--except", "without", metavar="NAME[,NAME]", help="All but these secrets.")
@click.option("--env-file", "env_files", metavar="FILE", help="Variables that are no secrets.")
@click.option("--clean-env", is_flag=True, help="Hand on only harmless variables, by name.")
@click.option("--if-configured", is_flag=True, help="Without a project file, just run CMD.")
@click.option("--dry-run", is_flag=True, help="Say what CMD would get, and do not start it.")
@click.pass_obj
def command(asked: Invocation, /, **_: object) -> int:
    """Run a command with phantoms in place of its secrets; `phantomrun -- CMD` is the same.

    CMD gets everything after the `--` byte for byte, in the same process: exit code, signals,
    terminal and pipes are as without us. Exit codes of our own: 125 if we failed before CMD was
    started, 126 if it cannot be executed, 127 if it was not found.
    """
    raise LaunchError("no command was given", hint="phantomrun -- CMD [ARG]…", code="PR-USAGE")


# what a run prints is the command's
command.params = [option for option in command.params if option.name != "json"]
