"""curl in a run: scripts that ask the laboratory with the run's phantom."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.home import Done, Home

# what every script below may use; -N: curl itself must not hold events back
CURL = (
    "curl() { command curl -sSN --max-time 40 "
    '-H "Authorization: Bearer $OPENAI_API_KEY" "$@"; }; LAB="$OPENAI_BASE_URL/lab"; '
)


def sh(home: Home, script: str) -> Done:
    return home.run(["bash", "-c", CURL + script])


def ok(home: Home, script: str) -> str:
    done = sh(home, script)
    assert (done.code, done.err) == (0, b""), done
    return done.out.decode()
