from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import OPENAI, STRIPE

if TYPE_CHECKING:
    from tests.cli.home import Home

GITHUB = "ghp_CANARYgithub0123456789abcdefghijklmn"
ENV = (
    "# settings\r\n"
    f"export OPENAI_API_KEY='{OPENAI}'  # mine\r\n"
    "LOG_LEVEL=debug\r\n"
    f'STRIPE_SECRET_KEY="{STRIPE}"\r\n'
    "PORT=8080\r\n"
)
REWRITTEN = (
    "# settings\r\n"
    'export OPENAI_API_KEY="${PHANTOMRUN_ENV_OPENAI_API_KEY}"  # mine\r\n'
    "LOG_LEVEL=debug\r\n"
    'STRIPE_SECRET_KEY="${PHANTOMRUN_ENV_STRIPE_SECRET_KEY}"\r\n'
    "PORT=8080\r\n"
)
BOTH = ["OPENAI_API_KEY", "STRIPE_SECRET_KEY"]


def upstreams(home: Home) -> dict[str, str]:
    return {one["name"]: one["upstream"] for one in home.phantomrun("list", "--json").objects}


def test_stores_what_it_recognises_and_says_what_it_leaves(home: Home) -> None:
    env = home.write(".env", ENV)

    done = home.phantomrun("import")

    assert done.code == 0
    assert done.out.splitlines() == [
        "  OPENAI_API_KEY     → https://api.openai.com/v1  recognised by name",
        "  STRIPE_SECRET_KEY  → https://api.stripe.com     recognised by name",
        "  LOG_LEVEL, PORT    left alone: not secrets",
    ]
    assert "Imported 2. Wrote .phantomrun.toml (names only, safe to commit)." in done.err
    assert "phantomrun import .env --rewrite" in done.err
    assert home.names() == BOTH
    assert env.read_bytes().decode() == ENV
    manifest = (home.cwd / ".phantomrun.toml").read_text()
    assert manifest.endswith("[secrets]\nOPENAI_API_KEY = {}\nSTRIPE_SECRET_KEY = {}\n")


def test_rewrites_the_file_and_leaves_no_copy(home: Home) -> None:
    env = home.write(".env", ENV)
    env.chmod(0o640)

    done = home.phantomrun("import", ".env", "--rewrite")

    assert done.code == 0
    assert env.read_bytes().decode() == REWRITTEN
    assert stat.S_IMODE(env.stat().st_mode) == 0o640
    assert sorted(os.listdir(home.cwd)) == [".env", ".phantomrun.toml"]
    left = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    assert not any(b"CANARY" in content for content in left)


def test_a_dry_run_changes_nothing_and_asks_nothing(bare: Home) -> None:
    bare.write(".env", ENV)

    done = bare.phantomrun("import", "--dry-run")

    assert done.code == 0
    assert "OPENAI_API_KEY     → https://api.openai.com/v1" in done.out
    assert os.listdir(bare.cwd) == [".env"]
    assert not bare.vault.exists()


def test_importing_again_finds_everything_there_and_can_still_rewrite(home: Home) -> None:
    env = home.write(".env", ENV)
    home.phantomrun("import", ".env", "--no-rewrite")

    done = home.phantomrun("import", ".env", "--yes")

    assert done.code == 0
    assert "Imported 0. In the vault already: OPENAI_API_KEY, STRIPE_SECRET_KEY." in done.err
    assert env.read_bytes().decode() == REWRITTEN


def test_a_rewritten_file_has_nothing_more_to_import(stocked: Home) -> None:
    stocked.write(".env", REWRITTEN)

    done = stocked.phantomrun("import")

    assert done.code == 0
    assert "Nothing to import." in done.err


def test_another_value_in_the_vault_stays_and_so_does_the_line(stocked: Home) -> None:
    env = stocked.write(".env", ENV.replace(OPENAI, "sk-proj-CANARYother0123456789abcdefgh"))

    done = stocked.phantomrun("import", ".env", "--rewrite")

    assert done.code == 1
    assert "the vault has another value of OPENAI_API_KEY; it stays" in done.err
    assert "phantomrun import --replace" in done.err
    text = env.read_text()
    assert "sk-proj-CANARYother" in text
    assert "${PHANTOMRUN_ENV_STRIPE_SECRET_KEY}" in text


def test_another_value_is_taken_when_told_to(stocked: Home) -> None:
    stocked.write(".env", ENV.replace(OPENAI, "sk-proj-CANARYother0123456789abcdefgh"))

    done = stocked.phantomrun("import", ".env", "--replace", "--rewrite")

    assert done.code == 0
    assert "Imported 1. In the vault already: STRIPE_SECRET_KEY." in done.err


def test_base_urls_of_the_source_become_the_upstream_and_are_rewritten_too(home: Home) -> None:
    env = home.write(
        ".env",
        f"OPENAI_API_KEY={OPENAI}\nOPENAI_BASE_URL=https://gw.example/v1/\n"
        "OPENAI_API_BASE=https://gw.example/v1\n",
    )

    done = home.phantomrun("import", "--rewrite")

    assert "→ https://gw.example/v1  recognised by name, address from OPENAI_BASE_URL" in done.out
    assert upstreams(home) == {"OPENAI_API_KEY": "https://gw.example/v1"}
    assert env.read_text() == "".join(
        f"{name}=${{PHANTOMRUN_ENV_{name}}}\n"
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE")
    )


def test_an_import_does_not_move_a_stored_secret_to_another_host(stocked: Home) -> None:
    env = stocked.write(
        ".env", f"OPENAI_API_KEY={OPENAI}\nOPENAI_BASE_URL=https://evil.example/v1\n"
    )

    done = stocked.phantomrun("import", "--rewrite", "--replace")

    assert "OPENAI_BASE_URL  names another address" in done.out
    assert upstreams(stocked)["OPENAI_API_KEY"] == "https://api.openai.com/v1"
    assert "OPENAI_BASE_URL=https://evil.example/v1" in env.read_text()


def test_a_base_url_that_no_secret_may_go_to_keeps_the_secret_out(home: Home) -> None:
    home.write(".env", f"OPENAI_API_KEY={OPENAI}\nOPENAI_BASE_URL=http://gw.example/v1\n")

    done = home.phantomrun("import")

    assert "not imported: OPENAI_BASE_URL: " in done.out
    assert home.names() == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "INTERNAL_TOKEN=CANARY0123456789abcdef",
            "no provider known: phantomrun set INTERNAL_TOKEN",
        ),
        (
            f"OPENAI_API_KEY={OPENAI}\nOPENAI_API_KEY={OPENAI}x",
            "lines 1 and 2 give it different values",
        ),
        (f'OPENAI_API_KEY="{OPENAI}\nmore"', "contains a newline"),
        ("MY-KEY=sk-proj-CANARY0123456789abcdefgh", "named as its environment variable"),
    ],
    ids=["nobody's", "twice", "newline", "name"],
)
def test_says_why_something_that_looks_secret_is_not_imported(
    home: Home, line: str, why: str
) -> None:
    home.write(".env", line + "\n")

    done = home.phantomrun("import", "--rewrite")

    assert done.code == 0
    assert why in done.out
    assert "CANARY" not in done.out + done.err
    assert home.names() == []


def test_says_where_a_real_value_is_still_to_be_read_after_rewriting(home: Home) -> None:
    old = "sk-proj-CANARYold0123456789abcdefghijkl"
    home.write(".env", f"# OPENAI_API_KEY={old}\nOPENAI_API_KEY={OPENAI}\nCMD='run {OPENAI}'\n")

    done = home.phantomrun("import", "--rewrite")

    assert ".env:1: a comment holds a value of OPENAI_API_KEY" in done.err
    assert ".env:3: the value of OPENAI_API_KEY is still here" in done.err


def test_reads_standard_input(home: Home) -> None:
    done = home.phantomrun("import", "-", stdin=ENV.encode())

    assert done.code == 0
    assert home.names() == BOTH
    assert "still in standard input" not in done.err
    assert os.listdir(home.cwd) == []


def test_reads_json(home: Home) -> None:
    home.write("keys.json", json.dumps({"OPENAI_API_KEY": OPENAI, "PORT": 8080}))

    done = home.phantomrun("import", "keys.json")

    assert home.names() == ["OPENAI_API_KEY"]
    assert "The real values are still in keys.json: take them out." in done.err


def test_reads_the_environment(home: Home) -> None:
    done = home.phantomrun("import", "--from", "env", env={"OPENAI_API_KEY": OPENAI})

    assert done.code == 0
    assert home.names() == ["OPENAI_API_KEY"]
    assert os.listdir(home.cwd) == []


def test_does_not_take_phantoms_for_secrets_inside_a_run(home: Home) -> None:
    env = {"PHANTOMRUN": "k3f9", "OPENAI_API_KEY": OPENAI}

    done = home.phantomrun("import", "--from", "env", env=env)

    assert done.code == 5
    assert "inside a run the environment holds phantoms" in done.err


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        (".env", 'A=1\nB="open\n', ".env:2: the value of B has no closing quote"),
        ("x.json", '{"A": ', "x.json:1: not JSON"),
        ("x.json", '{"A": {"B": "c"}}', "only flat objects"),
        (".env", "A\0B", "is not a text in UTF-8"),
    ],
    ids=["quote", "json", "nested", "binary"],
)
def test_a_broken_source_is_named_with_its_line(
    home: Home, name: str, text: str, what: str
) -> None:
    home.write(name, text)

    done = home.phantomrun("import", name)

    assert done.code == 2
    assert what in done.err


def test_a_missing_file_says_what_can_be_imported(home: Home) -> None:
    done = home.phantomrun("import")

    assert done.code == 3
    assert "there is no file .env" in done.err
    assert "phantomrun import --from env" in done.err


def test_a_broken_project_file_stops_it_before_anything_is_stored(home: Home) -> None:
    home.write(".env", ENV)
    home.write(".phantomrun.toml", "[secrets]\nA = 1\n")

    done = home.phantomrun("import")

    assert done.code == 2
    assert ".phantomrun.toml:2" in done.err
    assert home.phantomrun("-C", "/", "list", "--json").out == ""


def test_the_first_import_makes_the_vault_and_asks_before_it_rewrites(bare: Home) -> None:
    env = bare.write(".env", ENV)
    person = bare.person("import", ".env", env={"PHANTOMRUN_KEY_FILE": ""})
    person.expect("New vault passphrase")
    person.type("CANARY correct horse")
    person.expect("Again: ")
    person.type("CANARY correct horse")
    person.expect("Imported 2. Wrote .phantomrun.toml")
    person.expect(r"Put placeholders for the 2 values into .env now\?.*\[y/N\] ")
    person.type("y")
    person.expect("Done. Next: phantomrun -- CMD")

    assert person.finish() == 0
    assert "CANARY" not in person.screen
    assert env.read_bytes().decode() == REWRITTEN


def test_enter_leaves_the_file_alone(home: Home) -> None:
    env = home.write(".env", ENV)
    person = home.person("import")
    person.expect(r"\[y/N\] ")
    person.type("")

    assert person.finish() == 0
    assert env.read_bytes().decode() == ENV


def test_a_person_is_asked_about_another_value(stocked: Home) -> None:
    stocked.write(".env", "OPENAI_API_KEY=sk-proj-CANARYother0123456789abcdefgh\n")
    person = stocked.person("import", "--no-rewrite")
    person.expect("The vault has another value of OPENAI_API_KEY. Replace it?")
    person.type("n")

    assert person.finish() == 1
    assert "it stays" in person.screen


def test_names_the_copies_that_stay(home: Home) -> None:
    home.write(".env", ENV)
    home.write(".env.bak", ENV)
    home.write(".env.example", "OPENAI_API_KEY=\n")
    (home.cwd / ".git").mkdir()
    (home.cwd / ".git" / "index").write_bytes(b"DIRC....\0.env\0\0")

    done = home.phantomrun("import", "--rewrite")

    assert ".env.bak holds the same values" in done.err
    assert ".env.example" not in done.err
    assert "git knows .env" in done.err


def test_a_link_is_named_by_what_was_rewritten(home: Home) -> None:
    target = home.write("elsewhere", ENV)
    (home.cwd / ".env").symlink_to(target)

    done = home.phantomrun("import", "--rewrite")

    assert f".env is a link: {target} was rewritten" in done.err


def test_a_pipe_is_not_waited_for(home: Home) -> None:
    os.mkfifo(home.cwd / ".env")

    done = home.phantomrun("import")

    assert done.code == 2
    assert ".env is not a regular file" in done.err
    assert home.phantomrun("list").code == 0
