"""python -m phantomrun; the short way into a run, without click."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # built in, and missing from the stubs
import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phantomrun.cli.runline import RunLine
    from phantomrun.errors import Failure

_PLATFORM: str = sys.platform
_HARMLESS = ("PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONIOENCODING", "PYTHONUNBUFFERED")


def main() -> int:
    """Run the command line; return the exit code of whatever was not a run that started."""
    if _PLATFORM == "win32":
        from phantomrun.launch.platforms import unsupported

        return _fail(unsupported(_PLATFORM))
    # until somebody waits for it, Ctrl-C ends us as it ends any program: at once, and silently.
    # _signal is built in: no directory on the path can answer for it
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    _isolate()
    # nothing that start-up makes is garbage, and looking for it costs 2 ms
    gc.disable()
    from phantomrun.cli import runline
    from phantomrun.errors import Failure
    from phantomrun.launch.sidecar import listen_to_interrupts, shed_openssl_variables

    words = sys.argv[1:]
    line = None
    try:
        line = runline.parse(words, os.environ)
        if line is not None:
            return _run(line, words)
    except Failure as failure:
        return _fail(failure, colour=line.color if line is not None else "")
    gc.enable()
    listen_to_interrupts()
    shed_openssl_variables()
    from phantomrun.cli.main import main as verbs

    return verbs(words)


def _run(line: RunLine, words: list[str]) -> int:
    from phantomrun.errors import LaunchError
    from phantomrun.run import run

    if line.directory:
        try:
            os.chdir(line.directory)
        except OSError as error:
            why = (error.strerror or "").lower()
            raise LaunchError(f"cannot enter {line.directory}: {why}", code="PR-USAGE") from None
    shown = run(line, words)
    from phantomrun.cli.terminal import Terminal

    terminal = Terminal(os.environ)
    terminal.block(shown)
    terminal.flush()
    return 0


def _fail(failure: Failure, *, colour: str = "") -> int:
    """Report a run that did not start; 125 unless the command could not be executed."""
    from phantomrun.cli import terminal
    from phantomrun.errors import LaunchError
    from phantomrun.launch.sidecar import Interrupted

    if isinstance(failure, Interrupted):
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.kill(os.getpid(), _signal.SIGINT)
    terminal.report(failure, os.environ, colour=colour)
    execution = isinstance(failure, LaunchError) and failure.exit_code in (126, 127)
    return failure.exit_code if execution else 125


def _isolate() -> None:
    """Start again with -I where PYTHON* variables or `-m` could choose what we import.

    The process that unlocks the vault must not run a module that a project directory provides.
    """
    # SECURITY: PYTHONPATH of a project cannot reach the vault
    # (test_a_module_on_pythonpath_is_not_imported)
    chosen = any(name.startswith("PYTHON") and name not in _HARMLESS for name in os.environ)
    user_site = bool(getattr(sys.modules.get("site"), "ENABLE_USER_SITE", False))
    # `python -m` puts the working directory first, by its path
    if sys.flags.isolated or not (chosen or user_site or _as_module()):
        return
    words = [sys.executable, "-I", "-m", "phantomrun", *sys.argv[1:]]
    from phantomrun.launch.command import inherited

    os.execve(sys.executable, words, inherited())  # noqa: S606  (ourselves)


def _as_module() -> bool:
    return os.path.basename(sys.argv[0]) == "__main__.py" and not sys.flags.safe_path


if __name__ == "__main__":
    sys.exit(main())
