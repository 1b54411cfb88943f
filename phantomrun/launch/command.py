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
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


def find(name: bytes, environ: Mapping[bytes, bytes]) -> None:
    """Raise LaunchError with 127 or 126 where exec is bound to fail; nothing is started yet."""
    denied = False
    for path in _candidates(name, environ):
        try:
            mode = os.stat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            denied = True
            continue
        if not stat.S_ISDIR(mode) and os.access(path, os.X_OK):
            return
        denied = True
    raise _failed(name, errno.EACCES if denied else errno.ENOENT)


def become(arguments: list[bytes], environ: Mapping[bytes, bytes]) -> NoReturn:
    """Replace this process by the command; raises LaunchError where the kernel declines."""
    # Python starts with both ignored, and an ignored signal survives exec
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    last = errno.ENOENT
    for path in _candidates(arguments[0], environ):
        try:
            os.execve(path, arguments, environ)  # noqa: S606  (what this tool is for)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                # a script without #!: execvp(3) hands it to the shell, and so does env(1)
                last = _by_shell(path, arguments, environ)
            else:
                last = error.errno or errno.EACCES
            if last != errno.EACCES:
                break
    raise _failed(arguments[0], last)


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
