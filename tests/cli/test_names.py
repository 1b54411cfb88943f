"""Names of secrets: what an environment variable can be called, and nothing that is ours."""

from __future__ import annotations

import pytest

from phantomrun.cli import names
from phantomrun.core.record import MAX_NAME_CHARS
from phantomrun.errors import ConfigError


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "_x", "lower", "A" * MAX_NAME_CHARS])
def test_a_name_may_be_what_a_shell_would_call_it(name: str) -> None:
    assert names.checked(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "1ST", "A=B", "A B", "A\n", "-x", ".x", "Ä", "A/B", "a-b", "A" * (MAX_NAME_CHARS + 1)],
    ids=repr,
)
def test_a_name_that_could_be_misread_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        names.checked(name)

    assert caught.value.code == "PR-NAME"
    assert "\n" not in caught.value.message
    assert len(name) < 4 or name not in caught.value.message


def test_our_own_variables_are_no_secrets() -> None:
    with pytest.raises(ConfigError, match="are our own"):
        names.checked("PHANTOMRUN_PASSPHRASE")
