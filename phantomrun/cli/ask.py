"""Questions to a person, on the terminal only; none where nobody can answer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from phantomrun import tty
from phantomrun.errors import ConfigError, VaultLocked
from phantomrun.vault.keyfile import read_key_file
from phantomrun.vault.passphrase import check_passphrase, generate_passphrase
from phantomrun.vault.seal import Credential
from phantomrun.vault.unlock import TRIES, UnlockRequest, unlocker

if TYPE_CHECKING:
    from phantomrun.cli.invocation import Invocation

GIVEN = ("PHANTOMRUN_PASSPHRASE_FD", "PHANTOMRUN_PASSPHRASE_FILE", "PHANTOMRUN_PASSPHRASE")


def possible(asked: Invocation) -> bool:
    """Return whether somebody could answer: a terminal, no -n, not CI."""
    in_ci = asked.environ.get("CI", "").lower() in {"true", "1"}
    return not asked.no_input and not in_ci and tty.available()


def hidden(question: str) -> str:
    """Return what was typed, with the echo off."""
    return tty.ask(question, hidden=True)


def confirmed(question: str) -> bool:
    """Return whether the answer was yes; Enter is no."""
    answer = tty.ask(f"{question} [y/N] ", hidden=False)
    return answer.strip().lower() in {"y", "yes"}


def new_credential(asked: Invocation, *, question: str = "New vault passphrase") -> Credential:
    """Return what a new vault shall be unlocked with: what the environment gives, or an answer."""
    if any(asked.environ.get(name) for name in GIVEN):
        return _given(asked)
    key_file = asked.environ.get("PHANTOMRUN_KEY_FILE", "")
    if key_file and os.path.exists(key_file):
        return read_key_file(key_file)
    if not possible(asked):
        raise VaultLocked(
            "a new vault needs a passphrase, and there is nobody to ask",
            hint="phantomrun init --key-file PATH\nor set PHANTOMRUN_PASSPHRASE_FILE",
        )
    return Credential("passphrase", new_passphrase(question).encode("utf-8", "surrogateescape"))


def new_passphrase(question: str) -> str:
    """Return a passphrase typed twice, or a generated one typed once."""
    note = ""
    for _ in range(TRIES):
        first = hidden(f"{note}{question} (12+ characters; Enter alone makes one of six words): ")
        if not first:
            return _generated()
        try:
            check_passphrase(first)
        except ConfigError as error:
            note = f"{error.message}\n"
            continue
        if hidden("Again: ") == first:
            return first
        note = "those two differ\n"
    raise ConfigError("no passphrase was agreed on", code="PR-PASSPHRASE")


def _given(asked: Invocation) -> Credential:
    unlock = unlocker(asked.environ, no_input=True, prompt=hidden)
    credential = unlock(UnlockRequest("passphrase", ""))
    check_passphrase(credential.value.decode("utf-8", "surrogateescape"))
    return credential


def _generated() -> str:
    """Return six random words, once they have been typed back."""
    words = generate_passphrase()
    question = f"\n    {words}\n\nKeep it in your password manager or on paper, then type it here: "
    for _ in range(TRIES):
        if hidden(question) == words:
            return words
        question = "that is not it; once more: "
    raise ConfigError("the passphrase was not typed back", code="PR-PASSPHRASE")
