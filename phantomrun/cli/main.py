"""The verbs, found by table; a failure becomes lines on stderr and an exit code, here only."""

from __future__ import annotations

import difflib
import importlib
import os
import shlex
import shutil
import signal
from typing import TYPE_CHECKING, Any

import click

from phantomrun import paths, project
from phantomrun.cli.invocation import Invocation, global_options
from phantomrun.cli.terminal import drop
from phantomrun.errors import ConfigError, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NO_COMMAND_EXIT = 125  # `phantomrun $EMPTY` is a run that lost its command

# The verb and what `--help` says of it. `run` has a way of its own, through __main__.
COMMANDS = {
    "run": "Run a command with phantoms: phantomrun [run] -- CMD [ARG]…",
    "init": "Create the vault.",
    "set": "Add or replace a secret.",
    "import": "Move secrets from a .env file, JSON or the environment.",
    "list": "Show the secrets' names and where they may go.",
    "get": "Show one secret's value, on a terminal only.",
    "rm": "Remove secrets.",
    "mv": "Rename a secret.",
    "passwd": "Change the passphrase or the key file.",
    "check": "Tell whether the project's secrets are all there.",
    "doctor": "Look for what is wrong here, and say how to mend it.",
    "providers": "Show which services are known, and how they are reached.",
    "demo": "Show the whole trick with a throwaway vault.",
    "completion": "Print or install completion for a shell.",
    "help": "Explain a verb, or a code such as PR-NOVAULT.",
}
ALIASES = {"ls": "list", "exec": "run", "x": "run"}
MODULES = {"import": "import_"}  # where the verb's own name is a keyword


class LazyGroup(click.Group):
    """Imports a verb's module when the verb is used, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"phantomrun.cli.{MODULES.get(name, name)}")
        found: click.Command = module.command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        command = self.get_command(ctx, word)
        if command is None:
            raise _unknown_command(word, args, ctx.meta["phantomrun.argv"])
        return ALIASES.get(word, word), command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(COMMANDS.items()))

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["[GLOBAL] -- CMD [ARG]…  |  phantomrun [GLOBAL] VERB …"]


def command_tree() -> LazyGroup:
    """Return the root of all verbs."""
    group = LazyGroup(
        "phantomrun",
        help="Run a command with phantom credentials: right shape, no value outside the run.",
        params=[*global_options(variables=True), _version_option()],
        invoke_without_command=True,
        context_settings={"help_option_names": [], "max_content_width": 100},
        options_metavar="[GLOBAL]",
    )
    group.callback = click.pass_context(_without_verb)
    return group


def main(argv: Sequence[str]) -> int:
    """Run one verb and return its exit code; a Ctrl-C is passed on as a death by SIGINT."""
    asked = Invocation(os.environ)
    try:
        code = _invoke(list(argv), asked)
        asked.terminal.flush()
    except KeyboardInterrupt:
        return _die_of(signal.SIGINT)
    except BrokenPipeError:
        drop(asked.terminal.stdout)
        return _die_of(signal.SIGPIPE)
    except Failure as failure:
        return _reported(failure, asked)
    return code


def _reported(failure: Failure, asked: Invocation) -> int:
    try:
        asked.terminal.flush()  # what was found comes before what was not
    except (Failure, BrokenPipeError):
        drop(asked.terminal.stdout)
    asked.terminal.report(failure)
    return failure.exit_code


def _invoke(argv: list[str], asked: Invocation) -> int:
    group = command_tree()
    try:
        with group.make_context("phantomrun", list(argv), obj=asked) as ctx:
            ctx.meta["phantomrun.argv"] = argv
            return int(group.invoke(ctx) or 0)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.UsageError as error:
        raise _usage(error) from None


def _without_verb(ctx: click.Context) -> int:
    asked = ctx.ensure_object(Invocation)
    if ctx.invoked_subcommand is None:
        asked.terminal.report(
            ConfigError(
                "no command", code="PR-USAGE", hint="phantomrun -- CMD [ARG]…\nphantomrun help"
            )
        )
        return NO_COMMAND_EXIT
    asked.settle(project.settings(paths.config_dir(asked.environ)))
    return 0


def _version_option() -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value and not ctx.resilient_parsing:
            from phantomrun import __version__

            ctx.ensure_object(Invocation).terminal.out(f"phantomrun {__version__}")
            ctx.exit()

    return click.Option(
        ["-V", "--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show the version.",
    )


def _unknown_command(word: str, args: list[str], argv: list[str]) -> ConfigError:
    if shutil.which(word) is not None:
        before = argv[: len(argv) - len(args)]
        line = shlex.join(["phantomrun", *before, "--", *args])
        hint = f"{line}            (everything after -- is the program to run)"
    else:
        hint = _near(word, (*COMMANDS, *ALIASES)) or "phantomrun help"
    return ConfigError(f'unknown command "{word}"', hint=hint, code="PR-USAGE")


def _usage(error: click.UsageError) -> ConfigError:
    """Return the failure for wrong arguments; what stood in their place may be a secret."""
    name = error.ctx.info_name if error.ctx else None
    page = f"phantomrun help {name}" if name in COMMANDS else "phantomrun help"
    match error:
        case click.NoSuchOption():
            what, guess = _unknown_option(error)
            return ConfigError(what, hint=guess or page, code="PR-USAGE")
        case click.MissingParameter():
            missing = error.param.human_readable_name if error.param else "one"
            return ConfigError(f"missing argument {missing}", hint=page, code="PR-USAGE")
        case click.BadParameter():
            option = error.param.opts[-1] if error.param else "an argument"
            message = _lowered(error.message)
            return ConfigError(f"{option}: {message}", hint=page, code="PR-USAGE")
        case click.BadOptionUsage():
            return ConfigError(_lowered(error.message), hint=page, code="PR-USAGE")
        case _:
            return ConfigError("too many arguments", hint=page, code="PR-USAGE")


def _unknown_option(error: click.NoSuchOption) -> tuple[str, str]:
    params = error.ctx.command.params if error.ctx else []
    known = [opt for param in params for opt in (*param.opts, *param.secondary_opts)]
    guess = _near(error.option_name, known)
    shown = error.option_name
    if not guess and len(shown) > 16:  # somebody's value that began with a dash
        return "unknown option", guess
    return f"unknown option {shown}", guess


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""


def _lowered(message: str) -> str:
    return (message[:1].lower() + message[1:]).rstrip(".")


def _die_of(number: signal.Signals) -> int:
    """End as the signal would have ended us, so that a shell's loop ends as well."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number
