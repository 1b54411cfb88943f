"""demo: the whole promise on a throwaway vault, in a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from phantomrun.cli.invocation import Invocation, verb

if TYPE_CHECKING:
    from phantomrun.cli.terminal import Terminal
    from phantomrun.demo.stage import Seen


@verb("demo")
@click.pass_obj
def command(asked: Invocation) -> int:
    """Show what a run does, with a throwaway vault and key.

    An upstream on this machine speaks OpenAI's chat API over TLS and accepts only the real key. A
    child calls it with its phantom, through the same commands that you would type.
    """
    from phantomrun.demo.stage import play

    seen = play()
    if asked.json:
        asked.terminal.object("demo", {**seen._asdict(), "kept": seen.kept})
    else:
        _tell(seen, asked.terminal)
    return 0 if seen.kept else 1


def _tell(seen: Seen, terminal: Terminal) -> None:
    yes_no = {True: "ok", False: "FAIL"}
    rows = [
        ("the vault holds", f"OPENAI_API_KEY={seen.key}"),
        ("", f"for {seen.upstream} only; a throwaway key, made for this"),
        ("the child held", f"OPENAI_API_KEY={seen.held['OPENAI_API_KEY']}"),
        ("", f"OPENAI_BASE_URL={seen.held['OPENAI_BASE_URL']}"),
        ("the upstream got", f"Authorization: {seen.received}"),
        ("its answer said", seen.heard),
        ("", "(it repeats the key it was sent; the child saw its phantom)"),
        ("the phantom alone", f"sent straight to the upstream: {seen.direct}"),
        ("afterwards", f"port closed: {yes_no[seen.port_closed]}"),
        ("", f"sidecar gone: {yes_no[seen.sidecar_gone]}"),
        ("", f"vault, key file and certificates gone: {yes_no[seen.files_gone]}"),
    ]
    for label, text in rows:
        terminal.mark(f"{label:<18}", text, colour="bold")
    terminal.out()
    if seen.kept:
        terminal.out(f"All of it in {seen.seconds:.2f} s. Next: phantomrun set OPENAI_API_KEY")
    else:
        terminal.out("A promise was not kept on this machine: please report what is above.")
