"""The project file narrows, never widens, and every mistake in it has a line."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.manifest import Want, narrow, parse, with_names
from phantomrun.errors import ConfigError, PolicyError

TEXT = """\
# names only
[secrets]
OPENAI_API_KEY    = {}
STRIPE_SECRET_KEY = { required = true }

[profile.ci.secrets]
STRIPE_SECRET_KEY = { vault = "stripe-test" }
SENTRY_TOKEN = { required = true }
[profile.eu.secrets]
OPENAI_API_KEY = { vault = "openai-eu" }
STRIPE_SECRET_KEY = { required = false }

[run]
egress = "bound+public"
"""
OPENAI = Want("OPENAI_API_KEY", required=False)
STRIPE = Want("STRIPE_SECRET_KEY", required=True)


def test_lists_what_a_run_gets() -> None:
    manifest = parse(TEXT, where="m.toml")

    assert manifest.secrets == {"OPENAI_API_KEY": OPENAI, "STRIPE_SECRET_KEY": STRIPE}
    assert (manifest.profile, manifest.profiles) == ("default", ("ci", "eu"))
    assert manifest.names == {"OPENAI_API_KEY", "STRIPE_SECRET_KEY", "SENTRY_TOKEN"}


def test_a_profile_is_laid_over_the_list_key_by_key() -> None:
    assert parse(TEXT, where="m.toml", profile="ci").secrets == {
        "OPENAI_API_KEY": OPENAI,
        "STRIPE_SECRET_KEY": Want("stripe-test", required=True),
        "SENTRY_TOKEN": Want("SENTRY_TOKEN", required=True),
    }


def test_of_several_profiles_the_later_comes_on_top() -> None:
    manifest = parse(TEXT, where="m.toml", profile="ci,eu")

    assert manifest.secrets["STRIPE_SECRET_KEY"] == Want("stripe-test", required=False)
    assert manifest.secrets["OPENAI_API_KEY"].vault_name == "openai-eu"
    assert manifest.profile == "ci,eu"


def test_the_default_profile_need_not_be_written_and_may_be() -> None:
    written = TEXT + "[profile.default.secrets]\nEXTRA = {}\n"

    assert parse(TEXT, where="m", profile="default") == parse(TEXT, where="m")
    assert "EXTRA" in parse(written, where="m").secrets
    assert "EXTRA" not in parse(written, where="m", profile="ci").secrets


def test_an_empty_file_asks_for_nothing() -> None:
    assert parse("", where="m").secrets == {}


@pytest.mark.parametrize(("profile", "hint"), [("c1", "ci"), ("ci,defaults", "default")])
def test_an_unknown_profile_is_an_error(profile: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=r"^m.toml: there is no profile ") as caught:
        parse(TEXT, where="m.toml", profile=profile)

    assert caught.value.hint == f"did you mean {hint}?"


@pytest.mark.parametrize(
    ("text", "complaint", "hint"),
    [
        ("[secrets\n", "m:1: not TOML", ""),
        ("\n[secrets]\nA = {}\nA = {}\n", "m:4: not TOML", ""),
        ("[secretz]\nA = {}\n", "m:1: unknown key secretz", "did you mean secrets?"),
        (
            "[secrets]\nA = {}\nB = { requires = true }\n",
            "m:3: unknown key secrets.B.requires",
            "did you mean required?",
        ),
        ("[run]\n\negres = 'x'\n", "m:3: unknown key run.egres", "did you mean egress?"),
        ("[profile.ci]\nsecret = 1\n", "m:2: unknown key profile.ci.secret", "mean secrets?"),
        ("secrets = 3\n", "m:1: secrets must be a table", ""),
        ("#\nprofile = []\n", "m:2: profile must be a table", ""),
        ("[profile]\nci = 1\n", "m:2: profile.ci must be a table", ""),
        ("[profile.ci]\nsecrets = ''\n", "m:2: profile.ci.secrets must be a table", ""),
        ("run = 1\n", "m:1: run must be a table", ""),
        ("[run]\negress = 'public'\n", 'm:2: run.egress must be "bound+public"', ""),
        ("[run]\negress = ['bound']\n", 'm:2: run.egress must be "bound+public"', ""),
        (
            "[secrets]\nA = 'CANARY'\n",
            "m:2: secrets.A must be a table such as {}",
            "values live in the vault: phantomrun set A",
        ),
        ("[secrets]\nA = true\n", "m:2: secrets.A must be a table", ""),
        ("[secrets]\nA = false\n", "m:2: secrets.A must be a table", ""),
        ("[secrets]\nA = {required = 1}\n", "m:2: secrets.A.required must be true or false", ""),
        ("[secrets]\nA = {vault = 1}\n", "m:2: secrets.A.vault must be the name of a", ""),
        ("[secrets]\nA = {vault = ''}\n", "m:2: secrets.A.vault must be the name of a", ""),
        ("[secrets]\n'a b' = {}\n", "m:2: secrets.a b must be named like", ""),
        ("[secrets]\nPHANTOMRUN_HOME = {}\n", "m:2: secrets.PHANTOMRUN_HOME must be named", ""),
        (
            "[secrets]\n[profile.ci.secrets]\nA = {}\n\nB = { valt = '' }\n",
            "m:5: unknown key profile.ci.secrets.B.valt",
            "did you mean vault?",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, complaint: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, where="m")

    assert caught.value.message.startswith(complaint)
    assert hint in caught.value.hint
    assert "CANARY" not in caught.value.message + caught.value.hint


def test_a_promise_this_version_cannot_keep_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        parse('[run]\negress = "bound"\n', where="m")

    assert caught.value.message == 'm:2: this version cannot enforce egress = "bound"'


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("[secrets]\nA = {}\nB = { hosts = ['evil.test'] }\n", 3, "B"),
        ("[secrets]\nB = { upstream = 'https://evil.test' }\n", 2, "B"),
        ("[secrets.B]\nvault = 'x'\nbase-url = 'https://evil.test'\n", 3, "B"),
        ("[profile.ci.secrets]\nB = { allowed_hosts = [] }\n", 2, "B"),
        ("[secrets]\nhost = 'evil.test'\n", 2, "NAME"),
        ("[secrets]\nB = { ca_file = 'evil.pem' }\n", 2, "B"),
        ("[upstream]\nopenai = 'https://evil.test'\n", 1, "NAME"),
        ("[run]\negress = 'bound+public'\nHosts = ['evil.test']\n", 3, "NAME"),
        ("[profile.ci.provider]\nx = 1\n", 1, "NAME"),
    ],
)
@pytest.mark.parametrize("local", [False, True])
def test_a_file_that_wants_a_host_is_refused(text: str, line: int, name: str, local: bool) -> None:
    with pytest.raises(PolicyError) as caught:
        narrow(parse(TEXT, where="m"), text, where="m") if local else parse(text, where="m")

    assert caught.value.message.startswith(f"m:{line}: ")
    assert caught.value.hint.endswith(f"phantomrun set {name} --upstream URL")
    assert caught.value.exit_code == 5


def test_the_local_file_leaves_names_out_and_takes_others_from_elsewhere() -> None:
    local = "[secrets]\nOPENAI_API_KEY = false\nSTRIPE_SECRET_KEY = { vault = 'mine' }\n"

    narrowed = narrow(parse(TEXT, where="m"), local, where="local")

    assert narrowed.secrets == {"STRIPE_SECRET_KEY": Want("mine", required=True)}


def test_the_local_file_knows_the_projects_profiles() -> None:
    local = (
        "[secrets]\nSENTRY_TOKEN = { required = false }\nOPENAI_API_KEY = false\n"
        "[profile.ci.secrets]\nSTRIPE_SECRET_KEY = false\nOPENAI_API_KEY = {}\n"
    )

    default = narrow(parse(TEXT, where="m"), local, where="local")
    ci = narrow(parse(TEXT, where="m", profile="ci"), local, where="local")

    assert default.secrets == {"STRIPE_SECRET_KEY": STRIPE}
    assert ci.secrets == {"SENTRY_TOKEN": Want("SENTRY_TOKEN", required=False)}


@pytest.mark.parametrize(
    ("local", "complaint", "hint"),
    [
        ("[secrets]\nOPENAI_KEY = {}\n", "l:2: OPENAI_KEY is not in m", "OPENAI_API_KEY?"),
        ("[profile.ci.secrets]\nX = false\n", "l:2: X is not in m", ""),
        ("[profile.c1.secrets]\n", "l:1: unknown key profile.c1", "did you mean ci?"),
        ("[secrets]\nOPENAI_API_KEY = true\n", "l:2: secrets.OPENAI_API_KEY must be a", ""),
    ],
)
def test_the_local_file_cannot_add_anything(local: str, complaint: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        narrow(parse(TEXT, where="m"), local, where="l")

    assert caught.value.message.startswith(complaint)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "",
            "# What this project needs: names only, safe to commit.\n\n[secrets]\nB = {}\nC = {}\n",
        ),
        ("[secrets]", "[secrets]\nB = {}\nC = {}\n"),
        (
            "# c\n[secrets] # d\nA={}#e\n\n[run]\n",
            "# c\n[secrets] # d\nA={}#e\nB = {}\nC = {}\n\n[run]\n",
        ),
        ("[secrets]\r\nB = {}\r\n#\r\n", "[secrets]\r\nB = {}\r\nC = {}\r\n#\r\n"),
        ("[run]\n", "[run]\n\n[secrets]\nB = {}\nC = {}\n"),
        (
            "[secrets]\nC = {}\n[secrets.A]\nvault='x'\n",
            "[secrets]\nC = {}\nB = {}\n[secrets.A]\nvault='x'\n",
        ),
        ("[secrets.A]\nvault='x'", "[secrets.A]\nvault='x'\n\n[secrets]\nB = {}\nC = {}\n"),
        (
            "[profile.x.secrets]\nB = {}\n",
            "[profile.x.secrets]\nB = {}\n\n[secrets]\nB = {}\nC = {}\n",
        ),
        (
            "[secrets]\nC = {}\nB = { required = true }\n",
            "[secrets]\nC = {}\nB = { required = true }\n",
        ),
    ],
)
def test_names_are_added_and_the_rest_of_the_file_is_kept(before: str, after: str) -> None:
    assert with_names(before, ["B", "C", "B"], where="m") == after


@pytest.mark.parametrize("text", ["secrets = { A = {} }\n", "secrets.A = {}\n"])
def test_a_file_that_cannot_be_edited_is_left_alone(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_names(text, ["A", "B"], where="m")

    assert caught.value.hint == "add by hand: B = {}"


def test_a_list_of_secrets_is_not_a_table() -> None:
    with pytest.raises(ConfigError, match=r"^m:1: secrets must be a table"):
        with_names("secrets = []\n", ["A"], where="m")


_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,5}", fullmatch=True)
_LINES = st.lists(
    st.one_of(
        st.sampled_from(["", "# c", "  # [secrets]", "[run]", "egress = 'bound+public'"]),
        st.sampled_from(["[secrets]", "[profile.ci.secrets]", "[secrets.Q]"]),
        st.builds("{} = {{}}".format, _NAMES),
    ),
    max_size=8,
)


@given(_LINES, st.lists(_NAMES, max_size=3), st.sampled_from(["\n", "\r\n"]))
def test_adding_names_keeps_every_line_or_refuses(
    lines: list[str], names: list[str], end: str
) -> None:
    text = end.join(lines)
    try:
        after = with_names(text, names, where="m")
    except ConfigError:
        return

    rest = iter(line.rstrip() for line in after.split("\n"))
    assert all(line.rstrip() in rest for line in text.split("\n") if line.strip())
    assert set(names) <= set(tomllib.loads(after).get("secrets", {}))
