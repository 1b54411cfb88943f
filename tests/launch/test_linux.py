"""The Linux sidecar: born shielded, refused under a tracer, and no child of the command."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys

START = """
import json, os, sys
from phantomrun.launch import linux, sidecar

def entry(link):
    import ctypes, resource
    dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    core = resource.getrlimit(resource.RLIMIT_CORE)
    told = {"dumpable": dumpable, "core": core, "pid": os.getpid()}
    sidecar.tell(link, [json.dumps(told).encode()])
    os._exit(0)

answer = linux.start(entry, [])
told = json.loads(sidecar.heard(answer)[0])
try:
    os.waitpid(-1, 0)
    told["children"] = True
except ChildProcessError:
    told["children"] = False
told["low"] = [fd for fd in range(3) if os.path.exists(f"/proc/self/fd/{fd}")]
print(json.dumps(told), file=open(sys.argv[1], "w"))
"""
_TRACEME = 0
_CONT = 7


def test_the_sidecar_is_born_shielded_and_is_nobodys_child(tmp_path: os.PathLike[str]) -> None:
    told = _start(tmp_path, stdin=subprocess.DEVNULL)

    assert told["dumpable"] == 0
    assert told["core"] == [0, 0]
    assert told["children"] is False


def test_pipes_never_take_the_numbers_of_closed_standard_streams(
    tmp_path: os.PathLike[str],
) -> None:
    target = os.path.join(tmp_path, "told")
    words = " ".join(["exec", '"$0"', "-c", '"$1"', '"$2"', "<&- >&-"])

    subprocess.run(["/bin/sh", "-c", words, sys.executable, START, target], check=True)

    with open(target) as file:
        assert json.load(file)["low"] == [2]


def test_refuses_to_start_while_traced() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    reader, writer = os.pipe()
    traced = os.fork()
    if traced == 0:
        os.dup2(writer, 2)
        libc.ptrace(_TRACEME, 0, 0, 0)
        words = [sys.executable, "-I", "-m", "phantomrun", "--", "true"]
        os.execv(sys.executable, words)  # noqa: S606  (a tracer needs the process itself)
    os.close(writer)
    status = os.waitpid(traced, 0)[1]
    while os.WIFSTOPPED(status):
        number = os.WSTOPSIG(status)
        libc.ptrace(_CONT, traced, 0, 0 if number == signal.SIGTRAP else number)
        status = os.waitpid(traced, 0)[1]
    with open(reader) as said:
        heard = said.read()

    assert os.waitstatus_to_exitcode(status) == 125
    assert "a debugger or tracer is attached" in heard
    assert "PR-TRACED" in heard


def _start(tmp_path: os.PathLike[str], *, stdin: int) -> dict[str, object]:
    target = os.path.join(tmp_path, "told")
    subprocess.run([sys.executable, "-c", START, target], stdin=stdin, check=True)
    with open(target) as file:
        told: dict[str, object] = json.load(file)
    return told
