"""Exchanges: one child's connection, request by request, between the child and its upstreams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantomrun.errors import Malformed, Refusal, Unreachable
from phantomrun.wire.actions import Action, Dial, Hangup, Release, ToChild, ToUpstream
from phantomrun.wire.http import answer
from phantomrun.wire.http.body import chunk, last_chunk
from phantomrun.wire.http.head import Framing, RequestHead, ResponseHead, serialised
from phantomrun.wire.http.parse import End, RequestReader, ResponseReader
from phantomrun.wire.http.response import Response, Scope
from phantomrun.wire.http.steer import origin_form, upstream_target
from phantomrun.wire.swap import Swapped, swap

if TYPE_CHECKING:
    from phantomrun.core.provider import Errors
    from phantomrun.core.route import Route
    from phantomrun.wire.http.door import Door
    from phantomrun.wire.http.head import Fields
    from phantomrun.wire.http.parse import Event

_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})  # RFC 9110, section 9.2.2


class NotSpoken(Refusal):
    """The request asks for something that this proxy does not do."""

    status = 501
    code = "PR-UPGRADE"


class _Exchange:
    """One request and its response, while it lasts."""

    __slots__ = (
        "fresh",
        "head",
        "heard",
        "keep_alive",
        "reader",
        "request",
        "requested",
        "response",
        "route",
        "upstream",
    )

    def __init__(self, head: RequestHead, route: Route, swapped: Swapped, response: Response):
        self.head = head
        self.route = route
        self.upstream = swapped.stands[0].upstream
        self.request = _request_bytes(head, route, swapped)
        self.response = response
        self.reader = ResponseReader(head_only=head.method == b"HEAD")
        self.keep_alive = head.keep_alive
        self.requested = False  # the request is complete
        self.fresh = False  # the upstream's connection was made for this exchange
        self.heard = False  # something came back

    @property
    def replayable(self) -> bool:
        """Tell whether a stale idle connection is the likely reason for a failure, and harmless."""
        bodiless = self.head.method in _IDEMPOTENT and self.head.framing is Framing.NONE
        return bodiless and not self.fresh and not self.heard


class HttpWire:
    """HTTP/1.1 between one child's connection and the upstreams of its routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._child = RequestReader()
        self._waiting: list[Event] = []
        self._broken: Malformed | None = None  # what the child sent after `_waiting`
        self._now: _Exchange | None = None
        self._closing = False
        self.blocked = False

    def from_child(self, data: bytes) -> list[Action]:
        """Return what to do about the child's bytes; empty data: it closed."""
        if not data:
            self._closing = True
            return [Hangup("the child closed its connection")]
        if self._closing or self._broken is not None:
            return []
        try:
            self._child.feed(data)
        except Malformed as problem:
            self._broken = problem
        self._waiting += self._child.taken()
        return self._advance()

    def from_upstream(self, data: bytes) -> list[Action]:
        """Return what to do about the upstream's bytes; empty data: it closed."""
        now = self._now
        if now is None or self._closing:
            return []
        actions: list[Action] = []
        try:
            if data:
                self._answer(now, data, actions)
            else:
                _end_by_close(now, actions)
        except Refusal as problem:
            return actions + self._cut(now, problem)
        return self._settle(now, actions)

    def upstream_failed(self, why: str, *, code: str = "PR-UNREACHABLE") -> list[Action]:
        """Return what to do now that the upstream could not be dialled, or its connection broke."""
        now = self._now
        if now is None or self._closing:
            return []
        return self._cut(now, Unreachable(why, code=code))

    def reused(self, reused: bool) -> None:
        """Take note whether the connection just dialled had been idle: then it may be stale."""
        if self._now is not None:
            self._now.fresh = not reused

    # the child's side

    def _advance(self) -> list[Action]:
        actions: list[Action] = []
        taken = 0
        for event in self._waiting:
            if self._closing or not self._act(event, actions):
                break
            taken += 1
        del self._waiting[:taken]
        if self._broken is not None and not self._waiting and not self._closing:
            actions += self._child_broken(self._broken)
        if self._closing:
            self._waiting.clear()
        self.blocked = not self._closing and (bool(self._waiting) or self._broken is not None)
        return actions

    def _act(self, event: Event, actions: list[Action]) -> bool:
        """Do what one event of the child asks; false when it must wait for the response."""
        now = self._now
        if isinstance(event, RequestHead):
            if now is None:
                self._begin(event, actions)
            return now is None
        if now is None:
            return True  # the end of a refused request
        chunked = now.head.framing is Framing.CHUNKED
        if isinstance(event, bytes):
            actions.append(ToUpstream(chunk(event) if chunked else event))
        elif isinstance(event, End):
            now.requested = True
            if chunked:
                actions.append(ToUpstream(last_chunk(event.trailers)))
        return True

    def _begin(self, head: RequestHead, actions: list[Action]) -> None:
        shape: Errors = "problem"
        try:
            target = origin_form(head.target)
            fingerprint = self._door.presented(target)
            if fingerprint is not None:
                actions += self._say(answer.presence(fingerprint), "presented", close=True)
                return
            route = self._door.route(target)
            shape = route.provider.errors
            if b"websocket" in head.upgrade.lower():
                raise NotSpoken("WebSocket is not forwarded by this version")
            swapped = swap(route, head.fields, target)
        except Refusal as refusal:
            # a body that is still coming is not waited for
            close = not head.keep_alive or head.framing is not Framing.NONE
            actions += self._refuse(refusal, shape, head, close=close)
            return
        needles = self._door.needles(route, swapped.echoes)
        upstream = swapped.stands[0].upstream
        response = Response(head, Scope(route, upstream, needles, self._door.origin))
        self._now = now = _Exchange(head, route, swapped, response)
        actions += (Dial(upstream), ToUpstream(now.request))

    def _child_broken(self, problem: Malformed) -> list[Action]:
        now = self._now
        if now is not None and now.requested:
            return []  # its turn comes after the response
        if now is not None and now.response.started:
            self._closing = True
            return [Hangup(problem.message, reset=True)]
        if now is None:
            return self._refuse(problem, "problem", None, close=True)
        return self._refuse(problem, now.route.provider.errors, now.head, close=True)

    def _refuse(
        self, refusal: Refusal, shape: Errors, head: RequestHead | None, *, close: bool
    ) -> list[Action]:
        bodiless = head is not None and head.method == b"HEAD"
        said = answer.refused(refusal, shape=shape, bodiless=bodiless, close=close)
        return self._say(said, refusal.message, close=close)

    def _say(self, said: bytes, why: str, *, close: bool) -> list[Action]:
        if not close:
            return [ToChild(said)]
        self._closing = True
        return [ToChild(said), Hangup(why)]

    # the upstream's side

    def _answer(self, now: _Exchange, data: bytes, actions: list[Action]) -> None:
        """Read `data`; what came before a mistake is passed on all the same."""
        now.heard = True
        problem = ""
        try:
            now.reader.feed(data)
        except Malformed as broken:
            problem = broken.message
        for event in now.reader.taken():
            said = _said(now, event)
            if said:
                actions.append(ToChild(said))
        if problem:
            raise Unreachable(f"the answer is no use: {problem}")

    def _settle(self, now: _Exchange, actions: list[Action]) -> list[Action]:
        """Go on to the child's next request where this exchange is complete on both sides."""
        if not now.response.done:
            return actions
        reusable = now.requested and now.response.persistent and not now.reader.excess
        self._now = None
        actions.append(Release(reusable))
        if not now.keep_alive:
            self._closing = True
            actions.append(Hangup("the exchange was the last one"))
            return actions
        return actions + self._advance()

    def _cut(self, now: _Exchange, problem: Refusal) -> list[Action]:
        """End an exchange that the upstream did not: retry, refuse, or cut the child off."""
        if now.response.started:
            # SECURITY: a cut answer must not look complete
            # (test_a_cut_upstream_is_a_cut_connection)
            self._closing = True
            return [Hangup(problem.message, reset=now.response.ends_by_close)]
        if now.replayable:
            now.fresh = True
            return [Dial(now.upstream, fresh=True), ToUpstream(now.request)]
        self._now = None
        close = not (now.keep_alive and now.requested)
        said = self._refuse(problem, now.route.provider.errors, now.head, close=close)
        return [Release(reusable=False), *said, *self._advance()]


def _end_by_close(now: _Exchange, actions: list[Action]) -> None:
    if not (now.response.started and now.response.until_close):
        raise Unreachable("the upstream closed the connection too early")
    rest = now.response.end([])
    if rest:
        actions.append(ToChild(rest))


def _said(now: _Exchange, event: Event) -> bytes:
    """Return what the child hears of one event of the upstream."""
    response = now.response
    if isinstance(event, bytes):
        return response.body(event)
    if isinstance(event, End):
        return response.end(event.trailers)
    if not isinstance(event, ResponseHead):
        return b""
    if event.interim:
        return response.interim(event)
    # the child may still be sending: whatever follows could be the rest of its body
    now.keep_alive = now.keep_alive and now.requested
    said = response.begin(event, keep_alive=now.keep_alive)
    now.keep_alive = now.keep_alive and not response.ends_by_close
    return said


def _request_bytes(head: RequestHead, route: Route, swapped: Swapped) -> bytes:
    upstream = swapped.stands[0].upstream
    target = upstream_target(route, upstream, swapped.target)
    fields: Fields = [(b"Host", upstream.authority.encode()), *swapped.fields]
    # scrubbing needs to read the answer
    fields.append((b"Accept-Encoding", b"identity"))
    if head.framing is Framing.LENGTH:
        fields.append((b"Content-Length", b"%d" % head.length))
    elif head.framing is Framing.CHUNKED:
        fields.append((b"Transfer-Encoding", b"chunked"))
    return serialised(b"%b %b HTTP/1.1" % (head.method, target), fields)
