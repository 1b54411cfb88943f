"""Shared nouns of the vault's tests."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from phantomrun.core.record import Record
from phantomrun.core.secret import Secret
from phantomrun.vault import format as layout
from phantomrun.vault import seal
from phantomrun.vault.seal import Credential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from phantomrun.vault.format import Header, Kdf
    from phantomrun.vault.unlock import Unlock, UnlockRequest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WRITER = os.path.join(ROOT, "tests", "vault", "writer.py")
CHEAP = layout.LEAST_KDF
CANARY = b"sk-CANARY-0123456789abcdef"
PASSPHRASE = Credential("passphrase", b"CANARY correct horse battery")
KEY = Credential("key-file", bytes(range(32)), "/CANARY/key")
DATA_KEY = bytes(range(100, 132))


class Derivations:
    """The real derivation, counted."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, credential: Credential, kdf: Kdf | None, salt: bytes) -> bytes:
        self.count += 1
        return seal.derive(credential, kdf, salt)


def a_record(name: str = "OPENAI_API_KEY", value: bytes = CANARY) -> Record:
    return Record(
        name=name,
        value=Secret(name, value),
        provider="openai",
        upstream="https://api.openai.com/v1",
        ca_pem="",
        created=1_700_000_000,
        changed=1_700_000_001,
    )


def plain(records: tuple[Record, ...]) -> list[tuple[object, ...]]:
    """Return what can be compared: secrets themselves never are equal."""
    return [(record.name, record.value.reveal(), *record[2:]) for record in records]


def answering(*credentials: Credential) -> Unlock:
    """Return an unlocker that gives one credential after another."""
    given = iter(credentials)

    def unlock(request: UnlockRequest) -> Credential:
        return next(given)

    return unlock


def a_header(*credentials: Credential, data_key: bytes = DATA_KEY, kdf: Kdf = CHEAP) -> Header:
    wanted = credentials or (PASSPHRASE,)
    return layout.Header(tuple(seal.wrap(data_key, one, kdf=kdf) for one in wanted))


def a_vault(*records: Record, header: Header | None = None) -> bytes:
    return seal.seal(header or a_header(KEY), DATA_KEY, layout.pack(records))


def opened(data: bytes) -> tuple[Record, ...]:
    return layout.unpack(seal.open_sealed(layout.parse(data), DATA_KEY))


def child_environ(**more: str) -> Mapping[str, str]:
    search = [ROOT, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "PYTHONPATH": os.pathsep.join(search), **more}


def python(*args: str) -> list[str]:
    return [sys.executable, "-s", "-B", *args]


_TEXTS = st.text(max_size=40)
_SECONDS = st.integers(min_value=0, max_value=2**40)


@st.composite
def _one(draw: st.DrawFn) -> Record:
    name = draw(_TEXTS)
    value = Secret(name, draw(st.binary(max_size=60)))
    provider, upstream, ca_pem = (draw(_TEXTS) for _ in range(3))
    return Record(name, value, provider, upstream, ca_pem, draw(_SECONDS), draw(_SECONDS))


def records() -> st.SearchStrategy[list[Record]]:
    """Return lists of records, each name once."""
    return st.lists(_one(), max_size=6, unique_by=lambda record: record.name)
