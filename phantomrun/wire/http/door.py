"""Doors: what one listener serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantomrun.core.forms import Needle, Needles, needles
from phantomrun.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phantomrun.core.route import Route

_PRESENCE = b"/.phantomrun/"  # a nested phantomrun asks here whether this run still serves


class NoRoute(Refusal):
    """The path begins with no route of this run."""

    status = 404
    code = "PR-NOROUTE"


class Door:
    """Routes by prefix, the forms to scrub on each, and the origin that the child knows us by."""

    __slots__ = ("_compiled", "_fingerprint", "_needles", "_presence", "_routes", "origin")

    def __init__(
        self, routes: Iterable[Route], *, origin: str, run_id: str = "", fingerprint: str = ""
    ) -> None:
        self._routes = {route.prefix: route for route in routes}  # b"" alone: a port of its own
        self._needles = {
            prefix: [
                form for stand in (*route.book, *route.others) for form in needles(stand.phantom)
            ]
            for prefix, route in self._routes.items()
        }
        self._compiled = {prefix: Needles(forms) for prefix, forms in self._needles.items()}
        self._presence = _PRESENCE + run_id.encode() if run_id else b""
        self._fingerprint = fingerprint.encode()
        self.origin = origin.encode()

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
        """Return the forms to look for: of every secret of the run, not only the one in use."""
        # SECURITY: two routes may lead to one upstream, which can show on either what it was
        # sent on the other (test_the_secrets_of_all_routes_are_scrubbed_on_each)
        if not echoes:
            return self._compiled[route.prefix]
        return Needles([*echoes, *self._needles[route.prefix]])

    def presented(self, target: bytes) -> bytes | None:
        """Return this run's fingerprint where `target` asks for it by the run's id."""
        return self._fingerprint if self._presence and target == self._presence else None
