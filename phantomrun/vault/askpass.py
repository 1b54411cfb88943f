"""A program that asks for the passphrase: PHANTOMRUN_ASKPASS, or SSH_ASKPASS as ssh uses it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from phantomrun.errors import VaultLocked
from phantomrun.vault.private import read_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_ANSWER_BYTES = 4096


def chosen(environ: Mapping[str, str], *, no_input: bool, has_terminal: Callable[[], bool]) -> str:
    """Return the program to ask with, or nothing.

    PHANTOMRUN_ASKPASS was set for us, so it is used always: it may well be a password manager that
    asks nobody. SSH_ASKPASS puts a window on a screen: never with --no-input or CI, and only where
    there is no terminal or SSH_ASKPASS_REQUIRE prefers it. Unlike ssh we do not look for DISPLAY: a
    program that cannot find one says so itself.
    """
    if ours := environ.get("PHANTOMRUN_ASKPASS", ""):
        return ours
    program = environ.get("SSH_ASKPASS", "")
    wish = environ.get("SSH_ASKPASS_REQUIRE", "").lower()
    if not program or no_input or wish == "never":
        return ""
    return program if wish in {"force", "prefer"} or not has_terminal() else ""


def ask(program: str, question: str, *, environ: Mapping[str, str]) -> bytes:
    """Return the line that `program` prints when it is given the question as its argument."""
    reader, writer = os.pipe()
    try:
        pid = _start(program, question, environ=environ, stdout=writer)
    except OSError as error:
        os.close(reader)
        why = (error.strerror or "").lower()
        raise VaultLocked(f"{program} could not be started: {why}") from None
    finally:
        os.close(writer)
    try:
        answer = read_all(reader, f"answer of {program}", limit=MAX_ANSWER_BYTES)
    finally:
        os.close(reader)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status != 0:
        raise VaultLocked(f"{program} gave no passphrase (exit status {status})")
    return answer.removesuffix(b"\n").removesuffix(b"\r")


def _start(program: str, question: str, *, environ: Mapping[str, str], stdout: int) -> int:
    import signal

    # SECURITY: an asking program needs no passphrase of ours
    # (test_an_askpass_program_does_not_see_the_passphrase_variables)
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("PHANTOMRUN_PASSPHRASE")
    }
    return os.posix_spawnp(
        program,
        [program, question],
        kept,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
        ],
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )
