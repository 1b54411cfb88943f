"""The vault on disk: lock, read, replace atomically.

Readers take no lock: a rename gives them the old file or the new one. Writers take the lock, read
again what is there now, and replace it: two of them at once lose nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantomrun.errors import ConfigError, VaultError, VaultLocked
from phantomrun.vault import format as layout
from phantomrun.vault import seal
from phantomrun.vault.directory import Directory
from phantomrun.vault.unlock import TRIES, UnlockRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from phantomrun.core.record import Record
    from phantomrun.vault.format import Envelope, Header, Kdf
    from phantomrun.vault.seal import Credential, Derive
    from phantomrun.vault.unlock import Unlock

    Edit = Callable[[dict[str, Record]], dict[str, Record]]


class OpenVault:
    """An unlocked vault: what was in it, and the data key to write it again."""

    __slots__ = ("_associated", "_data_key", "_derive", "path", "records")

    def __init__(self, path: str, envelope: Envelope, *, data_key: bytes, derive: Derive) -> None:
        self.path = path
        self.records = layout.unpack(seal.open_sealed(envelope, data_key))
        self._associated = envelope.associated
        self._data_key = data_key
        self._derive = derive

    def change(self, edit: Edit) -> None:
        """Replace the records by what `edit` makes of those on disk now, whoever wrote them.

        `edit` runs under the lock, so it must not ask anybody anything. What it raises leaves the
        vault as it was.
        """
        with Directory.of(self.path, create=False) as directory, directory.locked():
            envelope = self._unchanged(directory)
            self.records = tuple(_edited(self._opened(envelope), edit))
            self._write(directory, envelope.header)

    def rekey(self, credential: Credential, *, kdf: Kdf = layout.DEFAULT_KDF) -> None:
        """Let `credential`, and nothing else, unlock the vault; with a fresh data key."""
        fresh = seal.new_data_key()
        header = _header(fresh, credential, kdf=kdf, derive=self._derive)
        with Directory.of(self.path, create=False) as directory, directory.locked():
            self.records = self._opened(self._unchanged(directory))
            self._data_key, self._associated = fresh, layout.head(header)
            self._write(directory, header)

    def _unchanged(self, directory: Directory) -> Envelope:
        envelope = layout.parse(_read(directory))
        if envelope.associated != self._associated:
            raise VaultError(
                "the vault's passphrase or key file was changed meanwhile; nothing was written",
                hint="run the command again",
                code="PR-CHANGED",
            )
        return envelope

    def _opened(self, envelope: Envelope) -> tuple[Record, ...]:
        return layout.unpack(seal.open_sealed(envelope, self._data_key))

    def _write(self, directory: Directory, header: Header) -> None:
        directory.replace(seal.seal(header, self._data_key, layout.pack(self.records)))


def create(
    path: str,
    credential: Credential,
    *,
    records: Iterable[Record] = (),
    kdf: Kdf = layout.DEFAULT_KDF,
    derive: Derive = seal.derive,
) -> None:
    """Make a new vault, in a directory only its owner may enter; never replace one."""
    with Directory.of(path, create=True) as directory:
        if directory.has_file():
            raise _exists(path)
        data_key = seal.new_data_key()
        header = _header(data_key, credential, kdf=kdf, derive=derive)
        with directory.locked():
            if directory.has_file():
                raise _exists(path)
            directory.replace(seal.seal(header, data_key, layout.pack(records)))


def header(path: str) -> Header:
    """Return what the vault says about itself without a key: unauthenticated."""
    return _envelope(path).header


def opened(path: str, unlock: Unlock, *, derive: Derive = seal.derive) -> OpenVault:
    """Return the unlocked vault; one derivation if the first credential is right."""
    envelope = _envelope(path)
    data_key = _data_key(envelope.header, unlock, derive)
    return OpenVault(path, envelope, data_key=data_key, derive=derive)


def load(path: str, unlock: Unlock, *, derive: Derive = seal.derive) -> tuple[Record, ...]:
    """Return the records."""
    return opened(path, unlock, derive=derive).records


def change(path: str, unlock: Unlock, edit: Edit, *, derive: Derive = seal.derive) -> None:
    """Unlock, then read, edit and write under the lock."""
    opened(path, unlock, derive=derive).change(edit)


def rekey(
    path: str,
    unlock: Unlock,
    credential: Credential,
    *,
    kdf: Kdf = layout.DEFAULT_KDF,
    derive: Derive = seal.derive,
) -> None:
    """Unlock, then let only `credential` unlock the vault from now on."""
    opened(path, unlock, derive=derive).rekey(credential, kdf=kdf)


def _header(data_key: bytes, credential: Credential, *, kdf: Kdf, derive: Derive) -> Header:
    return layout.Header((seal.wrap(data_key, credential, kdf=kdf, derive=derive),))


def _envelope(path: str) -> Envelope:
    with Directory.of(path, create=False) as directory:
        return layout.parse(_read(directory))


def _read(directory: Directory) -> bytes:
    return directory.read(limit=layout.MAX_FILE_BYTES)


def _data_key(header: Header, unlock: Unlock, derive: Derive) -> bytes:
    first = header.unlockers[0]
    wrong = ""
    for attempt in range(1, TRIES + 1):
        credential = unlock(UnlockRequest(first.kind, first.path, attempt, wrong))
        try:
            return seal.unwrap(header, credential, derive=derive)
        except VaultLocked as error:
            wrong = error.message
    raise VaultLocked(f"{wrong}, {TRIES} times")


def _edited(records: tuple[Record, ...], edit: Edit) -> Iterable[Record]:
    edited = edit({record.name: record for record in records})
    misnamed = [name for name, record in edited.items() if name != record.name]
    if misnamed:
        raise ValueError(f"records under names that are not theirs: {misnamed}")
    return edited.values()


def _exists(path: str) -> ConfigError:
    return ConfigError(
        f"there is a vault already: {path}",
        hint="phantomrun list shows what is in it",
        code="PR-EXISTS",
    )
