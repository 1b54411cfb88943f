"""Responses: an upstream's answer as the child may see it, framed for it and scrubbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from phantomrun.wire.http.body import chunk, decoder, last_chunk
from phantomrun.wire.http.head import Framing, serialised
from phantomrun.wire.http.steer import child_link, child_location
from phantomrun.wire.scrub import Scrubber

if TYPE_CHECKING:
    from phantomrun.core.forms import Needles
    from phantomrun.core.route import Route, Upstream
    from phantomrun.wire.http.body import Decoder
    from phantomrun.wire.http.head import Fields, RequestHead, ResponseHead

# one would lead the child around us, the other says that we wrote the answer
_DROPPED = frozenset({b"alt-svc", b"phantomrun-error"})
_LOCATIONS = frozenset(
    {b"location", b"content-location", b"operation-location", b"azure-asyncoperation"}
)
_STEERED = _DROPPED | _LOCATIONS | {b"link"}


class Scope(NamedTuple):
    """Where an answer comes from and goes to, and what must not be in it."""

    route: Route
    upstream: Upstream
    needles: Needles
    origin: bytes  # of our listener, as the child knows it


class Response:
    """The answer to one request; every method returns bytes for the child."""

    __slots__ = (
        "_decoder",
        "_framing",
        "_head_only",
        "_scope",
        "_scrubber",
        "_version",
        "done",
        "persistent",
        "started",
        "until_close",
    )

    def __init__(self, request: RequestHead, scope: Scope) -> None:
        self._head_only = request.method == b"HEAD"
        self._version = request.version
        self._scope = scope
        self._scrubber = Scrubber(scope.needles)
        self._decoder: Decoder | None = None
        self._framing = Framing.NONE
        self.started = False  # the final head was returned
        self.done = False
        self.until_close = False  # the upstream's close is the end
        self.persistent = False  # the upstream's connection outlives the response

    @property
    def ends_by_close(self) -> bool:
        """Tell whether the child takes the end of the connection for the end of the body."""
        return self._framing is Framing.CLOSE

    def interim(self, head: ResponseHead) -> bytes:
        """Return a 1xx head; HTTP/1.0 does not know them (RFC 9110, section 15.2)."""
        return self._head(head, []) if self._version == "1.1" else b""

    def begin(self, head: ResponseHead, *, keep_alive: bool) -> bytes:
        """Return the final head; raises Unreachable for a body that cannot be scrubbed.

        `keep_alive` says whether the child's connection may go on; `ends_by_close` overrules it.
        """
        if head.framing is not Framing.NONE:
            self._decoder = decoder(head.fields)
        self._framing = self._reframed(head)
        self.until_close = head.framing is Framing.CLOSE
        self.persistent = head.keep_alive
        own: Fields = []
        if self._framing is Framing.CHUNKED:
            own.append((b"Transfer-Encoding", b"chunked"))
        elif head.length >= 0 and self._tells_length(head):
            own.append((b"Content-Length", b"%d" % head.length))
        if not keep_alive or self.ends_by_close:
            own.append((b"Connection", b"close"))
        self.started = True
        return self._head(head, own)

    def body(self, data: bytes) -> bytes:
        """Return what of the body may go on now."""
        plain = data if self._decoder is None else self._decoder.feed(data)
        return self._framed(self._scrubber.feed(plain))

    def end(self, trailers: Fields) -> bytes:
        """Return the rest; raises Malformed where a compressed body is incomplete."""
        if self._decoder is not None:
            self._decoder.finish()
        rest = self._framed(self._scrubber.flush())
        self.done = True
        if self._framing is Framing.CHUNKED:
            rest += last_chunk(self._scrubbed(trailers))
        return rest

    def _framed(self, data: bytes) -> bytes:
        return chunk(data) if self._framing is Framing.CHUNKED else data

    def _reframed(self, head: ResponseHead) -> Framing:
        """Return how the child is told of the end; scrubbing can make a body longer or shorter."""
        if head.framing is Framing.NONE:
            return Framing.NONE
        same_length = self._decoder is None and self._scope.needles.same_length
        if head.framing is Framing.LENGTH and same_length:
            return Framing.LENGTH
        return Framing.CHUNKED if self._version == "1.1" else Framing.CLOSE

    def _tells_length(self, head: ResponseHead) -> bool:
        # of a body that is not sent: RFC 9110, section 8.6
        unsent = self._framing is Framing.NONE and (self._head_only or head.status == 304)
        return unsent or self._framing is Framing.LENGTH

    def _head(self, head: ResponseHead, own: Fields) -> bytes:
        reason, fields = head.reason, self._steered(head.fields)
        whole = serialised(b"HTTP/1.1 %d %b" % (head.status, reason), fields + own)
        if not self._scope.needles.present(whole):
            return whole
        reason = self._scope.needles.replaced(reason)
        return serialised(b"HTTP/1.1 %d %b" % (head.status, reason), self._scrubbed(fields) + own)

    def _steered(self, fields: Fields) -> Fields:
        """Return `fields` with the upstream's URLs led back to us."""
        route, upstream, _, origin = self._scope
        steered: Fields = []
        for field in fields:
            name = field[0].lower()
            if name not in _STEERED:
                steered.append(field)
            elif name in _LOCATIONS:
                url = child_location(route, upstream, field[1], listener=origin)
                steered.append((field[0], url))
            elif name == b"link":
                value = child_link(route, upstream, field[1], listener=origin)
                steered.append((field[0], value))
        if self._decoder is not None:
            return [field for field in steered if field[0].lower() != b"content-encoding"]
        return steered

    def _scrubbed(self, fields: Fields) -> Fields:
        replaced = self._scope.needles.replaced
        return [(replaced(name), replaced(value)) for name, value in fields]
