"""Looking at a real value without showing it: the verbs do that here, and in `get`."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phantomrun.core.secret import Secret


def text(secret: Secret) -> str:
    """Return a value to be recognised by its shape; never to be stored, printed or raised."""
    return secret.reveal().decode("utf-8", "surrogateescape")


def same(one: Secret, other: Secret) -> bool:
    """Return whether two values are equal."""
    return hmac.compare_digest(one.reveal(), other.reveal())
