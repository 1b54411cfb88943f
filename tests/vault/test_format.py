"""The vault file: its layout, its limits, and everything that is not it."""

from __future__ import annotations

import binascii
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phantomrun.errors import VaultDamaged
from phantomrun.vault import format as layout
from tests.vault.samples import (
    CHEAP,
    DATA_KEY,
    KEY,
    PASSPHRASE,
    a_header,
    a_record,
    a_vault,
    opened,
    plain,
    records,
)

SMALL = a_vault(a_record())
HEADER_AT = 23


def checksum(start: bytes) -> bytes:
    return binascii.crc32(start).to_bytes(4, "big")


def with_header(text: bytes, version: int = 1) -> bytes:
    """Return a file with this header, right in every other respect."""
    start = b"phantomrun vault\n" + version.to_bytes(2, "big") + len(text).to_bytes(4, "big") + text
    return start + checksum(start) + bytes(12) + bytes(16)


def header_document(**changes: Any) -> dict[str, Any]:
    """Return the header of a passphrase vault with some fields of its unlocker changed."""
    text = layout.head(a_header(PASSPHRASE))[HEADER_AT:]
    document: dict[str, Any] = json.loads(text)
    document["unlockers"][0].update(changes)
    return document


def canonical(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def test_the_file_is_laid_out_as_the_docstring_says() -> None:
    header = a_header(PASSPHRASE, KEY)
    file = layout.assemble(layout.head(header), b"n" * 12, b"sealed body with tag")
    length = int.from_bytes(file[19:23], "big")
    end = 23 + length

    assert file[:17] == b"phantomrun vault\n"
    assert file[17:19] == b"\x00\x01"
    assert set(json.loads(file[23:end])) == {"unlockers"}
    assert file[end : end + 4] == checksum(file[:end])
    assert file[end + 4 : end + 16] == b"n" * 12
    assert layout.parse(file) == (header, file[:end], b"n" * 12, b"sealed body with tag")


def test_nothing_of_a_secret_stands_in_the_file() -> None:
    file = a_vault(a_record("GITHUB_TOKEN"))

    for word in (b"CANARY-", b"GITHUB_TOKEN", b"openai", b"1700000000"):
        assert word not in file


@given(records())
def test_unpack_pack_is_the_identity(given_records: list[Any]) -> None:
    unpacked = layout.unpack(layout.pack(given_records))

    assert plain(unpacked) == plain(tuple(given_records))


def test_a_file_cut_at_any_byte_is_damaged() -> None:
    for length in range(len(SMALL)):
        with pytest.raises(VaultDamaged):
            opened(SMALL[:length])


def test_a_file_with_something_behind_it_is_damaged() -> None:
    with pytest.raises(VaultDamaged):
        opened(SMALL + b"\0")


def test_every_flipped_byte_is_refused() -> None:
    for at in range(len(SMALL)):
        for bit in (0x01, 0x20, 0x80):
            flipped = bytearray(SMALL)
            flipped[at] ^= bit
            with pytest.raises(VaultDamaged):
                opened(bytes(flipped))


@given(st.binary(max_size=200))
@example(b"")
@example(b"phantomrun vault\n")
def test_junk_is_refused_never_fatal(junk: bytes) -> None:
    for data in (junk, b"phantomrun vault\n" + junk, with_header(junk)):
        with pytest.raises(VaultDamaged):
            layout.parse(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_JSON, st.sampled_from(["kind", "salt", "nonce", "wrapped", "argon2id", "path"]))
def test_a_header_of_any_other_shape_is_damaged(document: Any, field: str) -> None:
    shapes = [document, {"unlockers": document}, {"unlockers": [document]}]
    shapes.append(header_document(**{field: document}))
    for shape in shapes:
        with pytest.raises(VaultDamaged):
            layout.parse(with_header(canonical(shape)))


@given(_JSON, st.sampled_from(["name", "value", "created", "ca_pem", "more"]))
def test_a_body_of_any_other_shape_is_damaged_or_records(document: Any, field: str) -> None:
    record = json.loads(layout.pack([a_record()]))["records"][0]
    for shape in (document, {"records": document}, {"records": [{**record, field: document}]}):
        try:
            unpacked = layout.unpack(canonical(shape))
        except VaultDamaged:
            continue
        assert json.loads(layout.pack(unpacked)) == shape


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"records":[' + b"9" * 5000 + b"]}", "not JSON"),
        (b'{"records":[],"more":1}', "unknown or missing"),
    ],
    ids=["empty", "deep", "long-number", "unknown-field"],
)
def test_a_body_that_is_no_document_of_ours_is_damaged(body: bytes, why: str) -> None:
    with pytest.raises(VaultDamaged, match=why):
        layout.unpack(body)


def test_two_secrets_of_one_name_are_damage() -> None:
    body = json.loads(layout.pack([a_record()]))
    body["records"] *= 2

    with pytest.raises(VaultDamaged, match="two secrets of one name"):
        layout.unpack(canonical(body))


@pytest.mark.parametrize(
    "kdf",
    [
        {**CHEAP._asdict(), "memory_kib": 1023},
        {**CHEAP._asdict(), "memory_kib": 1024 * 1024 + 1},
        {**CHEAP._asdict(), "passes": 0},
        {**CHEAP._asdict(), "passes": 17},
        {**CHEAP._asdict(), "lanes": 0},
        {**CHEAP._asdict(), "lanes": 17},
        {**CHEAP._asdict(), "lanes": -1},
        {**CHEAP._asdict(), "lanes": True},
        {**CHEAP._asdict(), "lanes": 1.0},
        {**CHEAP._asdict(), "more": 1},
        {"memory_kib": 1024, "passes": 1},
    ],
    ids=str,
)
def test_a_derivation_out_of_bounds_is_refused_before_it_is_done(kdf: dict[str, Any]) -> None:
    document = header_document(argon2id=kdf)

    with pytest.raises(VaultDamaged):
        layout.parse(with_header(canonical(document)))


@pytest.mark.parametrize("count", [0, layout.MAX_UNLOCKERS + 1])
def test_a_vault_has_one_to_eight_unlockers(count: int) -> None:
    document = header_document()
    document["unlockers"] *= count

    with pytest.raises(VaultDamaged, match="nothing can unlock it"):
        layout.parse(with_header(canonical(document)))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(header_document()).encode(),
        canonical(header_document()).replace(b"passphrase", b"passphras\\u0065"),
        canonical(header_document()).replace(b'"passes":1', b'"passes":1,"passes":1'),
        b" " + canonical(header_document()),
    ],
    ids=["blanks", "escapes", "twice", "leading"],
)
def test_a_header_that_says_it_in_other_bytes_is_refused(text: bytes) -> None:
    with pytest.raises(VaultDamaged):
        layout.parse(with_header(text))


@pytest.mark.parametrize("version", [2, 3, 65535])
def test_a_newer_version_says_so_whatever_follows(version: int) -> None:
    with pytest.raises(VaultDamaged, match="written by a newer version") as caught:
        layout.parse(with_header(b"anything", version))

    assert caught.value.code == "PR-NEWER"


def test_version_zero_was_never_written() -> None:
    with pytest.raises(VaultDamaged, match="not one that was ever written"):
        layout.parse(with_header(canonical(header_document()), 0))


def test_a_header_longer_than_64_kib_is_refused() -> None:
    document = header_document(salt="A" * layout.MAX_HEADER_BYTES)

    with pytest.raises(VaultDamaged, match="larger than a vault can be"):
        layout.parse(with_header(canonical(document)))


def test_the_path_of_a_key_file_may_be_any_path() -> None:
    key = KEY._replace(path="/tmp/\udcff ä\n\"x'")  # noqa: S108  # never opened
    header = a_header(key, data_key=DATA_KEY)

    assert layout.parse(a_vault(header=header)).header.unlockers[0].path == key.path
