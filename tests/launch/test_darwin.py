"""macOS's way, as far as Linux can run it: a fresh interpreter on the same command line."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from phantomrun.launch import darwin

if TYPE_CHECKING:
    from pathlib import Path

HERE = """
import os, sys
from phantomrun.launch import darwin
darwin.main(sys.argv[1:], watch=os.pidfd_open, shield=lambda: None)
"""
LAUNCH = """
import os, sys
from phantomrun.errors import LaunchError
from phantomrun.launch import command, darwin, sidecar
fresh = (sys.executable, "-I", "-c", sys.argv[1])
answer = darwin.start(None, sys.argv[2:], fresh=fresh)
try:
    kind, note, *fields = sidecar.heard(answer)
except LaunchError as failure:
    raise SystemExit(failure.message)
pairs = (field.partition(b"=") for field in fields)
command.become([b"/usr/bin/env"], {name: value for name, _, value in pairs})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="runs macOS's launcher with Linux's pidfd")
def test_the_fresh_interpreter_prepares_the_same_run(tmp_path: Path) -> None:
    environ = {**os.environ, "PHANTOMRUN_HOME": str(tmp_path)}
    ours = [sys.executable, "-I", "-m", "phantomrun"]
    subprocess.run([*ours, "init", "--key-file", str(tmp_path / "key")], env=environ, check=True)
    subprocess.run(
        [*ours, "set", "OPENAI_API_KEY", "-"],
        env=environ,
        input=b"sk-proj-CANARY0123456789abcdefghijklmnopqrstuvwxyz",
        check=True,
    )

    done = subprocess.run(
        [sys.executable, "-c", LAUNCH, HERE, "--", "env"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert seen["OPENAI_API_KEY"].startswith("sk-proj-phantom")
    assert seen["OPENAI_BASE_URL"].startswith("http://127.0.0.1:")
    assert "CANARY" not in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="runs macOS's launcher with Linux's pidfd")
def test_what_fails_in_the_fresh_interpreter_is_told(tmp_path: Path) -> None:
    environ = {**os.environ, "PHANTOMRUN_HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", LAUNCH, HERE, "--", "env"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 1
    assert "there is no vault" in done.stderr


@pytest.mark.skipif(not hasattr(select, "kqueue"), reason="kqueue is macOS's and the BSDs'")
def test_the_end_of_a_process_is_seen() -> None:
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)  # noqa: S607
    watched = darwin.watch(process.pid)

    assert select.select([watched], [], [], 0)[0] == []
    process.communicate()
    assert select.select([watched], [], [], 10)[0] == [watched]
