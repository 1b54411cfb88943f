"""What the vault keeps about one secret, and what it will not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from phantomrun.core.secret import Secret

MAX_NAME_CHARS = 128
MIN_VALUE_BYTES = 8  # a shorter one could not be told from ordinary text on its way back
MAX_VALUE_BYTES = 32 * 1024  # no HTTP server in use accepts a longer field
_CONTROLS = {0: "a NUL byte", 10: "a newline", 13: "a carriage return", 9: "a tab"}


class Record(NamedTuple):
    """A secret with the upstream it may reach; all of it is sealed together.

    `upstream` is a URL without a trailing slash, `ca_pem` is empty when the system's authorities
    are enough, `created` and `changed` are seconds since 1970.
    """

    name: str
    value: Secret
    provider: str
    upstream: str
    ca_pem: str
    created: int
    changed: int


def check_value(name: str, value: bytes) -> None:
    """Raise ConfigError if no client could send `value` as the credential `name`."""
    if not value:
        raise ConfigError(f"the value of {name} is empty", code="PR-VALUE")
    if len(value) > MAX_VALUE_BYTES:
        raise ConfigError(
            f"the value of {name} has {len(value)} bytes; {MAX_VALUE_BYTES} is the most",
            code="PR-VALUE",
        )
    control = next((byte for byte in value if byte < 32 or byte == 127), None)
    if control is not None:
        raise ConfigError(
            f"the value of {name} contains {_CONTROLS.get(control, 'a control character')}",
            hint="a credential is one line of printable characters",
            code="PR-VALUE",
        )
    if len(value) < MIN_VALUE_BYTES:
        raise ConfigError(
            f"the value of {name} has less than {MIN_VALUE_BYTES} characters",
            hint="such a value cannot be recognised in an answer, so it could come back",
            code="PR-VALUE",
        )
