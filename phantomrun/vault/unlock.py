"""Where the key comes from: a descriptor, a file, the environment, a program, the terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from phantomrun.errors import VaultLocked
from phantomrun.vault.keyfile import read_key_file
from phantomrun.vault.private import read_all, read_private
from phantomrun.vault.seal import Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from phantomrun.vault.format import Kind

    Unlock = Callable[["UnlockRequest"], Credential]
    Prompt = Callable[[str], str]  # asks with echo off; tty.ask with its arguments bound

TRIES = 3
MAX_PASSPHRASE_BYTES = 4096
QUESTION = "Passphrase for the vault: "
NO_WAY_TO_ASK = "set PHANTOMRUN_PASSPHRASE_FILE, or use a key file: phantomrun init --key-file PATH"


class UnlockRequest(NamedTuple):
    """What is wanted; `attempt` counts from 1 and `last_error` says why the last one failed."""

    kind: Kind
    key_path: str
    attempt: int = 1
    last_error: str = ""


def unlocker(environ: Mapping[str, str], *, no_input: bool, prompt: Prompt) -> Unlock:
    """Return what answers a vault that wants to be unlocked.

    A key file is the one PHANTOMRUN_KEY_FILE names, else the one the vault remembers. For a
    passphrase the first of these that is set decides, and a wrong one is not followed by the next:
    PHANTOMRUN_PASSPHRASE_FD, PHANTOMRUN_PASSPHRASE_FILE, PHANTOMRUN_PASSPHRASE, an askpass program,
    the terminal. The last two may be tried three times, the others once.

    PHANTOMRUN_PASSPHRASE is meant for CI. Where there is a terminal it lies about in a shell's
    history or profile, and still a run says nothing: success writes no byte. `doctor` says it.
    """
    remembered: list[Credential] = []

    def unlock(request: UnlockRequest) -> Credential:
        if request.attempt == 1 and remembered:
            return remembered[-1]  # a descriptor can be read once, a person be asked once
        if request.kind == "key-file":
            credential = _from_key_file(environ, request)
        else:
            credential = _from_passphrase(environ, request, no_input=no_input, prompt=prompt)
        remembered.append(credential)
        return credential

    return unlock


def _from_key_file(environ: Mapping[str, str], request: UnlockRequest) -> Credential:
    path = environ.get("PHANTOMRUN_KEY_FILE", "") or request.key_path
    if request.attempt > 1:
        raise VaultLocked(
            f"the key file does not unlock this vault: {path}",
            hint="set PHANTOMRUN_KEY_FILE to the one that was made for it",
        )
    return read_key_file(path)


def _from_passphrase(
    environ: Mapping[str, str], request: UnlockRequest, *, no_input: bool, prompt: Prompt
) -> Credential:
    given = _given(environ)
    if given is not None:
        source, read = given
        if request.attempt > 1:
            raise VaultLocked(f"wrong passphrase in {source}")
        return Credential("passphrase", _checked(read(), source))
    return Credential("passphrase", _asked(environ, request, no_input=no_input, prompt=prompt))


def _given(environ: Mapping[str, str]) -> tuple[str, Callable[[], bytes]] | None:
    """Return the first source that needs nobody: its name and how to read it."""
    if fd := environ.get("PHANTOMRUN_PASSPHRASE_FD", ""):
        return "PHANTOMRUN_PASSPHRASE_FD", lambda: _from_descriptor(fd)
    if path := environ.get("PHANTOMRUN_PASSPHRASE_FILE", ""):
        return "PHANTOMRUN_PASSPHRASE_FILE", lambda: _from_file(path)
    if text := environ.get("PHANTOMRUN_PASSPHRASE", ""):
        return "PHANTOMRUN_PASSPHRASE", lambda: os.fsencode(text)
    return None


def _from_descriptor(text: str) -> bytes:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise VaultLocked("PHANTOMRUN_PASSPHRASE_FD is not a number")
    try:
        return _line(read_all(int(text), "passphrase", limit=MAX_PASSPHRASE_BYTES))
    except OSError as error:
        why = (error.strerror or "").lower()
        raise VaultLocked(f"PHANTOMRUN_PASSPHRASE_FD cannot be read: {why}") from None


def _from_file(path: str) -> bytes:
    try:
        return _line(read_private(path, "passphrase file", limit=MAX_PASSPHRASE_BYTES, pipe=True))
    except FileNotFoundError:
        raise VaultLocked(f"there is no passphrase file: {path}") from None


def _asked(
    environ: Mapping[str, str], request: UnlockRequest, *, no_input: bool, prompt: Prompt
) -> bytes:
    question = QUESTION
    if request.attempt > 1:
        left = TRIES - request.attempt + 1
        question = (
            f"{request.last_error} ({left} {'try' if left == 1 else 'tries'} left)\n{QUESTION}"
        )
    quiet = no_input or environ.get("CI", "").lower() in {"true", "1"}
    # a key file, or a passphrase that is given, needs neither
    from phantomrun import tty
    from phantomrun.vault import askpass

    program = askpass.chosen(environ, no_input=quiet, has_terminal=tty.available)
    if program:
        return _checked(askpass.ask(program, question, environ=environ), program)
    if quiet:
        why = "input is switched off" if no_input else "CI is set"
        raise VaultLocked(f"the vault is locked and {why}", hint=NO_WAY_TO_ASK)
    try:
        return prompt(question).encode("utf-8", "surrogateescape")
    except tty.NoTerminal as error:
        raise VaultLocked(f"the vault is locked and {error.message}", hint=NO_WAY_TO_ASK) from None


def _line(data: bytes) -> bytes:
    """Return `data` without the one line end an editor or echo(1) left."""
    return data.removesuffix(b"\n").removesuffix(b"\r") if data.endswith(b"\n") else data


def _checked(passphrase: bytes, source: str) -> bytes:
    if not passphrase:
        raise VaultLocked(f"the passphrase in {source} is empty")
    return passphrase
