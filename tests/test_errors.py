"""The tree of failures: what each costs, and that it can be shown."""

from __future__ import annotations

import pytest

from phantomrun import errors
from phantomrun.errors import Failure, LaunchError, PhantomrunError, Refusal


def _all(kind: type[PhantomrunError]) -> list[type[PhantomrunError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all(child))]


@pytest.mark.parametrize("kind", _all(PhantomrunError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_that_can_be_looked_up(kind: type[PhantomrunError]) -> None:
    assert kind.code.startswith("PR-")
    assert kind.code.removeprefix("PR-").isupper()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigError, 2),
        (errors.NotFound, 3),
        (errors.VaultMissing, 1),
        (errors.VaultLocked, 4),
        (errors.VaultDamaged, 1),
        (errors.PolicyError, 5),
        (errors.LaunchError, 125),
    ],
)
def test_exit_codes_are_the_documented_ones(kind: type[Failure], code: int) -> None:
    assert kind("what happened", hint="what to type").exit_code == code


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Malformed, 400),
        (errors.Unauthenticated, 401),
        (errors.Denied, 403),
        (errors.Unreachable, 502),
    ],
)
def test_refusals_have_the_documented_status(kind: type[Refusal], status: int) -> None:
    assert kind("why").status == status


def test_a_failure_may_carry_a_code_of_its_own() -> None:
    failure = LaunchError("found, but not executable", exit_code=126, code="PR-EXEC")

    assert (failure.exit_code, failure.code, str(failure)) == (126, "PR-EXEC", failure.message)
