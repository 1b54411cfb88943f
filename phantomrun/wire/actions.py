"""What a wire asks of the relay, and what the relay tells a wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from phantomrun.core.route import Upstream


class Dial(NamedTuple):
    """Get a connection to `upstream`: an idle one, unless it must be `fresh`."""

    upstream: Upstream
    fresh: bool = False


class ToUpstream(NamedTuple):
    """Send to the connection last dialled; waits while that is being made."""

    data: bytes


class ToChild(NamedTuple):
    """Send to the child."""

    data: bytes


class Release(NamedTuple):
    """The exchange is over; the connection may be kept for another when `reusable`."""

    reusable: bool


class Hangup(NamedTuple):
    """Close the child's connection after what was sent, `reset` where only that says "cut"."""

    why: str
    reset: bool = False


Action = Dial | ToUpstream | ToChild | Release | Hangup


class Wire(Protocol):
    """One connection's worth of protocol. Empty data means the sender closed."""

    blocked: bool  # the child has sent more than can be acted on yet: stop reading from it

    def from_child(self, data: bytes) -> list[Action]: ...

    def from_upstream(self, data: bytes) -> list[Action]: ...

    def upstream_failed(self, why: str, *, code: str = ...) -> list[Action]: ...

    def reused(self, reused: bool) -> None: ...
