"""The canary check fails wherever a real value is planted, and passes where none is."""

from __future__ import annotations

import os
import signal
import sys
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.e2e.canary import HALVES, Canary, canary
from tests.e2e.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.upstream import Upstream

FIRST, SECOND = (os.fsdecode(half) for half in HALVES[0])
IN_ENVIRON = {"FIRST": FIRST, "SECOND": SECOND}
HOLDS = "import os, signal; held = os.environ['FIRST'] + os.environ['SECOND']; "
ASKS = HOLDS + "os.kill(os.getpid(), signal.SIGURG)"


@pytest.fixture
def planted(tmp_path_factory: pytest.TempPathFactory, _empty: Home) -> Iterator[Home]:
    """Return a home whose canary nobody checks but the test."""
    root = tmp_path_factory.mktemp("planted")
    made = Home(root, Canary(root))
    made.copy_vault(_empty)
    yield made
    for path in (root / "cwd").iterdir():
        path.unlink()


# Each row: a command that leaks in one place, and how that place is called in the finding.
LEAKS = {
    "stdout": ('echo "$FIRST$SECOND"', "standard output"),
    "stderr": ('echo "$FIRST$SECOND" >&2', "standard error"),
    "base64": ('printf "x%s" "$FIRST$SECOND" | base64 -w0', "standard output"),
    "file": ('printf "%s" "$FIRST$SECOND" >notes', "/cwd/notes"),
    "file-name": ('touch "$FIRST$SECOND"', "file name"),
    "temporary-file": ('printf "%70000s%s" "" "$FIRST$SECOND" >"$TMPDIR/x"', "file"),
    "environment": ('exec env "X=$FIRST$SECOND" true', "environ"),
    "arguments": ('exec true "$FIRST$SECOND"', "cmdline"),
    "memory": (f'exec "{sys.executable}" -c "{ASKS}"', "memory"),
    "memory-of-a-grandchild": (f'"{sys.executable}" -c "{ASKS}"; true', "memory"),
}


@pytest.mark.parametrize(("script", "place"), LEAKS.values(), ids=LEAKS.keys())
def test_finds_a_planted_value(planted: Home, script: str, place: str) -> None:
    done = planted.run(["sh", "-c", script], env=IN_ENVIRON)

    assert done.code == 0, done.err
    with pytest.raises(AssertionError, match="a real value was found") as caught:
        planted.canary.check()
    assert place in str(caught.value)
    assert FIRST + SECOND not in str(caught.value)


def test_finds_a_value_in_a_running_command_from_outside(planted: Home) -> None:
    waits = [sys.executable, "-c", HOLDS + "print(flush=True); signal.pause()"]
    running = planted.start(waits, env=IN_ENVIRON, observed=False)
    running.line()

    searched = running.checkpoint()

    running.signal(signal.SIGKILL)
    running.finish()
    assert searched >= 1
    with pytest.raises(AssertionError, match="memory"):
        planted.canary.check()


def test_finds_an_observer_that_did_not_report(planted: Home) -> None:
    planted.run(["sh", "-c", "kill -9 $PPID"])

    with pytest.raises(AssertionError, match="nobody looked"):
        planted.canary.check()


def test_finds_nothing_in_a_clean_run(stocked: Home) -> None:
    done = stocked.run(["sh", "-c", "echo $OPENAI_API_KEY"])

    stocked.canary.check()
    assert done.code == 0
    assert done.out.startswith(b"sk-proj-")
    assert done.err == b""


def test_cleans_the_inherited_environment(stocked: Home, keys: dict[str, str]) -> None:
    inherited = {
        "OPENAI_API_KEY": keys["openai"],
        "MY_COPY": keys["openai"],
        "URL": f"https://user:{keys['openai']}@host/",
        "BASIC": b64encode(f"{keys['stripe']}:".encode()).decode(),
    }

    done = stocked.run(
        ["sh", "-c", "echo $OPENAI_API_KEY; echo $MY_COPY; echo $URL"], env=inherited
    )

    key, copy, url = done.out.decode().splitlines()
    assert key.startswith("sk-proj-")
    assert copy in {key, ""}
    assert url in {f"https://user:{key}@host/", ""}


def test_a_phantom_is_worth_nothing_at_the_upstream(
    stocked: Home, upstream: Upstream, ca_file: str
) -> None:
    ask = 'curl -sS --cacert "$CA" -H "Authorization: Bearer $OPENAI_API_KEY" "$DIRECT/v1/models"'
    direct = {"CA": ca_file, "DIRECT": upstream.url}

    done = stocked.run(["sh", "-c", ask], env=direct)

    assert b"Incorrect API key" in done.out
    assert upstream.requests[0].key == ""


def test_real_values_are_new_in_every_session_and_have_their_shape() -> None:
    value = canary("gsk_", 56)

    assert len(value) == 56
    assert value.startswith("gsk_" + FIRST + SECOND)
