"""A process of its own that writes to a vault: to be raced, starved and killed.

writer.py VAULT KEY add PREFIX COUNT          add secrets one by one, a line each once it is safe
writer.py VAULT KEY full PREFIX BYTES         add a large one with files limited to BYTES
writer.py VAULT KEY die PREFIX N              add one, and be killed at its Nth file operation
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

from phantomrun.core.record import Record
from phantomrun.core.secret import Secret
from phantomrun.errors import Failure
from phantomrun.vault import store
from phantomrun.vault.keyfile import read_key_file

if TYPE_CHECKING:
    from phantomrun.vault.seal import Credential
    from phantomrun.vault.unlock import UnlockRequest

_FILE_OPERATIONS = {"open", "os.rename", "os.remove", "os.chmod", "os.listdir", "fcntl.flock"}


def main() -> int:
    path, key_path, task, prefix, number = sys.argv[1:]
    credential = read_key_file(key_path)

    def unlock(request: UnlockRequest) -> Credential:
        return credential

    vault = store.opened(path, unlock)
    if task == "add":
        for index in range(int(number)):
            _add(vault, f"{prefix}{index}", 300)
            os.write(1, b"%s%d\n" % (prefix.encode(), index))
    elif task == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(number), resource.RLIM_INFINITY))
        _add(vault, f"{prefix}0", 20_000)
    else:
        _die_at(int(number))
        _add(vault, f"{prefix}0", 300)
    return 0


def _add(vault: store.OpenVault, name: str, size: int) -> None:
    value = Secret(name, b"sk-CANARY" + b"x" * size)
    record = Record(name, value, "openai", "https://api.openai.com/v1", "", 1, 1)
    vault.change(lambda records: {**records, name: record})


def _die_at(wanted: int) -> None:
    seen = 0

    def hook(event: str, _: object) -> None:
        nonlocal seen
        if event in _FILE_OPERATIONS:
            if seen == wanted:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(hook)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        os.write(2, f"{failure.code} {failure.message}\n".encode())
        sys.exit(9)
