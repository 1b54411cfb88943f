"""What was asked for besides the verb: the global options, each with its variable."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from phantomrun import paths
from phantomrun.cli.terminal import Terminal
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from phantomrun.core.settings import Settings

COLOURS = ("auto", "always", "never")


class Invocation:
    """One command: the environment it runs in, the global options, and the terminal."""

    def __init__(self, environ: Mapping[str, str], terminal: Terminal | None = None) -> None:
        self.environ = environ
        self.terminal = terminal or Terminal(environ)
        self.profile = ""
        self.config = ""
        self.no_input = False
        self.json = False
        self.verbose = 0

    @property
    def vault_path(self) -> str:
        return paths.vault_path(self.environ)

    @property
    def provider_dir(self) -> str:
        """Return the directory of the user's own provider files."""
        return os.path.join(paths.config_dir(self.environ), "providers")

    def settle(self, settings: Settings) -> None:
        """Take the user's settings where neither an option nor its variable said otherwise."""
        self.no_input = self.no_input or settings.no_input
        if self.terminal.colour == "auto":
            self.terminal.colour = settings.color


class Verb(click.Command):
    """A verb: takes the global options as well, after its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.context_settings = {"help_option_names": [], **self.context_settings}
        self.params += global_options(variables=False)


def verb(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], Verb]:
    """Return the decorator that makes a function the verb `name`."""
    return click.command(name, cls=Verb, **attributes)


def global_options(*, variables: bool) -> list[click.Option]:
    """Return the options of every verb; only those before the verb have variables.

    An option after the verb would otherwise take its variable's value over the flag before it.
    """

    def option(*names: str, variable: str, help: str, **more: Any) -> click.Option:
        text = f"{help} [{variable}]" if variables and variable else help
        return click.Option(
            names,
            envvar=variable if variables and variable else None,
            expose_value=False,
            callback=_remember,
            help=text,
            hidden=not variables,
            **more,
        )

    return [
        option("-p", "--profile", variable="PHANTOMRUN_PROFILE", metavar="NAME[,NAME]",
               help="The project file's profile."),
        option("-C", "directory", variable="PHANTOMRUN_DIRECTORY", metavar="DIR", is_eager=True,
               help="Work as if started in DIR."),
        option("--config", variable="PHANTOMRUN_CONFIG", metavar="FILE",
               help="The project file, instead of the nearest .phantomrun.toml."),
        option("-q", "--quiet", variable="PHANTOMRUN_QUIET", is_flag=True,
               help="Only failures, and what was asked for."),
        option("-v", "--verbose", variable="PHANTOMRUN_VERBOSE", count=True, help="Say more."),
        option("--color", variable="PHANTOMRUN_COLOR", type=click.Choice(COLOURS),
               metavar="WHEN", help="auto, always or never."),
        option("-n", "--no-input", variable="PHANTOMRUN_NO_INPUT", is_flag=True,
               help="Never ask."),
        option("--json", variable="PHANTOMRUN_JSON", is_flag=True,
               help="One JSON object per line, from verbs that read."),
        click.Option(["-h", "--help"], is_flag=True, is_eager=True, expose_value=False,
                     callback=_help, help="Show this page."),
    ]  # fmt: skip


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep an option that was given; its default never overrides an earlier one."""
    if value is None or value is False or value == 0 or param.name is None:
        return
    asked = ctx.ensure_object(Invocation)
    match param.name:
        case "directory":
            _enter(value)
        case "color":
            asked.terminal.colour = value
        case "quiet":
            asked.terminal.quiet = True
        case name:
            setattr(asked, name, value)


def _enter(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise ConfigError(f"cannot work in {directory}: {error.strerror}") from None


def _help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        ctx.ensure_object(Invocation).terminal.block(ctx.get_help())
        ctx.exit()
