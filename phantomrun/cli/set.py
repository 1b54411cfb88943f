"""set: add a secret, or give it another value; the value is never on the command line."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from phantomrun import catalogue
from phantomrun.cli import access, ask, here, names, plain
from phantomrun.cli.binding import (
    Binding,
    Known,
    Wish,
    bind,
    checked_upstream,
    read_ca_file,
    unusable,
)
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.core.record import Record, check_value
from phantomrun.core.secret import Secret
from phantomrun.errors import ConfigError
from phantomrun.tty import NoTerminal
from phantomrun.vault.private import read_all

if TYPE_CHECKING:
    from phantomrun.cli.access import Vault

MAX_INPUT_BYTES = 64 * 1024


@verb("set")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="NAME [-]")
@click.option("--upstream", metavar="URL", help="What the SDK's base-URL variable would hold.")
@click.option("--ca-file", metavar="PEM", help="Certificates to trust there, beside the system's.")
@click.option("--provider", metavar="P", help="Whose secret it is, if its name does not tell.")
@click.pass_obj
def command(
    asked: Invocation,
    words: tuple[str, ...],
    upstream: str | None,
    ca_file: str | None,
    provider: str | None,
) -> int:
    """Add a secret, or give it another value.

    The value is asked for on the terminal, or read from standard input with `-`. What is kept
    with it says where it may go; a project file cannot change that.
    """
    name, from_stdin = _arguments(words)
    known = Known(asked.provider_dir)
    wish = Wish(
        provider=provider or "",
        upstream=checked_upstream(upstream) if upstream else "",
        ca_pem=read_ca_file(ca_file) if ca_file else "",
    )
    given = _checked(name, _from_stdin()) if from_stdin and not sys.stdin.isatty() else None
    _refuse_early(name, wish, known)
    vault = access.opened_or_new(asked)
    value = given or _asked_for(asked, name, vault.records.get(name) if any(wish) else None)
    _save(asked, vault, name, value=value, wish=wish, known=known)
    return 0


def _refuse_early(name: str, wish: Wish, known: Known) -> None:
    """Refuse what cannot work before anybody is asked for anything."""
    if wish.provider:
        provider = known.load(wish.provider)
    else:
        found = catalogue.recognise(name, "", known.providers)
        if found is None:
            return
        provider = found[0]
    if not provider.usable:
        raise unusable(name, provider)


def _save(
    asked: Invocation, vault: Vault, name: str, *, value: Secret, wish: Wish, known: Known
) -> None:
    before = vault.records.get(name)
    binding = bind(name, lambda: plain.text(value), wish=wish, known=known, before=before)
    if ask.possible(asked):
        _tell(asked, name, binding, before)
    record = recorded(name, value, binding=binding, before=before)
    vault.change(lambda records: {**records, name: record})
    done = f"{'Replaced' if before else 'Saved'} {name}, for {binding.upstream} only."
    added = here.remember(asked, [name], create=False)
    asked.terminal.note(f"{done} Added it to {added}." if added else done)


def recorded(name: str, value: Secret, *, binding: Binding, before: Record | None) -> Record:
    """Return what the vault is to keep; the time it was added stays."""
    now = int(time.time())
    return Record(
        name=name,
        value=value,
        provider=binding.provider.name,
        upstream=binding.upstream,
        ca_pem=binding.ca_pem,
        created=before.created if before else now,
        changed=now,
    )


def _arguments(words: tuple[str, ...]) -> tuple[str, bool]:
    rest = [word for word in words if word != "-"]
    if not rest:
        raise ConfigError("missing argument NAME", hint="phantomrun set NAME", code="PR-USAGE")
    if len(rest) > 1 or "=" in rest[0]:
        name = rest[0].split("=")[0]
        shown = name if name.isidentifier() and name.isascii() else "NAME"
        raise ConfigError(
            "a value on the command line ends up in the shell's history and in ps",
            hint=f"phantomrun set {shown}   (asks for it)\n{_piped(shown)}",
            code="PR-ARGV",
        )
    return names.checked(rest[0]), len(rest) < len(words)


def _from_stdin() -> bytes:
    return read_all(sys.stdin.fileno(), "value on standard input", limit=MAX_INPUT_BYTES)


def _asked_for(asked: Invocation, name: str, kept: Record | None) -> Secret:
    """Return what is typed; Enter is the value of `kept`, if that is given."""
    if not ask.possible(asked):
        raise NoTerminal(f"there is nobody to ask for the value of {name}", hint=_piped(name))
    more = "; Enter keeps the one in the vault" if kept else ""
    typed = os.fsencode(ask.hidden(f"Value of {name} (hidden{more}): "))
    return kept.value if kept and not typed else _checked(name, typed)


def _checked(name: str, value: bytes) -> Secret:
    """Return the value less the one line end that echo(1) or an editor left."""
    if value.endswith(b"\n"):
        value = value[:-1].removesuffix(b"\r")
    check_value(name, value)
    return Secret(name, value)


def _tell(asked: Invocation, name: str, binding: Binding, before: Record | None) -> None:
    title = binding.provider.title
    if before is None:
        asked.terminal.note(
            f"{title}, recognised {binding.how}." if binding.how != "as asked" else title
        )
        return
    kept = [f"provider {binding.provider.name}"] if binding.how == "as before" else []
    if binding.upstream == before.upstream:
        kept.append(f"upstream {binding.upstream}")
    if before.ca_pem and binding.ca_pem == before.ca_pem:
        kept.append("its certificates")
    if kept:
        asked.terminal.note(f"Kept of {name}: {', '.join(kept)}.")
    if before.ca_pem and not binding.ca_pem:
        asked.terminal.note("Dropped its certificates: they were for the upstream before.")


def _piped(name: str) -> str:
    return f'printf %s "$VALUE" | phantomrun set {name} -'
