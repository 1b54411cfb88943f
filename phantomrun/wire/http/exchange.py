"""Exchanges: one child's connection, request by request, between the child and its upstreams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantomrun.core.forms import Needle, Needles, needles
from phantomrun.errors import Malformed, Refusal, Unreachable
from phantomrun.wire.actions import Action, Dial, Hangup, Release, ToChild, ToUpstream
from phantomrun.wire.http import answer
from phantomrun.wire.http.body import Decoder, chunk, decoder, last_chunk
from phantomrun.wire.http.head import (
    Framing,
    RequestHead,
    ResponseHead,
    forwardable,
    serialised,
    values,
)
from phantomrun.wire.http.parse import End, RequestReader, ResponseReader
from phantomrun.wire.http.steer import child_link, child_location, origin_form, upstream_target
from phantomrun.wire.scrub import Scrubber
from phantomrun.wire.swap import Swapped, swap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phantomrun.core.provider import Errors
    from phantomrun.core.route import Route
    from phantomrun.wire.http.head import Fields
    from phantomrun.wire.http.parse import Event

_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})  # RFC 9110, section 9.2.2
_DROPPED_FROM_RESPONSES = frozenset({b"alt-svc"})  # would lead the child around us


class NoRoute(Refusal):
    """The path begins with no route of this run."""

    status = 404
    code = "PR-NOROUTE"


class NotSpoken(Refusal):
    """The request asks for something that this proxy does not do."""

    status = 501
    code = "PR-UPGRADE"


class Door:
    """What one listener serves: routes by prefix, and the origin that the child knows it by."""

    __slots__ = ("_compiled", "_needles", "_routes", "fingerprint", "origin", "run_id")

    def __init__(
        self, routes: Iterable[Route], *, origin: str, run_id: str = "", fingerprint: str = ""
    ) -> None:
        self._routes = {route.prefix: route for route in routes}  # b"" alone: a port of its own
        self._needles = {
            prefix: [form for stand in route.book for form in needles(stand.phantom)]
            for prefix, route in self._routes.items()
        }
        self._compiled = {prefix: Needles(forms) for prefix, forms in self._needles.items()}
        self.origin = origin.encode()
        self.run_id = run_id.encode()
        self.fingerprint = fingerprint.encode()

    def route(self, target: bytes) -> Route:
        """Return the route that `target` begins with; raises NoRoute."""
        only = self._routes.get(b"")
        if only is not None:
            return only
        first = target[1:].partition(b"/")[0].partition(b"?")[0]
        found = self._routes.get(b"/" + first)
        if found is None:
            raise NoRoute(f"no provider of this run is called {first[:60].decode('latin-1')!r}")
        return found

    def needles(self, route: Route, echoes: tuple[Needle, ...]) -> Needles:
        """Return the forms to look for: of every secret of the route, not only the one in use."""
        if not echoes:
            return self._compiled[route.prefix]
        return Needles([*echoes, *self._needles[route.prefix]])


class _Exchange:
    """One request and its response, while it lasts."""

    __slots__ = (
        "child_version",
        "decoder",
        "fresh",
        "head_only",
        "keep_alive",
        "needles",
        "reader",
        "replayable",
        "request",
        "request_framing",
        "requested",
        "responded",
        "response_framing",
        "route",
        "scrub",
        "started",
        "swapped",
        "until_close",
        "upstream_keep_alive",
    )

    def __init__(self, head: RequestHead, route: Route, swapped: Swapped, forms: Needles) -> None:
        self.route = route
        self.swapped = swapped
        self.head_only = head.method == b"HEAD"
        self.child_version = head.version
        self.keep_alive = head.keep_alive
        self.request_framing = head.framing
        self.requested = False  # the request is complete
        self.started = False  # the final response's head went to the child
        self.responded = False  # the response is complete
        self.fresh = False
        self.replayable = head.method in _IDEMPOTENT and head.framing is Framing.NONE
        self.request = b""
        self.reader = ResponseReader(head_only=self.head_only)
        self.response_framing = Framing.NONE
        self.until_close = False
        self.upstream_keep_alive = False
        self.needles = forms
        self.scrub = Scrubber(self.needles)
        self.decoder: Decoder | None = None


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
        if self._closing:
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
        if not data:
            return self._upstream_closed(now)
        actions: list[Action] = []
        try:
            for event in now.reader.feed(data):
                self._answer(now, event, actions)
        except Malformed as problem:
            return [*actions, *self._cut(now, Unreachable(f"the answer is no use: {problem}"))]
        except Unreachable as problem:
            return [*actions, *self._cut(now, problem)]
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
        self.blocked = bool(self._waiting) or self._broken is not None
        return actions

    def _act(self, event: Event, actions: list[Action]) -> bool:
        """Do what one event of the child asks; false when it must wait for the response."""
        if isinstance(event, RequestHead):
            if self._now is not None:
                return False
            self._begin(event, actions)
            return True
        now = self._now
        if now is None or now.requested:
            return now is None and not self._closing  # the rest of a refused request
        if isinstance(event, bytes):
            framed = chunk(event) if now.request_framing is Framing.CHUNKED else event
            actions.append(ToUpstream(framed))
        elif isinstance(event, End):
            now.requested = True
            if now.request_framing is Framing.CHUNKED:
                actions.append(ToUpstream(last_chunk(event.trailers)))
        return True

    def _begin(self, head: RequestHead, actions: list[Action]) -> None:
        shape: Errors = "problem"
        try:
            target = origin_form(head.target)
            if target.startswith(b"/.phantomrun/"):
                actions += self._present(head, target)
                return
            route = self._door.route(target)
            shape = route.provider.errors
            if any(value.lower() == b"websocket" for value in values(head.fields, b"upgrade")):
                raise NotSpoken("WebSocket is not forwarded by this version")
            swapped = swap(route, forwardable(head.fields), target)
        except Refusal as refusal:
            actions += self._refuse(refusal, head, shape)
            return
        forms = self._door.needles(route, swapped.echoes)
        self._now = now = _Exchange(head, route, swapped, forms)
        upstream = swapped.stands[0].upstream
        now.request = _request_bytes(head, route, swapped)
        actions += [Dial(upstream), ToUpstream(now.request)]

    def _refuse(self, refusal: Refusal, head: RequestHead, shape: Errors) -> list[Action]:
        # a body that is still coming is not waited for
        close = not head.keep_alive or head.framing is not Framing.NONE
        said = answer.refused(refusal, shape=shape, bodiless=head.method == b"HEAD", close=close)
        if not close:
            return [ToChild(said)]
        self._closing = True
        return [ToChild(said), Hangup(refusal.message)]

    def _present(self, head: RequestHead, target: bytes) -> list[Action]:
        """Answer a nested phantomrun that asks whether this run still serves."""
        if target != b"/.phantomrun/" + self._door.run_id:
            return self._refuse(NoRoute("no such run"), head, "problem")
        self._closing = True
        body = self._door.fingerprint
        said = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        return [ToChild(said + body), Hangup("presented")]

    def _child_broken(self, problem: Malformed) -> list[Action]:
        now = self._now
        if now is not None and now.requested:
            return []  # its turn comes after the response
        self._closing = True
        if now is not None and now.started:
            return [Hangup(problem.message, reset=True)]
        shape: Errors = now.route.provider.errors if now is not None else "problem"
        said = answer.refused(problem, shape=shape, bodiless=False, close=True)
        return [ToChild(said), Hangup(problem.message)]

    # the upstream's side

    def _answer(self, now: _Exchange, event: Event, actions: list[Action]) -> None:
        if isinstance(event, ResponseHead):
            if event.status == 101:
                raise Malformed("101 unasked")
            if not event.interim:
                self._respond(now, event, actions)
            elif now.child_version == "1.1":
                start = b"HTTP/1.1 %d %b" % (event.status, event.reason)
                fields = _scrubbed(now, event.fields, self._door.origin)
                actions.append(ToChild(serialised(start, fields)))
        elif isinstance(event, bytes):
            plain = event if now.decoder is None else now.decoder.feed(event)
            _body(now, now.scrub.feed(plain), actions)
        elif isinstance(event, End):
            _finish(now, event.trailers, actions)

    def _respond(self, now: _Exchange, head: ResponseHead, actions: list[Action]) -> None:
        now.decoder = decoder(head.fields) if head.framing is not Framing.NONE else None
        now.upstream_keep_alive = head.keep_alive and head.framing is not Framing.CLOSE
        now.until_close = head.framing is Framing.CLOSE
        fields = _scrubbed(now, head.fields, self._door.origin)
        if now.decoder is not None:
            fields = [field for field in fields if field[0].lower() != b"content-encoding"]
        now.response_framing = _child_framing(now, head)
        if now.response_framing is Framing.CLOSE or not now.requested:
            now.keep_alive = False
        fields += _framing_fields(now, head)
        now.started = True
        reason = now.needles.replaced(head.reason)
        actions.append(ToChild(serialised(b"HTTP/1.1 %d %b" % (head.status, reason), fields)))

    def _settle(self, now: _Exchange, actions: list[Action]) -> list[Action]:
        """Go on to the child's next request where this exchange is complete on both sides."""
        if not now.responded:
            return actions
        reusable = now.requested and now.upstream_keep_alive and not now.reader.excess
        self._now = None
        actions.append(Release(reusable))
        if not now.keep_alive:
            self._closing = True
            actions.append(Hangup("the exchange was the last one"))
            return actions
        return actions + self._advance()

    def _upstream_closed(self, now: _Exchange) -> list[Action]:
        if now.started and now.until_close:
            actions: list[Action] = []
            try:
                _finish(now, [], actions)
            except Malformed as problem:
                return self._cut(now, Unreachable(problem.message))
            now.upstream_keep_alive = False
            return self._settle(now, actions)
        return self._cut(now, Unreachable("the upstream closed the connection without an answer"))

    def _cut(self, now: _Exchange, problem: Unreachable) -> list[Action]:
        """End an exchange that the upstream did not: retry, refuse, or cut the child off."""
        if now.started:
            # SECURITY: a cut answer must not look complete
            # (test_a_cut_upstream_is_a_cut_connection)
            self._closing = True
            return [Hangup(problem.message, reset=now.response_framing is Framing.CLOSE)]
        if now.replayable and not now.fresh and problem.code == "PR-UNREACHABLE":
            # the idle connection had gone stale (RFC 9110, section 9.2.2)
            now.fresh = True
            now.reader = ResponseReader(head_only=now.head_only)
            upstream = now.swapped.stands[0].upstream
            return [Dial(upstream, fresh=True), ToUpstream(now.request)]
        close = not (now.keep_alive and now.requested)
        said = answer.refused(
            problem, shape=now.route.provider.errors, bodiless=now.head_only, close=close
        )
        self._now = None
        if close:
            self._closing = True
            return [Release(reusable=False), ToChild(said), Hangup(problem.message)]
        return [Release(reusable=False), ToChild(said), *self._advance()]


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


def _scrubbed(now: _Exchange, fields: Fields, origin: bytes) -> Fields:
    """Return a response's fields as the child may see them."""
    upstream = now.swapped.stands[0].upstream
    scrubbed: Fields = []
    for name, value in forwardable(fields):
        lower = name.lower()
        if lower in _DROPPED_FROM_RESPONSES:
            continue
        if lower in (b"location", b"content-location"):
            value = child_location(now.route, upstream, value, listener=origin)
        elif lower == b"link":
            value = child_link(now.route, upstream, value, listener=origin)
        scrubbed.append((now.needles.replaced(name), now.needles.replaced(value)))
    return scrubbed


def _child_framing(now: _Exchange, head: ResponseHead) -> Framing:
    if head.framing is Framing.NONE:
        return Framing.NONE
    same_length = now.decoder is None and now.needles.same_length
    if head.framing is Framing.LENGTH and same_length:
        return Framing.LENGTH
    return Framing.CHUNKED if now.child_version == "1.1" else Framing.CLOSE


def _framing_fields(now: _Exchange, head: ResponseHead) -> Fields:
    fields: Fields = []
    if now.response_framing is Framing.LENGTH:
        fields.append((b"Content-Length", b"%d" % head.length))
    elif now.response_framing is Framing.CHUNKED:
        fields.append((b"Transfer-Encoding", b"chunked"))
    elif now.response_framing is Framing.NONE and (now.head_only or head.status == 304):
        # what the body would be: RFC 9110, section 8.6
        fields += [(b"Content-Length", value) for value in values(head.fields, b"content-length")]
    if not now.keep_alive:
        fields.append((b"Connection", b"close"))
    return fields


def _body(now: _Exchange, data: bytes, actions: list[Action]) -> None:
    if data:
        framed = chunk(data) if now.response_framing is Framing.CHUNKED else data
        actions.append(ToChild(framed))


def _finish(now: _Exchange, trailers: Fields, actions: list[Action]) -> None:
    if now.decoder is not None:
        _body(now, now.scrub.feed(now.decoder.finish()), actions)
    _body(now, now.scrub.flush(), actions)
    if now.response_framing is Framing.CHUNKED:
        scrubbed = [(name, now.needles.replaced(value)) for name, value in trailers]
        actions.append(ToChild(last_chunk(scrubbed)))
    now.responded = True
