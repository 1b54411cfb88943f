"""What a passphrase is: how long at least, how it becomes bytes, and one to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

MIN_CHARS = 12
GENERATED_WORDS = 6  # of 2,048: 6 x 11 = 66 bits, each guess at the price of one Argon2id


def check_passphrase(passphrase: str) -> None:
    """Raise ConfigError if `passphrase` is too short for a new vault."""
    raw = normalised(passphrase.encode("utf-8", "surrogateescape"))
    length = len(raw.decode("utf-8", "surrogateescape"))
    if length < MIN_CHARS:
        raise ConfigError(
            f"a passphrase needs at least {MIN_CHARS} characters; this one has {length}",
            hint="four random words are fine",
            code="PR-PASSPHRASE",
        )


def generate_passphrase(choose: Callable[[int], int] | None = None) -> str:
    """Return six random words with 66 bits of entropy; `choose(n)` picks below n."""
    import secrets

    from phantomrun.vault.words import WORDS

    pick = choose or secrets.randbelow
    return "-".join(WORDS[pick(len(WORDS))] for _ in range(GENERATED_WORDS))


def normalised(passphrase: bytes) -> bytes:
    """Return the bytes that are derived from: NFC if this is UTF-8, else as they are.

    Keyboards and editors differ in how they compose an accented letter, people cannot see it, and
    NFC of assigned characters never changes between versions of Unicode.
    """
    if passphrase.isascii():
        return passphrase
    import unicodedata

    try:
        return unicodedata.normalize("NFC", passphrase.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        return passphrase
