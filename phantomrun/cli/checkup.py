"""What doctor looks at in ourselves: the vault, the providers, the kernel, and our speed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from phantomrun import catalogue
from phantomrun.cli import access, ask
from phantomrun.cli.binding import Known
from phantomrun.cli.finding import Finding
from phantomrun.errors import ConfigError, Failure, VaultMissing
from phantomrun.vault import seal, store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from phantomrun.cli.invocation import Invocation
    from phantomrun.core.provider import Provider
    from phantomrun.core.record import Record
    from phantomrun.vault.format import Header

ROUNDS = 5
BUDGET_RATIO = 5.0  # start-up over that of a bare interpreter, with the key at hand
SLOW_UNLOCK_S = 1.0
_OURS = re.compile(r".+\.phantomrun-[0-9a-f]+\.tmp|\.vault\.new-[0-9a-f]+")


class Scene(NamedTuple):
    """What the later checks need: the records if the vault could be opened, and the providers."""

    records: dict[str, Record] | None
    known: Known
    unasked: bool  # whether a run could unlock by itself

    def provider(self, name: str) -> Provider | None:
        """Return the provider of that name, None if its file is gone or broken."""
        try:
            return self.known.load(name)
        except ConfigError:
            return None


def vault(asked: Invocation) -> tuple[Scene, list[Finding]]:
    """Open the vault if that is possible, and say what it is like."""
    known = Known(asked.provider_dir)
    closed = Scene(None, known, unasked=False)
    try:
        header = store.header(asked.vault_path)
    except VaultMissing as missing:
        return closed, [Finding("FAIL", "vault", missing.message, missing.hint)]
    except Failure as failure:
        return closed, [Finding("FAIL", "vault", failure.message, failure.hint)]
    found = [_described(asked, header)]
    unasked = _unasked(asked, header)
    if not unasked and not ask.possible(asked):
        what = "the vault was not opened, so what is in it was not looked at"
        fix = "run doctor in a terminal, or set PHANTOMRUN_PASSPHRASE_FILE"
        return closed, [*found, Finding("warn", "unlock", what, fix)]
    try:
        records = access.opened(asked).records
    except Failure as failure:
        return closed, [*found, Finding("FAIL", "unlock", failure.message, failure.hint)]
    found.append(Finding("ok", "unlock", f"the vault opens; {_counted(len(records), 'secret')}"))
    if asked.environ.get("PHANTOMRUN_PASSPHRASE") and ask.possible(asked):
        what = "PHANTOMRUN_PASSPHRASE is set in a terminal: every program started here can read it"
        found.append(Finding("warn", "unlock", what, "unset PHANTOMRUN_PASSPHRASE"))
    return Scene(records, known, unasked), found


def providers(asked: Invocation, scene: Scene) -> Iterator[Finding]:
    """Say which provider files cannot be read, and which secrets are stored in vain."""
    for failure in scene.known.broken:
        yield Finding("FAIL", "providers", failure.message, failure.hint)
    for name, record in sorted((scene.records or {}).items()):
        provider = scene.provider(record.provider)
        if provider is None:
            what = f"{name} is stored for the provider {record.provider!r}, which cannot be read"
            yield Finding("FAIL", "providers", what, f"phantomrun set {name} --provider P")
        elif not provider.usable:
            what = f"{name} is stored for {provider.title}, which no run can serve: {provider.note}"
            yield Finding("FAIL", "providers", what, f"phantomrun rm {name}")
    own = len(catalogue.names(asked.provider_dir)) - len(scene.known.broken)
    if not scene.known.broken:
        yield Finding("ok", "providers", f"{_counted(own, 'provider file')} read")


def kernel() -> Iterator[Finding]:
    """Say which of the kernel's features a run uses are there."""
    if not sys.platform.startswith("linux"):
        yield Finding("warn", "kernel", f"runs were never tried on {sys.platform}")
        return
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        what = f"no pidfd ({error.strerror}): the sidecar could not see the command end"
        yield Finding("FAIL", "kernel", what, "Linux 5.3 or newer is needed")
        return
    if not _can_shield():
        what = "a process cannot be made non-dumpable here, so runs refuse to start"
        yield Finding("FAIL", "kernel", what)
        return
    yield Finding("ok", "kernel", f"{os.uname().release}: pidfd, non-dumpable sidecar")


def leftovers(asked: Invocation, directory: str) -> Iterator[Finding]:
    """Say which files an interrupted write left behind."""
    found = []
    for place in (os.path.dirname(asked.vault_path), directory):
        try:
            names = sorted(os.listdir(place))
        except OSError:
            continue
        found += [os.path.join(place, name) for name in names if _OURS.fullmatch(name)]
    if found:
        what = f"left behind by a write that was cut short: {', '.join(found)}"
        yield Finding("warn", "leftovers", what, f"rm {' '.join(found)}")


def start_up(asked: Invocation, scene: Scene) -> Iterator[Finding]:
    """Say how long a run takes to start, over a bare interpreter, in turns on this machine."""
    if scene.records is None or not scene.unasked or asked.environ.get("PHANTOMRUN"):
        return
    bare = [sys.executable, "-I", "-c", "pass"]
    ours = [sys.executable, "-I", "-m", "phantomrun", "--no-input", "--", "true"]
    pairs = [(_timed_s(bare, asked), _timed_s(ours, asked)) for _ in range(ROUNDS)]
    bare_s = median(pair[0] for pair in pairs)
    ours_s = median(pair[1] for pair in pairs)
    if ours_s == float("inf"):
        what = "a run of `true` does not start here"
        yield Finding("FAIL", "start-up", what, "phantomrun -- true")
        return
    ratio = ours_s / bare_s
    what = f"start-up {ours_s * 1000:.0f} ms, {ratio:.1f} times that of Python alone"
    yield Finding("ok" if ratio <= BUDGET_RATIO else "warn", "start-up", what)


def _described(asked: Invocation, header: Header) -> Finding:
    mode = os.stat(asked.vault_path).st_mode & 0o777
    words = [f"vault {asked.vault_path}, permissions {mode:04o}"]
    slow = False
    for unlocker in header.unlockers:
        if unlocker.kdf is None:
            words.append(f"key file {unlocker.path}")
            continue
        began = time.perf_counter()
        seal.derive(seal.Credential("passphrase", b"?"), unlocker.kdf, unlocker.salt)
        took_s = time.perf_counter() - began
        slow = took_s > SLOW_UNLOCK_S
        words.append(f"Argon2id {unlocker.kdf.memory_kib // 1024} MiB ({took_s:.2f} s to unlock)")
    return Finding("warn" if slow else "ok", "vault", ", ".join(words))


def _unasked(asked: Invocation, header: Header) -> bool:
    """Return whether the vault can be opened again and again without asking anybody."""
    if header.unlockers[0].kind == "key-file":
        return True
    return any(asked.environ.get(name) for name in ask.GIVEN if not name.endswith("_FD"))


def _can_shield() -> bool:
    """Return whether a process may make itself non-dumpable, tried in one of its own."""
    probe = "import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) != 0)"
    return subprocess.run([sys.executable, "-I", "-c", probe], check=False).returncode == 0  # noqa: S603  (ourselves)


def _timed_s(argv: list[str], asked: Invocation) -> float:
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603  (ourselves)
        argv,
        env=dict(asked.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return time.perf_counter() - began if done.returncode == 0 else float("inf")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
