"""Committed vaults: what was written once opens for ever, or says why it does not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pytest

from phantomrun.errors import VaultDamaged, VaultLocked
from phantomrun.vault import format as layout
from phantomrun.vault import seal, store
from phantomrun.vault.seal import Credential
from tests.vault.samples import ROOT, answering

if TYPE_CHECKING:
    from pathlib import Path

    from phantomrun.vault.format import Kind

_DIRECTORY = os.path.join(ROOT, "tests", "vectors", "vault")
NAMES = sorted(name for name in os.listdir(_DIRECTORY) if name.endswith(".vector"))


class Vector(NamedTuple):
    """One file of tests/vectors/vault; its README explains the lines."""

    expect: str
    credentials: list[Credential]
    data_key: bytes
    records: str
    file: bytes


def read(name: str) -> Vector:
    with open(os.path.join(_DIRECTORY, name), encoding="ascii") as lines:
        head, _, body = lines.read().partition("\nfile:\n")
    facts: dict[str, str] = {}
    credentials: list[Credential] = []
    kinds: list[Kind] = ["passphrase", "key-file"]
    for line in head.split("\n")[1:]:
        key, _, value = line.partition(": ")
        facts[key] = value
        credentials += [Credential(kind, bytes.fromhex(value)) for kind in kinds if kind == key]
    return Vector(
        expect=facts["expect"],
        credentials=credentials,
        data_key=bytes.fromhex(facts.get("data-key", "")),
        records=facts.get("records", ""),
        file=bytes.fromhex(body),
    )


def outcome(path: str, credential: Credential) -> str:
    try:
        records = store.load(path, answering(*[credential] * 3))
    except VaultLocked:
        return "locked"
    except VaultDamaged as error:
        return "newer" if error.code == "PR-NEWER" else "damaged"
    return layout.pack(records).decode("ascii").removeprefix('{"records":').removesuffix("}")


@pytest.mark.parametrize("name", NAMES)
def test_a_vault_opens_or_says_why_not(name: str, tmp_path: Path) -> None:
    vector = read(name)
    path = tmp_path / "vault"
    path.write_bytes(vector.file)
    path.chmod(0o600)

    assert vector.credentials
    for credential in vector.credentials:
        expected = vector.records if vector.expect == "opened" else vector.expect
        assert outcome(str(path), credential) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if read(name).expect == "opened"])
def test_a_vault_is_written_again_byte_for_byte(name: str) -> None:
    vector = read(name)
    envelope = layout.parse(vector.file)
    records = layout.unpack(seal.open_sealed(envelope, vector.data_key))

    def nonce(_: int) -> bytes:
        return envelope.nonce

    again = seal.seal(envelope.header, vector.data_key, layout.pack(records), entropy=nonce)

    assert again == vector.file


def test_the_vectors_cover_every_outcome() -> None:
    assert {read(name).expect for name in NAMES} == {"opened", "locked", "damaged", "newer"}
