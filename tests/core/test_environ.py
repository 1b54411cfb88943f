"""The child's environment: every phantom is there, and no real value under any name."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.core.environ import Given, child_environ, real_value
from phantomrun.core.phantom import Phantom
from phantomrun.core.secret import Secret

REAL = b"sk-CANARY/q7Zt3+Vb9Xw2Lk8Rn4Ms"
PHANTOM = b"sk-phantomW3sD8hQ1zB6yK0vTcE2m"
OTHER = b"CANARY-of-a-secret-outside-the-run"
Environ = dict[bytes, bytes]


def _given(**phantoms: tuple[bytes, bytes]) -> Given:
    pairs = phantoms or {"OPENAI_API_KEY": (REAL, PHANTOM)}
    return Given(
        {name: Phantom(fake, Secret(name, real)) for name, (real, fake) in pairs.items()},
        {"OPENAI_BASE_URL": "http://127.0.0.1:5050/openai/v1"},
        "x7k2m",
        "127.0.0.1:5050",
    )


def _environ(
    inherited: Environ | None = None,
    given: Given | None = None,
    *,
    others: tuple[bytes, ...] = (OTHER,),
    clean: bool = False,
) -> Environ:
    secrets = [Secret("OTHER", value) for value in others]
    return child_environ(inherited or {}, given or _given(), others=secrets, clean=clean)


def test_what_a_run_adds() -> None:
    assert _environ() == {
        b"OPENAI_API_KEY": PHANTOM,
        b"PHANTOMRUN_ENV_OPENAI_API_KEY": PHANTOM,
        b"OPENAI_BASE_URL": b"http://127.0.0.1:5050/openai/v1",
        b"PHANTOMRUN_ENV_OPENAI_BASE_URL": b"http://127.0.0.1:5050/openai/v1",
        b"PHANTOMRUN": b"x7k2m",
        b"PHANTOMRUN_LISTENER": b"127.0.0.1:5050",
        b"NO_PROXY": b"127.0.0.1,localhost",
        b"no_proxy": b"127.0.0.1,localhost",
    }


def test_a_profile_is_told() -> None:
    assert _environ(given=_given()._replace(profile="ci"))[b"PHANTOMRUN_PROFILE"] == b"ci"


def test_what_has_nothing_to_do_with_us_stays_byte_for_byte() -> None:
    inherited = {
        b"PATH": b"/usr/bin:/bin",
        b"EMPTY": b"",
        b"LATIN": b"caf\xe9",
        b"WITH=SIGN": b"a=b",
        b"LINES": b"a\nb",
        b"DOLLAR": b"${HOME} $PHANTOMRUN_ENV_OPENAI_API_KEY ${PHANTOMRUN_ENV_UNKNOWN}",
    }

    made = _environ(inherited)

    assert {name: made[name] for name in inherited} == inherited


def test_ours_win_over_what_was_there() -> None:
    made = _environ(
        {b"OPENAI_API_KEY": b"sk-old", b"OPENAI_BASE_URL": b"https://old", b"PHANTOMRUN": b"old"}
    )

    assert made[b"OPENAI_API_KEY"] == PHANTOM
    assert made[b"OPENAI_BASE_URL"] == b"http://127.0.0.1:5050/openai/v1"
    assert made[b"PHANTOMRUN"] == b"x7k2m"


@pytest.mark.parametrize(
    "name",
    [
        *(b"PHANTOMRUN_PASSPHRASE", b"PHANTOMRUN_PASSPHRASE_FD", b"PHANTOMRUN_PASSPHRASE_FILE"),
        *(b"PHANTOMRUN_KEY_FILE", b"PHANTOMRUN_ASKPASS"),
    ],
)
@pytest.mark.parametrize("clean", [False, True], ids=["", "clean"])
def test_what_unlocks_the_vault_is_removed(name: bytes, clean: bool) -> None:
    assert name not in _environ({name: b"CANARY"}, clean=clean)


def test_where_the_vault_is_stays_known() -> None:
    inherited = {b"PHANTOMRUN_HOME": b"/somewhere", b"PHANTOMRUN_PASSPHRASES": b"not ours"}

    assert inherited.items() <= _environ(inherited).items()


WRITTEN = [
    ("as it is", REAL, PHANTOM),
    ("inside a URL", b"https://u:" + REAL + b"@h/", b"https://u:" + PHANTOM + b"@h/"),
    ("twice", REAL + b" " + REAL, PHANTOM + b" " + PHANTOM),
    ("URL-encoded", quote(REAL, safe="").encode(), PHANTOM),
    ("in JSON", json.dumps({"k": REAL.decode()}).encode(), b'{"k": "%b"}' % PHANTOM),
    ("JSON of PHP", REAL.replace(b"/", b"\\/"), PHANTOM),
]


@pytest.mark.parametrize(
    ("value", "made"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN]
)
@pytest.mark.parametrize("name", [b"LEGACY_TOKEN", b"PATH", b"whatever", b"OPENAI_API_KEY"])
def test_a_real_value_under_another_name_becomes_the_phantom(
    name: bytes, value: bytes, made: bytes
) -> None:
    environ = _environ({name: value})

    assert environ[name] == (PHANTOM if name == b"OPENAI_API_KEY" else made)
    assert not any(b"CANARY" in value for value in environ.values())


def test_base64_of_a_real_value_is_scrubbed() -> None:
    made = _environ({b"BASIC": b64encode(b"user:" + REAL)})

    assert b64encode(REAL[1:-2])[2:-4] not in made[b"BASIC"]


@pytest.mark.parametrize(
    "value",
    [
        OTHER,
        b"x" + OTHER,
        b"https://u:" + OTHER + b"@h",
        OTHER + REAL,
        REAL + b" " + OTHER,
        b64encode(b"user:" + OTHER),
        quote(OTHER, safe="").encode(),
    ],
)
def test_a_variable_with_a_secret_of_another_run_is_dropped(value: bytes) -> None:
    assert b"LEAK" not in _environ({b"LEAK": value})


@pytest.mark.parametrize("value", [REAL, OTHER])
def test_a_variable_whose_name_holds_a_real_value_is_dropped(value: bytes) -> None:
    assert not any(value in name for name in _environ({b"N_" + value: b"1"}))


@pytest.mark.parametrize("real", [b"a", b"abc", b"CANARY1"])
def test_a_short_secret_counts_where_it_is_the_whole_value(real: bytes) -> None:
    made = _environ(
        {b"WHOLE": real, b"PART": b"x" + real, b"OTHER": b"zz", b"OTHERS": b"zzz"},
        _given(PIN=(real, b"phantomW3sD8hQ1zB6yK0v")),
        others=(b"zz",),
    )

    assert made[b"WHOLE"] == b"phantomW3sD8hQ1zB6yK0v"
    assert made[b"PART"] == b"x" + real
    assert made[b"OTHERS"] == b"zzz"
    assert b"OTHER" not in made


@pytest.mark.parametrize("first", [0, 1])
def test_of_a_secret_that_contains_another_nothing_stays(first: int) -> None:
    short, long = (REAL, PHANTOM), (REAL + b"-CANARY-more", PHANTOM + b"-phantom-xyz")
    pairs = [("SHORT", short), ("LONG", long)]

    made = _environ({b"X": long[0], b"Y": short[0]}, _given(**dict(pairs[first:] + pairs[:first])))

    assert (made[b"X"], made[b"Y"]) == (long[1], short[1])


def test_a_secret_outside_the_run_that_contains_one_inside_is_dropped_whole() -> None:
    made = _environ({b"X": REAL + b"-CANARY-more"}, others=(REAL + b"-CANARY-more",))

    assert b"X" not in made


def test_a_secret_that_is_both_inside_and_outside_becomes_the_phantom() -> None:
    assert _environ({b"X": REAL}, others=(REAL,))[b"X"] == PHANTOM


PLACEHOLDERS = [
    (b"${PHANTOMRUN_ENV_OPENAI_API_KEY}", PHANTOM),
    (b"Bearer ${PHANTOMRUN_ENV_OPENAI_API_KEY}!", b"Bearer " + PHANTOM + b"!"),
    (b"${PHANTOMRUN_ENV_UNKNOWN}", b"${PHANTOMRUN_ENV_UNKNOWN}"),
    (b"$PHANTOMRUN_ENV_OPENAI_API_KEY", b"$PHANTOMRUN_ENV_OPENAI_API_KEY"),
]


@pytest.mark.parametrize(("value", "made"), PLACEHOLDERS)
def test_an_inherited_placeholder_is_expanded(value: bytes, made: bytes) -> None:
    assert _environ({b"SOME_KEY": value})[b"SOME_KEY"] == made


@pytest.mark.parametrize(
    ("inherited", "upper", "lower"),
    [
        ({}, b"127.0.0.1,localhost", b"127.0.0.1,localhost"),
        ({b"NO_PROXY": b"a.b"}, b"a.b,127.0.0.1,localhost", b"a.b,127.0.0.1,localhost"),
        ({b"no_proxy": b"a.b"}, b"a.b,127.0.0.1,localhost", b"a.b,127.0.0.1,localhost"),
        (
            {b"NO_PROXY": b"a.b", b"no_proxy": b"c.d"},
            b"a.b,127.0.0.1,localhost",
            b"c.d,127.0.0.1,localhost",
        ),
        ({b"NO_PROXY": b" a , ,localhost,"}, b"a,localhost,127.0.0.1", b"a,localhost,127.0.0.1"),
        ({b"NO_PROXY": b"*"}, b"*", b"*"),  # curl and requests know it only where it stands alone
        ({b"NO_PROXY": b""}, b"127.0.0.1,localhost", b"127.0.0.1,localhost"),
    ],
    ids=["none", "upper", "lower", "both", "untidy", "everything", "empty"],
)
def test_loopback_is_never_proxied(inherited: Environ, upper: bytes, lower: bytes) -> None:
    made = _environ(inherited)

    assert (made[b"NO_PROXY"], made[b"no_proxy"]) == (upper, lower)


def test_a_clean_environment_has_what_is_allowed_and_what_we_add() -> None:
    allowed = dict.fromkeys(
        (
            *(b"PATH", b"HOME", b"USER", b"SHELL", b"TERM", b"TZ", b"LANG", b"LC_ALL", b"TMPDIR"),
            *(b"XDG_RUNTIME_DIR", b"HTTPS_PROXY", b"https_proxy", b"ALL_PROXY", b"CI"),
            *(b"SSL_CERT_FILE", b"NODE_EXTRA_CA_CERTS", b"PHANTOMRUN_HOME", b"VIRTUAL_ENV"),
        ),
        b"x",
    )
    refused = dict.fromkeys((b"AWS_SECRET_ACCESS_KEY", b"PATHS", b"MY_PATH", b"LC_x"), b"x")

    made = _environ({**allowed, **refused}, clean=True)

    assert allowed.items() <= made.items()
    assert not refused.keys() & made.keys()
    assert made[b"OPENAI_API_KEY"] == PHANTOM


def test_what_was_inherited_is_not_changed() -> None:
    inherited = {b"A": REAL, b"B": OTHER}

    _environ(inherited)

    assert inherited == {b"A": REAL, b"B": OTHER}


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([b"curl", b"-H", b"Authorization: Bearer " + REAL], True),
        ([REAL], True),
        ([b64encode(b"user:" + REAL)], True),
        ([b"x" + REAL[:10], REAL[10:]], False),
        ([b"python", b"app.py"], False),
        ([], False),
        ([b"CANARY1"], True),
        ([b"x", b"CANARY1x"], False),  # a short one counts as a whole word
    ],
)
def test_finds_a_real_value_among_arguments(arguments: list[bytes], found: bool) -> None:
    secrets = [Secret("KEY", REAL), Secret("PIN", b"CANARY1")]

    assert (real_value(arguments, secrets) is not None) is found


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=8),
        st.lists(
            st.sampled_from([REAL, OTHER, PHANTOM, b"x", b"${PHANTOMRUN_ENV_OPENAI_API_KEY}"])
        ).map(b"".join),
        max_size=6,
    ),
    st.booleans(),
)
def test_no_real_value_gets_in(inherited: Environ, clean: bool) -> None:
    made = _environ(inherited, clean=clean)

    assert not any(REAL in value or OTHER in value for value in made.values())
    assert made[b"OPENAI_API_KEY"] == PHANTOM


def test_what_was_asked_for_by_name_stays_in_a_clean_environment() -> None:
    given = _given()._replace(added={b"PORT": b"8080", b"PHANTOMRUN_PASSPHRASE": b"x", b"K": REAL})

    made = child_environ({b"STRAY": b"1"}, given, others=(), clean=True)

    assert made[b"PORT"] == b"8080"
    assert made[b"K"] == PHANTOM
    assert b"STRAY" not in made
    assert b"PHANTOMRUN_PASSPHRASE" not in made
