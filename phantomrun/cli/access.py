"""The vault as the verbs see it: opened once, and made on the way if there is none yet."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from phantomrun.cli import ask
from phantomrun.vault import store
from phantomrun.vault.unlock import unlocker

if TYPE_CHECKING:
    from collections.abc import Callable

    from phantomrun.cli.invocation import Invocation
    from phantomrun.core.record import Record
    from phantomrun.vault.store import OpenVault
    from phantomrun.vault.unlock import Unlock

    Edit = Callable[[dict[str, Record]], dict[str, Record]]


class Vault:
    """The records by name, and one way to change them."""

    def __init__(self, records: tuple[Record, ...], change: Callable[[Edit], None]) -> None:
        self.records = {record.name: record for record in records}
        self.change = change


def opened(asked: Invocation) -> Vault:
    """Return the unlocked vault."""
    vault = unlocked(asked)
    return Vault(vault.records, vault.change)


def opened_or_new(asked: Invocation) -> Vault:
    """Return the unlocked vault; where there is none, one that the first change makes."""
    if os.path.lexists(asked.vault_path):
        return opened(asked)
    credential = ask.new_credential(asked)

    def change(edit: Edit) -> None:
        store.create(asked.vault_path, credential, records=edit({}).values())
        asked.terminal.note(f"Made the vault {asked.vault_path}.")

    return Vault((), change)


def unlocked(asked: Invocation) -> OpenVault:
    """Return the vault with its data key, to read, change or rekey."""
    if asked.verbose:
        asked.terminal.note(f"vault {asked.vault_path}")
    return store.opened(asked.vault_path, unlock(asked))


def unlock(asked: Invocation) -> Unlock:
    """Return what answers the vault's question for a passphrase or a key file."""
    return unlocker(asked.environ, no_input=asked.no_input, prompt=ask.hidden)
