"""help: what a verb does, or what a code in brackets means."""

from __future__ import annotations

import difflib
import textwrap
from typing import TYPE_CHECKING

import click

from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from phantomrun.cli.main import LazyGroup

WIDTH = 78


@verb("help")
@click.argument("topic", required=False, metavar="[VERB|CODE]")
@click.pass_context
def command(ctx: click.Context, topic: str | None) -> int:
    """Explain a verb, or a code such as PR-NOVAULT."""
    asked = ctx.ensure_object(Invocation)
    root = ctx.find_root()
    if topic is None:
        asked.terminal.block(root.get_help())
    elif topic.upper().startswith("PR-"):
        asked.terminal.block(explained(topic.upper()))
    else:
        asked.terminal.block(_page(topic, root))
    return 0


def explained(code: str) -> str:
    """Return what a code means."""
    from phantomrun.cli.codes import CODES

    if code not in CODES:
        near = difflib.get_close_matches(code, CODES, n=1)
        hint = f"did you mean {near[0]}?" if near else "codes stand in brackets behind an error"
        raise ConfigError(f"there is no code {code}", hint=hint, code="PR-USAGE")
    short, long = CODES[code]
    return "\n".join([f"{code}: {short}", *textwrap.wrap(long, WIDTH)])


def _page(topic: str, root: click.Context) -> str:
    group: LazyGroup = root.command  # type: ignore[assignment]  # the only group there is
    found = group.get_command(root, topic)
    if found is None:
        near = difflib.get_close_matches(topic, group.list_commands(root), n=1)
        hint = f"did you mean {near[0]}?" if near else "phantomrun help"
        raise ConfigError(f'there is no verb "{topic}"', hint=hint, code="PR-USAGE")
    return found.get_help(click.Context(found, root, info_name=found.name))
