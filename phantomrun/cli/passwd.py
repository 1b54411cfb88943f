"""passwd: change what unlocks the vault."""

from __future__ import annotations

import os
import sys

import click

from phantomrun.cli import access, ask
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import ConfigError
from phantomrun.tty import NoTerminal
from phantomrun.vault.keyfile import create_key_file
from phantomrun.vault.passphrase import check_passphrase
from phantomrun.vault.private import read_all
from phantomrun.vault.seal import Credential

MAX_INPUT_BYTES = 4096


@verb("passwd")
@click.argument("source", required=False, type=click.UNPROCESSED, metavar="[-]")
@click.option("--key-file", metavar="PATH", help="Unlock by a new key file from now on.")
@click.pass_obj
def command(asked: Invocation, source: str | None, key_file: str | None) -> int:
    """Change the passphrase, or unlock by a key file from now on.

    The old one is asked for first. With `-` the new passphrase is read from standard input.
    """
    if source not in (None, "-"):
        raise ConfigError(
            "a passphrase on the command line ends up in the shell's history and in ps",
            hint="phantomrun passwd   (asks for it)\nphantomrun passwd - < FILE",
            code="PR-ARGV",
        )
    if source and key_file:
        raise ConfigError("either a key file or a passphrase, not both", code="PR-USAGE")
    if not key_file and not source and not ask.possible(asked):
        raise NoTerminal(
            "there is nobody to ask for the new passphrase", hint="phantomrun passwd - < FILE"
        )
    given = _from_stdin() if source else None
    vault = access.unlocked(asked)
    if key_file:
        credential = create_key_file(key_file)
        try:
            vault.rekey(credential)
        except BaseException:
            os.unlink(credential.path)  # it unlocks nothing
            raise
        asked.terminal.note(f"From now on {credential.path} unlocks the vault.")
        return 0
    new = given or ask.new_passphrase("New passphrase").encode("utf-8", "surrogateescape")
    vault.rekey(Credential("passphrase", new))
    asked.terminal.note(
        "The passphrase is changed. Copies of the old file still open with the old one."
    )
    return 0


def _from_stdin() -> bytes:
    typed = read_all(sys.stdin.fileno(), "passphrase on standard input", limit=MAX_INPUT_BYTES)
    passphrase = typed.removesuffix(b"\n").removesuffix(b"\r")
    check_passphrase(passphrase.decode("utf-8", "surrogateescape"))
    return passphrase
