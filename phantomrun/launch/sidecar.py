"""The sidecar's life: prepared while the launcher waits, then detached and serving."""

from __future__ import annotations

import _thread
import os
import resource
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from phantomrun.errors import Failure, LaunchError

if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Iterable

_FAILED = b"failed"
_GRACE_S = 1.0  # for a sidecar at its prompt to put the terminal's echo back
_END = b"end"  # an answer without it was cut short
# what decides which code and which authorities OpenSSL loads: a project may have set these in the
# shell, and the process with the secrets must not follow; the command still gets them
_STEERS_OPENSSL = (
    *("OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_ENGINES", "OPENSSL_MODULES"),
    *("SSLKEYLOGFILE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
)


class Link(NamedTuple):
    """The sidecar's ends: where it answers, what hangs up, what tells that the command is gone."""

    told: int
    hangup: int  # a pipe that hangs up when the launcher ends or starts the command
    gone: int  # readable when the command has ended


class Answer(NamedTuple):
    """The launcher's ends of the same."""

    fd: int
    alive: int


class Interrupted(Failure):
    """Ctrl-C while the passphrase was asked for: the command dies of SIGINT, as it would have."""


def tell(link: Link, fields: Iterable[bytes]) -> None:
    """Send the answer: fields that hold no NUL byte, the first saying what it is."""
    data = memoryview(b"\0".join((*fields, _END)))
    while data:
        data = data[os.write(link.told, data) :]
    os.close(link.told)


def tell_failure(link: Link, failure: Failure) -> None:
    """Send `failure`, to be raised by the launcher."""
    kind = b"interrupted" if isinstance(failure, Interrupted) else _FAILED
    fields = (str(failure.exit_code), failure.code, failure.message, failure.hint)
    tell(link, (kind, *(field.replace("\0", "").encode("utf-8", "replace") for field in fields)))


def heard(answer: Answer) -> list[bytes]:
    """Return the sidecar's answer; raises the failure that it told, or LaunchError for silence."""
    pieces: list[bytes] = []
    try:
        listen_to_interrupts()
        while piece := os.read(answer.fd, 1 << 16):
            pieces.append(piece)
    except KeyboardInterrupt:
        # hang up, and give the sidecar the time to put the terminal's echo back
        os.close(answer.alive)
        select.select((answer.fd,), (), (), _GRACE_S)
        raise Interrupted("interrupted") from None
    *fields, end = b"".join(pieces).split(b"\0")
    # SECURITY: with half an environment the command would run without its phantoms
    # (test_half_an_answer_starts_nothing)
    if end != _END:
        _echo_again()
        raise LaunchError("the sidecar ended before it was ready", code="PR-INTERNAL")
    if fields[0] == b"interrupted":
        raise Interrupted("interrupted")
    if fields[0] == _FAILED:
        exit_code, code, message, hint = (field.decode("utf-8", "replace") for field in fields[1:])
        raise LaunchError(message, hint=hint, code=code, exit_code=int(exit_code))
    return fields


def listen_to_interrupts() -> None:
    """Make Ctrl-C a KeyboardInterrupt, unless the caller has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _echo_again() -> None:
    """Switch the terminal's echo on: a sidecar that was killed at its prompt has left it off."""
    import termios

    try:
        fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if os.tcgetpgrp(fd) != os.getpgrp():
            return  # another job's terminal now
        modes = termios.tcgetattr(fd)
        modes[3] |= termios.ECHO
        termios.tcsetattr(fd, termios.TCSADRAIN, modes)
    except (OSError, termios.error):
        pass  # not ours any more
    finally:
        os.close(fd)


def end_with(gone: int) -> LockType:
    """End this process as soon as the command has ended, whatever else it is doing.

    A thread, because the imports that serving needs take longer than many a command, and nothing
    is wound down: with the process go every socket and every secret. While the returned lock is
    held, the end is a SIGTERM, for which a prompt puts the terminal's echo back.
    """
    preparing = _thread.allocate_lock()
    preparing.acquire()

    def wait() -> None:
        poll = select.poll()
        poll.register(gone, select.POLLIN)
        poll.poll()
        if preparing.locked():
            os.kill(os.getpid(), signal.SIGTERM)
            select.select((), (), (), _GRACE_S)
        os._exit(0)

    _thread.start_new_thread(wait, ())
    return preparing


def shed_openssl_variables() -> None:
    """Forget what would steer OpenSSL; to be called before anything of it is loaded."""
    # SECURITY: SSL_CERT_FILE and HTTPS_PROXY together would send a secret to whoever set them
    # (test_variables_cannot_choose_the_authorities)
    for name in _STEERS_OPENSSL:
        os.environ.pop(name, None)


def open_standard_fds() -> None:
    """Open whichever of 0, 1 and 2 is closed, so that no door or pipe can get that number."""
    while (fd := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(fd)


def detach(keep: Iterable[int]) -> None:
    """Let go of the caller: session, terminal, directory, limits and every fd but `keep`.

    After this nothing that the caller waits for (`$(…)`, a pipe's reader) waits for us.
    """
    os.setsid()
    os.chdir("/")
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
        _soft, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (hard, hard))
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    kept = set(keep) | {0, 1, 2}
    for fd in _open_fds():
        if fd not in kept:
            _close(fd)


def _open_fds() -> list[int]:
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return [int(name) for name in os.listdir(directory)]
        except OSError:
            continue
    return list(range(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _close(fd: int) -> None:
    with suppress(OSError):  # the listing's own descriptor is in the listing
        os.close(fd)
