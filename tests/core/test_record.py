"""Names and values that the vault keeps, and those it refuses."""

from __future__ import annotations

import pytest

from phantomrun.core.record import MAX_VALUE_BYTES, Record, check_value
from phantomrun.core.secret import Secret
from phantomrun.errors import ConfigError


@pytest.mark.parametrize("value", [b"8 bytes.", "über-Schlüssel".encode(), b"x" * MAX_VALUE_BYTES])
def test_a_value_may_be_any_one_line(value: bytes) -> None:
    check_value("NAME", value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "is empty"),
        (b"CANARY\n", "a newline"),
        (b"CANARY\r\n", "a carriage return"),
        (b"CAN\0ARY", "a NUL byte"),
        (b"CAN\tARY", "a tab"),
        (b"CAN\x1b[0mARY", "a control character"),
        (b"CANARY\x7f", "a control character"),
        (b"x" * (MAX_VALUE_BYTES + 1), f"{MAX_VALUE_BYTES} is the most"),
        (b"CANARY7", "less than 8 characters"),
    ],
    ids=["empty", "newline", "crlf", "nul", "tab", "escape", "delete", "long", "short"],
)
def test_a_value_no_client_could_send_is_refused_without_showing_it(value: bytes, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_value("NAME", value)

    assert why in caught.value.message
    assert "NAME" in caught.value.message
    assert "CAN" not in caught.value.message + caught.value.hint


def test_a_record_shows_everything_but_its_value() -> None:
    record = Record("NAME", Secret("NAME", b"CANARY"), "openai", "https://x", "", 1, 2)

    assert "https://x" in repr(record)
    assert "CANARY" not in repr(record)
