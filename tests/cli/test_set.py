from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import trustme

if TYPE_CHECKING:
    from tests.cli.home import Home

VALUE = "sk-proj-CANARY0123456789abcdefghijklmn"
PASSPHRASE = {"PHANTOMRUN_PASSPHRASE": "CANARY correct horse", "PHANTOMRUN_KEY_FILE": ""}


def stored(home: Home, name: str) -> dict[str, object]:
    return next(one for one in home.phantomrun("list", "--json").objects if one["name"] == name)


def test_stores_a_value_from_standard_input_for_the_provider_of_its_name(home: Home) -> None:
    done = home.phantomrun("set", "OPENAI_API_KEY", "-", stdin=VALUE.encode() + b"\n")

    assert (done.code, done.out) == (0, "")
    assert done.err == "Saved OPENAI_API_KEY, for https://api.openai.com/v1 only.\n"
    assert stored(home, "OPENAI_API_KEY")["provider"] == "openai"


def test_says_nothing_when_told_to_be_quiet(home: Home) -> None:
    done = home.phantomrun("-q", "set", "OPENAI_API_KEY", "-", stdin=VALUE.encode())

    assert done == (0, "", "")


def test_recognises_a_provider_by_the_shape_of_the_value(home: Home) -> None:
    home.set("MY_MODEL", VALUE)

    assert stored(home, "MY_MODEL")["provider"] == "openai"


def test_the_scripted_form_seals_upstream_and_certificates(home: Home) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(home.cwd / "ca.pem")

    home.set(
        "OPENAI_API_KEY", VALUE, "--upstream", "https://127.0.0.1:8443/v1/", "--ca-file", "ca.pem"
    )

    found = stored(home, "OPENAI_API_KEY")
    assert found["upstream"] == "https://127.0.0.1:8443/v1"
    assert found["ca_file"] is True


def test_makes_a_vault_on_the_way_when_a_passphrase_is_given(bare: Home) -> None:
    done = bare.phantomrun("set", "OPENAI_API_KEY", "-", stdin=VALUE.encode(), env=PASSPHRASE)

    assert done.code == 0
    assert "Made the vault" in done.err
    assert bare.phantomrun("list", env=PASSPHRASE).out.count("OPENAI_API_KEY") == 1


def test_without_a_vault_and_without_anybody_to_ask_it_says_what_to_do(bare: Home) -> None:
    done = bare.phantomrun("set", "OPENAI_API_KEY", "-", stdin=VALUE.encode())

    assert done.code == 4
    assert "[PR-LOCKED]" in done.err
    assert "phantomrun init --key-file PATH" in done.err
    assert not bare.vault.exists()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\n", "is empty", id="only a newline"),
        pytest.param(b"sk-CANARY\nmore", "a newline", id="newline inside"),
        pytest.param(b"sk-CANARY\n\n", "a newline", id="two newlines at the end"),
        pytest.param(b"sk-CANARY\0x", "a NUL byte", id="NUL"),
        pytest.param(b"x" * 65_537, "larger than 65536 bytes", id="over 64 KiB"),
        pytest.param(b"x" * 40_000, "40000 bytes", id="longer than a field may be"),
    ],
)
def test_refuses_what_cannot_be_a_credential(home: Home, value: bytes, what: str) -> None:
    done = home.phantomrun("set", "OPENAI_API_KEY", "-", stdin=value)

    assert done.code in (1, 2)
    assert what in done.err
    assert "CANARY" not in done.err
    assert home.names() == []


@pytest.mark.parametrize(
    "words",
    [
        ("OPENAI_API_KEY", VALUE),
        ("OPENAI_API_KEY=" + VALUE,),
        ("OPENAI_API_KEY", VALUE, "-"),
    ],
    ids=["value", "assignment", "value and dash"],
)
def test_refuses_a_value_on_the_command_line(home: Home, words: tuple[str, ...]) -> None:
    done = home.phantomrun("set", *words)

    assert done.code == 2
    assert "history" in done.err
    assert "[PR-ARGV]" in done.err
    assert "CANARY" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        (VALUE, "-"),
        ("OPENAI_API_KEY", "-" + VALUE),
        ("OPENAI_API_KEY", "--" + VALUE),
        ("9LIVES", "-"),
        ("PHANTOMRUN_SECRET", "-"),
        ("A" * 200, "-"),
    ],
    ids=["value", "short option", "long option", "digit", "ours", "long"],
)
def test_never_repeats_what_stands_in_a_names_place(home: Home, words: tuple[str, ...]) -> None:
    done = home.phantomrun("set", *words, stdin=b"x")

    assert done.code == 2
    assert "CANARY" not in done.err
    assert home.names() == []


def test_an_unknown_secret_is_told_what_to_type(home: Home) -> None:
    done = home.phantomrun("set", "OPENAI_KEY", "-", stdin=b"CANARY0123456789")

    assert done.code == 2
    assert "--provider openai" in done.err
    assert "config/providers/NAME.toml" in done.err


def test_an_unknown_provider_gets_the_nearest(home: Home) -> None:
    done = home.phantomrun("set", "X", "--provider", "opnai", "-", stdin=b"CANARY01")

    assert done.code == 2
    assert "did you mean  openai" in done.err


def test_a_provider_file_of_the_users_own_is_enough(home: Home) -> None:
    own = home.root / "ours" / "config" / "providers"
    own.mkdir(parents=True)
    (own / "acme.toml").write_text(
        'title = "Acme"\nway = "base-url"\ngrade = "docs"\nsource = "mine"\nchecked = 2026-01-01\n'
        'secrets = ["ACME_KEY"]\nupstream = "https://api.acme.example"\n'
        '[point]\nACME_URL = "{listener}"\n[[slot]]\nheader = "x-key"\n'
    )

    home.set("ACME_KEY", "CANARY0123456789")

    assert stored(home, "ACME_KEY")["upstream"] == "https://api.acme.example"


@pytest.mark.parametrize("way", ["intercept", "sign", "wire"])
def test_a_service_no_run_can_serve_is_refused_with_its_note(home: Home, way: str) -> None:
    own = home.root / "ours" / "config" / "providers"
    own.mkdir(parents=True)
    (own / "acme.toml").write_text(
        f'title = "Acme"\nway = "{way}"\ngrade = "docs"\nsource = "mine"\nchecked = 2026-01-01\n'
        'secrets = ["ACME_KEY"]\nnote = "Acme has no base URL."\n'
    )

    done = home.phantomrun("set", "ACME_KEY", "-", stdin=b"CANARY0123456789")

    assert done.code == 2
    assert "Acme has no base URL." in done.err
    assert "[PR-WAY]" in done.err
    assert home.names() == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://gw.example/v1", "in the clear"),
        ("https://me:CANARY@gw.example/v1", "user or password"),
        ("https://gw.example/v1?x=1", "not the URL"),
        ("https://gw.example/v1#x", "not the URL"),
        ("https://gw.example:70000", "port 70000"),
        ("gw.example", "not the URL"),
        ("ftp://gw.example", "not the URL"),
    ],
)
def test_refuses_an_upstream_that_no_secret_may_go_to(home: Home, url: str, what: str) -> None:
    done = home.phantomrun("set", "OPENAI_API_KEY", "--upstream", url, "-", stdin=b"CANARY01")

    assert done.code == 2
    assert what in done.err
    assert "CANARY" not in done.err


@pytest.mark.parametrize("host", ["127.0.0.1:80", "127.9.9.9", "localhost:8080", "[::1]:9"])
def test_plain_http_is_for_this_machine_only(home: Home, host: str) -> None:
    home.set("OPENAI_API_KEY", VALUE, "--upstream", f"http://{host}/v1")


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_refuses_a_ca_file_without_certificates(home: Home, text: str) -> None:
    home.write("ca.pem", text)

    done = home.phantomrun("set", "OPENAI_API_KEY", "--ca-file", "ca.pem", "-", stdin=b"CANARY01")

    assert done.code == 2
    assert "[PR-CA]" in done.err


def test_a_new_value_keeps_what_the_secret_was_bound_to(home: Home) -> None:
    trustme.CA().cert_pem.write_to_path(home.cwd / "ca.pem")
    where = ("--upstream", "https://gw.example/v1", "--ca-file", "ca.pem", "--provider", "groq")
    home.set("MY_KEY", VALUE, *where)
    before = stored(home, "MY_KEY")

    done = home.phantomrun("set", "MY_KEY", "-", stdin=b"CANARYother0123456789")

    after = stored(home, "MY_KEY")
    assert done.err == "Replaced MY_KEY, for https://gw.example/v1 only.\n"
    kept = ("provider", "upstream", "ca_file", "created")
    assert [after[key] for key in kept] == [before[key] for key in kept]


def test_another_upstream_drops_the_certificates_of_the_one_before(home: Home) -> None:
    trustme.CA().cert_pem.write_to_path(home.cwd / "ca.pem")
    home.set("OPENAI_API_KEY", VALUE, "--upstream", "https://gw.example/v1", "--ca-file", "ca.pem")

    home.set("OPENAI_API_KEY", VALUE, "--upstream", "https://other.example/v1")

    assert stored(home, "OPENAI_API_KEY")["ca_file"] is False


def test_adds_the_name_to_the_project_file_that_is_there(home: Home) -> None:
    manifest = home.write(".phantomrun.toml", "# ours\n[secrets]\nSTRIPE_SECRET_KEY = {}\n")

    done = home.phantomrun("set", "OPENAI_API_KEY", "-", stdin=VALUE.encode())

    assert done.err.endswith("only. Added it to .phantomrun.toml.\n")
    expected = "# ours\n[secrets]\nSTRIPE_SECRET_KEY = {}\nOPENAI_API_KEY = {}\n"
    assert manifest.read_text() == expected


def test_makes_no_project_file(home: Home) -> None:
    home.set("OPENAI_API_KEY", VALUE)

    assert list(home.cwd.iterdir()) == []


def test_asks_with_the_echo_off_and_tells_what_it_recognised(home: Home) -> None:
    person = home.person("set", "OPENAI_API_KEY")
    person.expect(r"Value of OPENAI_API_KEY \(hidden\): ")
    assert not person.echoes()
    person.type(VALUE)
    person.expect("OpenAI, recognised by name")
    person.expect("Saved OPENAI_API_KEY, for https://api.openai.com/v1 only")

    assert person.finish() == 0
    assert "CANARY" not in person.screen


def test_a_dash_on_a_terminal_does_not_show_what_is_typed(home: Home) -> None:
    person = home.person("set", "OPENAI_API_KEY", "-")
    person.expect("hidden")
    person.type(VALUE)

    assert person.finish() == 0
    assert "CANARY" not in person.screen


def test_an_empty_answer_is_refused(home: Home) -> None:
    person = home.person("set", "OPENAI_API_KEY")
    person.expect("hidden")
    person.type("")
    person.expect("is empty")

    assert person.finish() == 2


def test_the_upstream_can_change_without_typing_the_value_again(stocked: Home) -> None:
    person = stocked.person("set", "OPENAI_API_KEY", "--upstream", "https://gw.example/v1")
    person.expect("Enter keeps the one in the vault")
    person.type("")
    person.expect("Kept of OPENAI_API_KEY: provider openai")

    assert person.finish() == 0
    assert stored(stocked, "OPENAI_API_KEY")["upstream"] == "https://gw.example/v1"


def test_ctrl_c_at_the_prompt_is_a_death_by_sigint_with_the_echo_back(home: Home) -> None:
    person = home.person("set", "OPENAI_API_KEY")
    person.expect("hidden")
    person.press("C")
    person.wait()

    assert person.echoes()
    assert person.finish() == -signal.SIGINT
    assert home.names() == []


def test_the_first_secret_asks_for_a_new_passphrase(bare: Home) -> None:
    person = bare.person("set", "OPENAI_API_KEY", env={"PHANTOMRUN_KEY_FILE": ""})
    person.expect("New vault passphrase")
    person.type("CANARY correct horse")
    person.expect("Again: ")
    person.type("CANARY correct horse")
    person.expect("Value of")
    person.type(VALUE)
    person.expect("Made the vault")

    assert person.finish() == 0
    assert "CANARY" not in person.screen
    assert bare.phantomrun("list", env=PASSPHRASE).code == 0


def test_two_at_once_lose_nothing(home: Home) -> None:
    names = [f"KEY_{number}" for number in range(6)]
    running = [home.start("set", name, "--provider", "openai", "-") for name in names]
    for command in running:
        command.communicate(VALUE.encode())

    assert [command.returncode for command in running] == [0] * 6
    assert home.names() == names
