"""A run as a person meets it: what the child gets, what is refused, and in which words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.canary import canary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.home import Home
    from tests.e2e.upstream import Upstream

REAL = canary("sk-proj-", 64)
OTHER = canary("gsk_", 56)


@pytest.fixture
def held(home: Home) -> Home:
    """Return a home whose vault holds two secrets for the vendors' own hosts."""
    home.verb("set", "OPENAI_API_KEY", "-", stdin=REAL.encode())
    home.verb("set", "GROQ_API_KEY", "-", stdin=OTHER.encode())
    return home


def _environ(home: Home, *options: str, env: dict[str, str] | None = None) -> dict[str, str]:
    done = home.run(["env", "-0"], options=options, env=env)
    assert (done.code, done.err) == (0, b"")
    entries = done.out.decode(errors="surrogateescape").split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def test_the_child_gets_phantoms_and_the_way_to_the_listener(held: Home) -> None:
    seen = _environ(held)

    phantom = seen["OPENAI_API_KEY"]
    assert phantom.startswith("sk-proj-phantom")
    assert len(phantom) == len(REAL)
    assert seen["PHANTOMRUN_ENV_OPENAI_API_KEY"] == phantom
    port = seen["PHANTOMRUN_LISTENER"].partition(":")[2]
    assert seen["OPENAI_BASE_URL"] == f"http://127.0.0.1:{port}/openai/v1"
    assert seen["GROQ_BASE_URL"] == f"http://127.0.0.1:{port}/groq"
    assert seen["PHANTOMRUN"].isalnum()
    assert seen["NO_PROXY"] == seen["no_proxy"] == "127.0.0.1,localhost"


def test_the_project_file_can_be_named(held: Home) -> None:
    (held.root / "other.toml").write_text("[secrets]\nGROQ_API_KEY = {}\n")

    seen = _environ(held, "--config", str(held.root / "other.toml"))

    assert "GROQ_API_KEY" in seen
    assert "OPENAI_API_KEY" not in seen
    missing = held.run(["true"], options=("--config", "none.toml"), observed=False)
    assert missing.code == 125
    assert b"there is no project file none.toml" in missing.err


def test_every_run_mints_new_phantoms(held: Home) -> None:
    assert _environ(held)["OPENAI_API_KEY"] != _environ(held)["OPENAI_API_KEY"]


def test_unlock_variables_do_not_reach_the_child(held: Home) -> None:
    seen = _environ(held, env={"PHANTOMRUN_PASSPHRASE": "not the one", "PHANTOMRUN_ASKPASS": "/x"})

    assert [name for name in seen if "PASS" in name or "KEY_FILE" in name] == []


def test_a_real_value_under_any_name_becomes_the_phantom(held: Home) -> None:
    extra = {
        "MY_KEY": REAL,
        "AUTH_HEADER": f"Bearer {REAL}",
        "URL": f"https://x.test/?key={REAL}&a=b",
    }
    seen = _environ(held, env=extra)

    phantom = seen["OPENAI_API_KEY"]
    assert seen["MY_KEY"] == phantom
    assert seen["AUTH_HEADER"] == f"Bearer {phantom}"
    assert seen["URL"] == f"https://x.test/?key={phantom}&a=b"


def test_a_real_value_that_is_not_in_the_run_is_dropped(held: Home) -> None:
    seen = _environ(held, "--only", "OPENAI_API_KEY", env={"STRAY": OTHER, "KEPT": "x"})

    assert "STRAY" not in seen
    assert "GROQ_API_KEY" not in seen
    assert seen["KEPT"] == "x"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("-o", "OPENAI_API_KEY"), {"OPENAI_API_KEY"}),
        (("--only=OPENAI_API_KEY,GROQ_API_KEY",), {"OPENAI_API_KEY", "GROQ_API_KEY"}),
        (("-x", "OPENAI_API_KEY"), {"GROQ_API_KEY"}),
    ],
)
def test_names_can_be_chosen(held: Home, options: tuple[str, ...], names: set[str]) -> None:
    seen = _environ(held, *options)

    assert {"OPENAI_API_KEY", "GROQ_API_KEY"} & seen.keys() == names


def test_clean_env_starts_from_a_short_list(held: Home) -> None:
    seen = _environ(held, "--clean-env", env={"AWS_SECRET_ACCESS_KEY": "x", "LC_ALL": "C"})

    assert "AWS_SECRET_ACCESS_KEY" not in seen
    assert seen["LC_ALL"] == "C"
    assert seen["PATH"]
    assert seen["OPENAI_API_KEY"].startswith("sk-proj-")


def test_env_files_add_plain_variables_and_placeholders_expand(held: Home) -> None:
    plain = held.cwd / "plain.env"
    plain.write_text('PORT=8080\nKEY="${PHANTOMRUN_ENV_OPENAI_API_KEY}"\nREAL=' + REAL + "\n")

    seen = _environ(held, "--env-file", "plain.env")
    plain.unlink()  # it was this test that wrote a real value there

    assert seen["PORT"] == "8080"
    assert seen["KEY"] == seen["REAL"] == seen["OPENAI_API_KEY"]


def test_the_manifest_narrows_and_renames(held: Home) -> None:
    (held.cwd / ".phantomrun.toml").write_text('[secrets]\nKEY = { vault = "OPENAI_API_KEY" }\n')
    (held.cwd / "below").mkdir()

    seen = _environ(held, "-C", "below")

    assert seen["KEY"].startswith("sk-proj-phantom")
    assert "OPENAI_API_KEY" not in seen
    assert "GROQ_API_KEY" not in seen


@pytest.mark.parametrize(
    ("manifest", "options", "code", "said"),
    [
        ("[secrets]\nNEW = { required = true }\n", (), 125, "NEW is required by"),
        ("[secrets]\nNEW = { requird = true }\n", (), 125, ".phantomrun.toml:2"),
        ("[secrets\n", (), 125, ".phantomrun.toml:1"),
        ('[secrets]\nK = { upstream = "https://evil.test" }\n', (), 125, "cannot say where"),
        ("", ("-p", "nope"), 125, "nope"),
    ],
    ids=["required", "unknown key", "broken", "widening", "unknown profile"],
)
def test_a_project_file_that_cannot_be_followed_starts_nothing(
    held: Home, manifest: str, options: tuple[str, ...], code: int, said: str
) -> None:
    (held.cwd / ".phantomrun.toml").write_text(manifest)

    done = held.run(["touch", "started"], options=options, observed=False)

    assert done.code == code
    assert said in done.err.decode()
    assert "touch was not started" in done.err.decode()
    assert not (held.cwd / "started").exists()


@pytest.mark.parametrize(
    ("options", "argv", "code", "said", "fix"),
    [
        (("--profle", "x"), ["true"], 125, "unknown option --profle", "did you mean  --profile"),
        (("-o", "OPENAI_API_KY"), ["true"], 125, "OPENAI_API_KY", "OPENAI_API_KEY"),
        (("-C", "/no/such/place"), ["true"], 125, "cannot enter /no/such/place", ""),
        (("--env-file", "none.env"), ["true"], 125, "none.env", ""),
        ((), ["no-such-command"], 127, "no-such-command: command not found", ""),
        ((), ["./data"], 126, "./data: permission denied", "chmod +x ./data"),
        ((), [], 125, "no command was given", "usage: phantomrun"),
    ],
)
def test_mistakes_are_named_with_a_way_out(
    held: Home, options: tuple[str, ...], argv: list[str], code: int, said: str, fix: str
) -> None:
    (held.cwd / "data").write_text("")

    done = held.run(argv, options=options, observed=False)

    message = done.err.decode()
    assert (done.code, done.out) == (code, b"")
    assert said in message
    assert fix in message
    assert len(message.splitlines()) <= 5


def test_without_a_vault_nothing_starts_and_the_way_out_is_on_screen(home: Home) -> None:
    (home.cwd / ".env").write_text("OPENAI_API_KEY=sk-proj-CANNARY0123456789abcdefghijkl\nPORT=1\n")
    elsewhere = {"PHANTOMRUN_HOME": str(home.root / "empty")}

    done = home.run(["touch", "started"], env=elsewhere, observed=False)

    message = done.err.decode()
    assert done.code == 125
    assert "there is no vault" in message
    assert "touch was not started" in message
    assert "PR-NOVAULT" in message
    assert "phantomrun import .env" in message
    assert "OPENAI_API_KEY" in message
    assert not (home.cwd / "started").exists()


def test_a_real_value_among_the_arguments_is_refused(held: Home) -> None:
    words = ["echo", f"Authorization: Bearer {REAL}"]

    done = held.run(words, observed=False)

    assert done.code == 125
    assert b"the arguments contain the real value of OPENAI_API_KEY" in done.err
    assert b"PR-ARGV" in done.err
    assert done.out == b""


def test_verbose_says_one_line_and_quiet_none(held: Home) -> None:
    done = held.run(["true"], options=("-v",))

    assert done.out == b""
    line = done.err.decode()
    assert line.startswith(
        "phantomrun: profile default · 2 phantoms (GROQ_API_KEY, OPENAI_API_KEY)"
    )
    assert line.count("\n") == 1
    assert held.run(["true"], options=("-v", "-q")).err == b""


def test_dry_run_tells_what_would_go_where_and_starts_nothing(held: Home) -> None:
    done = held.run(["touch", "started"], options=("--dry-run",), observed=False)

    assert done.code == 0
    assert "OPENAI_API_KEY  →  https://api.openai.com/v1  (OpenAI)" in done.out.decode()
    assert "OPENAI_BASE_URL" in done.out.decode()
    assert not (held.cwd / "started").exists()


@pytest.mark.parametrize("command", ["phantomrun --if-configured -- env", "phantomrun -- env"])
def test_what_unlocks_the_vault_stays_behind_on_every_way(held: Home, command: str) -> None:
    script = f"PHANTOMRUN_PASSPHRASE=CANNARY-passphrase PHANTOMRUN_KEY_FILE=/x exec {command}"
    if "--if-configured" in command:
        done = held._start(["/bin/sh", "-c", script], stdin=b"", env={}).finish()
    else:  # nested
        done = held.run(["sh", "-c", script], observed=False)

    assert done.code == 0, done.err
    names = {line.partition(b"=")[0] for line in done.out.splitlines()}
    assert not {b"PHANTOMRUN_PASSPHRASE", b"PHANTOMRUN_KEY_FILE"} & names


def test_a_removed_working_directory_is_like_any_other(held: Home) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && exec phantomrun -- sh -c "echo ran"'

    done = held._start(["/bin/sh", "-c", script], stdin=b"", env={}).finish()

    assert (done.code, done.out) == (0, b"ran\n"), done.err


def test_if_configured_runs_plainly_outside_a_project(held: Home) -> None:
    plain = _environ(held, "--if-configured", env={"PHANTOMRUN_HOME": "/nonexistent"})

    assert "PHANTOMRUN" not in plain
    (held.cwd / ".phantomrun.toml").write_text("[secrets]\nOPENAI_API_KEY = {}\n")
    assert "PHANTOMRUN" in _environ(held, "--if-configured")


def test_nested_runs_share_the_outer_sidecar(held: Home) -> None:
    outer = held.run(["sh", "-c", "env -0; exec phantomrun -- env -0"])

    assert outer.code == 0, outer.err
    entries = outer.out.decode().split("\0")
    assert len([entry for entry in entries if entry.startswith("OPENAI_API_KEY=")]) == 2
    assert len({entry for entry in entries if entry.startswith("OPENAI_API_KEY=")}) == 1
    assert len({entry for entry in entries if entry.startswith("PHANTOMRUN=")}) == 1


def test_a_nested_run_of_another_choice_gets_its_own(held: Home) -> None:
    key = held.environ["PHANTOMRUN_KEY_FILE"]
    command = f"env -0; PHANTOMRUN_KEY_FILE={key} exec phantomrun -o OPENAI_API_KEY -- env -0"
    done = held.run(["sh", "-c", command], observed=False)

    assert done.code == 0, done.err
    entries = done.out.decode().split("\0")
    assert len({entry for entry in entries if entry.startswith("PHANTOMRUN=")}) == 2


def test_a_run_around_us_that_has_ended_is_not_relied_upon(held: Home) -> None:
    stale = {"PHANTOMRUN": "abcde", "PHANTOMRUN_LISTENER": "127.0.0.1:9"}

    assert _environ(held, env=stale)["PHANTOMRUN"] != "abcde"


def test_a_provider_file_of_ones_own_with_errors_is_named(held: Home) -> None:
    folder = held.root / "ours" / "config" / "providers"
    folder.mkdir(parents=True)
    (folder / "openai.toml").write_text('title = "Mine"\nslots = 3\n')

    done = held.run(["true"], observed=False)

    assert done.code == 125
    assert b"openai.toml" in done.err
    assert b"slots" in done.err


def test_the_passphrase_descriptor_is_closed_before_the_command_runs(
    home: Home, tmp_path: Path
) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple\n")
    secret.chmod(0o600)
    environ = {"PHANTOMRUN_HOME": str(tmp_path / "vault2"), "PHANTOMRUN_KEY_FILE": ""}
    home.verb("init", env={**environ, "PHANTOMRUN_PASSPHRASE_FILE": str(secret)})
    script = f"exec 7<{secret}; PHANTOMRUN_PASSPHRASE_FD=7 exec phantomrun -- ls -l /proc/self/fd/"
    shell = {**home.environ, **environ}

    import subprocess

    done = subprocess.run(
        ["/bin/sh", "-c", script], env=shell, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert " 7 ->" not in done.stdout


def test_dotenv_with_override_still_gets_the_phantom(stocked: Home, upstream: Upstream) -> None:
    (stocked.cwd / ".env").write_text('export OPENAI_API_KEY="${PHANTOMRUN_ENV_OPENAI_API_KEY}"\n')
    program = (
        "import os; before = os.environ['OPENAI_API_KEY'];"
        "from dotenv import load_dotenv; assert load_dotenv('.env', override=True);"
        "assert os.environ['OPENAI_API_KEY'] == before, os.environ['OPENAI_API_KEY']"
    )

    done = stocked.run([sys.executable, "-c", program])

    assert (done.code, done.err) == (0, b"")


def test_nothing_of_a_run_is_left_on_disk(held: Home) -> None:
    def files() -> set[str]:
        return {
            os.path.join(folder, name)
            for folder, _, names in os.walk(held.root)
            for name in names
            if "reports" not in folder
        }

    before = files()
    held.run(["true"])

    assert files() == before
