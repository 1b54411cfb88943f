"""The link between launcher and sidecar, and how the sidecar lets go."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from phantomrun.errors import LaunchError, VaultLocked
from phantomrun.launch import sidecar
from phantomrun.launch.sidecar import Answer, Interrupted, Link

DETACHED = """
import json, os, resource, signal, sys
from phantomrun.launch import sidecar
kept = os.dup(1)
extra = os.dup(1)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
if os.fork():
    os.wait()
    raise SystemExit
sidecar.detach([kept])
told = {
    "leader": os.getsid(0) == os.getpid(),
    "cwd": os.getcwd(),
    "standard": [os.readlink(f"/proc/self/fd/{fd}") for fd in range(3)],
    "open": [fd for fd in range(3, 256) if fd != kept and os.path.exists(f"/proc/self/fd/{fd}")],
    "extra": os.path.exists(f"/proc/self/fd/{extra}"),
    "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
}
os.write(kept, json.dumps(told).encode())
os._exit(0)
"""


def _link() -> tuple[Link, Answer]:
    answer, told = os.pipe()
    hangup, alive = os.pipe()
    return Link(told, hangup, -1), Answer(answer, alive)


def _close(link: Link, answer: Answer) -> None:
    for fd in (link.hangup, answer.fd, answer.alive):
        os.close(fd)


def test_fields_arrive_as_they_were_sent() -> None:
    link, answer = _link()
    sidecar.tell(link, [b"run", b"", b"A=\xff\n=x", b"B="])

    assert sidecar.heard(answer) == [b"run", b"", b"A=\xff\n=x", b"B="]
    _close(link, answer)


def test_a_failure_is_raised_on_the_other_side() -> None:
    link, answer = _link()
    sidecar.tell_failure(link, VaultLocked("the vault is locked", hint="unlock it"))

    with pytest.raises(LaunchError) as caught:
        sidecar.heard(answer)

    assert caught.value.message == "the vault is locked"
    assert caught.value.hint == "unlock it"
    assert caught.value.code == "PR-LOCKED"
    _close(link, answer)


def test_silence_is_a_failure() -> None:
    link, answer = _link()
    os.close(link.told)

    with pytest.raises(LaunchError, match="ended before it was ready"):
        sidecar.heard(answer)
    _close(link, answer)


def test_an_interrupted_prompt_interrupts_the_launcher() -> None:
    link, answer = _link()
    sidecar.tell_failure(link, Interrupted("interrupted"))

    with pytest.raises(Interrupted):
        sidecar.heard(answer)
    _close(link, answer)


def test_lets_go_of_everything_but_what_it_serves() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DETACHED], capture_output=True, text=True, check=True
    )

    told = json.loads(done.stdout)
    assert told == {
        "leader": True,
        "cwd": "/",
        "standard": ["/dev/null"] * 3,
        "open": [],
        "extra": False,
        "blocked": [],
    }


@pytest.mark.parametrize("sent", [b"run", b"run\0note\0A=1", b"run\0note\0A=1\0en"])
def test_half_an_answer_starts_nothing(sent: bytes) -> None:
    link, answer = _link()
    os.write(link.told, sent)
    os.close(link.told)

    with pytest.raises(LaunchError, match="ended before it was ready"):
        sidecar.heard(answer)
    _close(link, answer)


def test_variables_that_steer_openssl_are_forgotten() -> None:
    code = (
        "import os; from phantomrun.launch import sidecar; sidecar.shed_openssl_variables();"
        "print(sorted(name for name in os.environ if name.startswith(('SSL', 'OPENSSL'))))"
    )
    environ = {**os.environ, "OPENSSL_CONF": "/x", "SSL_CERT_FILE": "/x", "SSLKEYLOGFILE": "/x"}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
