"""init: create the vault, with a passphrase or a key file."""

from __future__ import annotations

import os

import click

from phantomrun.cli import ask
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import ConfigError
from phantomrun.vault import store
from phantomrun.vault.keyfile import create_key_file


@verb("init")
@click.option("--key-file", metavar="PATH", help="Make a key file there, instead of a passphrase.")
@click.pass_obj
def command(asked: Invocation, key_file: str | None) -> int:
    """Create the vault.

    It is unlocked by a passphrase, typed twice or taken from PHANTOMRUN_PASSPHRASE_FD, _FILE or
    PHANTOMRUN_PASSPHRASE; or by a key file, for CI and machines nobody sits at.
    """
    path = asked.vault_path
    if os.path.lexists(path):
        raise ConfigError(
            f"there is a vault already: {path}", hint="phantomrun passwd", code="PR-EXISTS"
        )
    if key_file:
        _with_key_file(path, key_file)
        asked.terminal.note(f"Made the vault {path}, unlocked by {os.path.abspath(key_file)}.")
    else:
        store.create(path, ask.new_credential(asked))
        asked.terminal.note(f"Made the vault {path}. Next: phantomrun set OPENAI_API_KEY")
    return 0


def _with_key_file(path: str, key_file: str) -> None:
    credential = create_key_file(key_file)
    try:
        store.create(path, credential)
    except BaseException:
        os.unlink(credential.path)  # it unlocks nothing
        raise
