"""The command: found as execvp(3) finds it, and become by this process."""

from __future__ import annotations

import errno
import os
import signal
import stat
from typing import TYPE_CHECKING, NoReturn

from phantomrun.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_PATH = b"/bin:/usr/bin"  # confstr(_CS_PATH): what execvp uses without PATH
_SEARCH_ON = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)  # the next directory may have it
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


def inherited() -> dict[bytes, bytes]:
    """Return the environment as this process was given it.

    Not `os.environb`: in the C locale Python adds LC_CTYPE to that (PEP 538).
    """
    try:
        with open("/proc/self/environ", "rb") as given:
            entries = given.read().split(b"\0")
    except OSError:
        return dict(os.environb)
    pairs = (entry.partition(b"=") for entry in entries)
    return {name: value for name, equals, value in pairs if name and equals}


def find(name: bytes, environ: Mapping[bytes, bytes]) -> None:
    """Raise LaunchError with 127 or 126 where exec is bound to fail; nothing is started yet."""
    last = errno.ENOENT
    denied = False
    for path in _candidates(name, environ):
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            last = error.errno or last
            continue
        if not stat.S_ISDIR(mode) and os.access(path, os.X_OK):
            return
        denied = True
    raise _failed(name, errno.EACCES if denied else last)


def become(arguments: list[bytes], environ: Mapping[bytes, bytes]) -> NoReturn:
    """Replace this process by the command; raises LaunchError where the kernel declines."""
    # Python starts with both ignored, and an ignored signal survives exec
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    last = errno.ENOENT
    denied = False
    for path in _candidates(arguments[0], environ):
        try:
            os.execve(path, arguments, environ)  # noqa: S606  (what this tool is for)
        except OSError as error:
            last = error.errno or errno.EACCES
        if last == errno.ENOEXEC:
            # a script without #!: execvp(3) hands it to the shell, and so does env(1)
            last = _by_shell(path, arguments, environ)
        denied = denied or last == errno.EACCES
        if last not in _SEARCH_ON:
            break
    raise _failed(arguments[0], errno.EACCES if denied else last)


def _by_shell(path: bytes, arguments: list[bytes], environ: Mapping[bytes, bytes]) -> int:
    try:
        os.execve("/bin/sh", [b"/bin/sh", path, *arguments[1:]], environ)  # noqa: S606
    except OSError as error:
        return error.errno or errno.EACCES


def _candidates(name: bytes, environ: Mapping[bytes, bytes]) -> list[bytes]:
    if not name:
        return []
    if b"/" in name:
        return [name]
    folders = environ.get(b"PATH", _DEFAULT_PATH).split(b":")
    return [os.path.join(folder, name) if folder else name for folder in folders]


def _failed(name: bytes, number: int) -> LaunchError:
    shown = os.fsdecode(name)
    if number == errno.ENOENT:
        return LaunchError(f"{shown}: command not found", exit_code=_NOT_FOUND, code="PR-EXEC")
    hint = f"chmod +x {shown}" if number == errno.EACCES and "/" in shown else ""
    if number == errno.EACCES and os.path.isdir(name):
        hint = "this is a directory"
    why = os.strerror(number).lower()
    return LaunchError(f"{shown}: {why}", hint=hint, exit_code=_NOT_EXECUTABLE, code="PR-EXEC")
