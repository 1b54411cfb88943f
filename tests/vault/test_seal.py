"""Keys and sealing: what opens a vault, what does not, and what it costs."""

from __future__ import annotations

import hmac
import subprocess
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.errors import VaultDamaged, VaultError, VaultLocked
from phantomrun.vault import format as layout
from phantomrun.vault import seal
from phantomrun.vault.format import Kdf
from phantomrun.vault.seal import Credential
from tests.vault.samples import (
    CHEAP,
    DATA_KEY,
    KEY,
    PASSPHRASE,
    Derivations,
    a_header,
    a_vault,
    child_environ,
    opened,
    plain,
    python,
    records,
)


@given(records())
def test_open_seal_is_the_identity(given_records: list[Any]) -> None:
    assert plain(opened(a_vault(*given_records))) == plain(tuple(given_records))


@pytest.mark.parametrize("credential", [PASSPHRASE, KEY], ids=["passphrase", "key-file"])
def test_what_wrapped_the_data_key_unwraps_it(credential: Credential) -> None:
    derivations = Derivations()
    header = a_header(credential)

    assert seal.unwrap(header, credential, derive=derivations) == DATA_KEY
    assert derivations.count == 1


def test_either_of_two_unlockers_will_do() -> None:
    header = a_header(PASSPHRASE, KEY)

    assert seal.unwrap(header, PASSPHRASE) == seal.unwrap(header, KEY) == DATA_KEY


@pytest.mark.parametrize(
    ("credential", "why"),
    [
        (Credential("passphrase", b"CANARY wrong"), "wrong passphrase"),
        (Credential("passphrase", b""), "wrong passphrase"),
        (KEY, "the vault is not unlocked by a key file"),
    ],
    ids=["wrong", "empty", "other-kind"],
)
def test_a_wrong_credential_is_locked_out(credential: Credential, why: str) -> None:
    with pytest.raises(VaultLocked) as caught:
        seal.unwrap(a_header(PASSPHRASE), credential)

    assert caught.value.message == why


def test_a_wrong_key_file_is_locked_out() -> None:
    with pytest.raises(VaultLocked, match="wrong key file"):
        seal.unwrap(a_header(KEY), KEY._replace(value=bytes(32)))


def test_a_header_from_another_vault_does_not_open_the_body() -> None:
    ours, other = layout.parse(a_vault()), layout.parse(a_vault())
    mixed = layout.assemble(other.associated, ours.nonce, ours.sealed)

    with pytest.raises(VaultDamaged):
        opened(mixed)


def test_no_two_writes_share_a_nonce_and_no_two_wraps_a_salt() -> None:
    header = a_header(KEY)
    nonces = {layout.parse(a_vault(header=header)).nonce for _ in range(50)}
    unlockers = [a_header(KEY).unlockers[0] for _ in range(50)]

    assert len(nonces) == 50
    assert len({one.salt for one in unlockers}) == len({one.nonce for one in unlockers}) == 50


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_passphrase_opens_however_its_letters_were_composed(form: Any) -> None:
    typed = unicodedata.normalize(form, "CANARY Äpfel für Zoë")
    header = a_header(Credential("passphrase", "CANARY Äpfel für Zoë".encode()))

    assert seal.unwrap(header, Credential("passphrase", typed.encode())) == DATA_KEY


def test_a_credential_cannot_be_printed() -> None:
    assert "CANARY" not in f"{PASSPHRASE!r} {PASSPHRASE} {[KEY]}"


# RFC 5869, appendix A, cases 1 to 3; the first 32 bytes of each output are its first block.
@pytest.mark.parametrize(
    ("key", "salt", "info", "expected"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        (
            bytes(range(0x50)).hex(),
            bytes(range(0x60, 0xB0)).hex(),
            bytes(range(0xB0, 0x100)).hex(),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
        ),
        (
            "0b" * 22,
            "",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
    ],
    ids=["basic", "long", "no-salt"],
)
def test_hkdf_agrees_with_rfc_5869(key: str, salt: str, info: str, expected: str) -> None:
    derived = seal.hkdf_sha256(bytes.fromhex(key), bytes.fromhex(salt), info=bytes.fromhex(info))

    assert derived.hex() == expected


@given(st.binary(min_size=1, max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_hkdf_agrees_with_its_definition(key: bytes, salt: bytes, info: bytes) -> None:
    extracted = hmac.digest(salt, key, "sha256")
    expanded = hmac.digest(extracted, info + b"\x01", "sha256")

    assert seal.hkdf_sha256(key, salt, info=info) == expanded


def test_argon2id_agrees_with_another_implementation() -> None:
    kdf = pytest.importorskip(
        "cryptography.hazmat.primitives.kdf.argon2", reason="cryptography before 44 has no Argon2"
    )
    salt = bytes(range(32))
    other = kdf.Argon2id(salt=salt, length=32, iterations=2, lanes=3, memory_cost=2048)

    ours = seal.derive(PASSPHRASE, Kdf(memory_kib=2048, passes=2, lanes=3), salt)

    assert ours == other.derive(PASSPHRASE.value)


def test_a_vault_that_grew_too_large_is_not_written() -> None:
    with pytest.raises(VaultError, match="larger than 64 MiB"):
        seal.seal(a_header(KEY), DATA_KEY, bytes(layout.MAX_BODY_BYTES + 1))


_STARVED = """
import resource
from phantomrun.errors import VaultError
from phantomrun.vault import seal
from phantomrun.vault.format import Kdf
import argon2.low_level
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, resource.RLIM_INFINITY))
try:
    seal.derive(seal.Credential("passphrase", b"CANARY"), Kdf(1024 * 1024, 1, 1), bytes(32))
except VaultError as error:
    print(error.message)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_AS")
def test_memory_that_cannot_be_had_is_said() -> None:
    ran = subprocess.run(
        python("-c", _STARVED), env=child_environ(), capture_output=True, text=True, check=True
    )

    assert ran.stdout == "the vault's key derivation needs 1024 MiB, which could not be had\n"


def test_the_defaults_are_what_the_design_says() -> None:
    assert Kdf(memory_kib=65536, passes=3, lanes=4) == layout.DEFAULT_KDF
    assert CHEAP == layout.LEAST_KDF
