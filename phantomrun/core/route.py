"""Routes: which phantom may stand where, toward which upstream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from phantomrun.errors import ConfigError, Denied, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phantomrun.core.phantom import Phantom
    from phantomrun.core.provider import Provider, Slot

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"  # RFC 1035, section 2.3.4
_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|{_LABEL}(\.{_LABEL})*)"
    r"(:(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?\Z"
)
_USER = re.compile(r"//[^/?#]*@")
_LOOPBACK = re.compile(r"localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|::1")


class Upstream(NamedTuple):
    """The real server: where, and whom to trust. `ca_pem` adds to the system's store."""

    scheme: str
    host: str
    port: int
    path: str
    ca_pem: str = ""

    @property
    def authority(self) -> str:
        """Return host and port as a Host field holds them: no port where it is the default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


def parse_upstream(url: str, *, ca_pem: str = "") -> Upstream:
    """Return the upstream that `url` names; https, or http to loopback only.

    Raises ConfigError where the URL has another scheme, user information, a query or a fragment.
    """
    match = _URL.match(url)
    if match is None:
        shown = _USER.sub("//…@", url)
        raise ConfigError(
            f"{shown!r} is not the URL of an upstream",
            hint="write https://HOST[:PORT][/PATH], without user, query or fragment",
        )
    scheme, path = match["scheme"], (match["path"] or "").rstrip("/")
    host = match["host"].strip("[]").lower()
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not 0 < port < 65536:
        raise ConfigError(f"{url!r}: port {port} does not exist")
    if scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise ConfigError(
            f"{url!r} would send the secret over the network in the clear",
            hint="use https://; plain http:// is for loopback hosts only",
        )
    if any(part in (".", "..") for part in path.split("/")):
        raise ConfigError(f"{url!r} has a `.` or `..` in its path")
    return Upstream(scheme, host, port, path, ca_pem)


class Stand(NamedTuple):
    """A phantom of a route's book and the upstream its secret is sealed for."""

    phantom: Phantom
    upstream: Upstream


class Route:
    """A provider's door: the prefix its clients use, its slots, and its book of phantoms."""

    __slots__ = ("book", "fields", "in_target", "others", "prefix", "provider")

    def __init__(self, provider: Provider, book: tuple[Stand, ...]) -> None:
        self.provider = provider
        self.book = book
        self.fields = _by_field(provider.slots)  # field name in lower case → its slots
        self.in_target = tuple(slot for slot in provider.slots if slot.kind in ("query", "path"))
        self.prefix = b"" if provider.way == "port" else b"/" + provider.name.encode()
        self.others: tuple[Stand, ...] = ()  # the other routes' books, told apart by `find`

    def find(self, candidate: bytes) -> Stand | None:
        """Return the stand whose phantom is `candidate`, or None.

        Raises Denied when `candidate` is a phantom of another route.
        """
        found = _matching(self.book, candidate)
        if found is None:
            stranger = _matching(self.others, candidate)
            if stranger is not None:
                raise Denied(
                    f"this is the phantom of {stranger.phantom.secret.name}, "
                    f"which is not for {self.provider.title}"
                )
        return found

    def nobody(self, seen: bytes) -> Unauthenticated:
        """Return the refusal for a request whose slots hold no phantom; `seen` is one's content."""
        if seen.startswith(b"${PHANTOMRUN_ENV_"):
            return Unauthenticated(
                "the credential is a placeholder from a rewritten .env file: the program read the "
                "file without expanding ${…}; let the variable that is already set win"
            )
        what = "the credential is not a phantom of this run" if seen else "no credential was sent"
        return Unauthenticated(f"{what}; {self.provider.title} was not contacted")


def link(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Return `routes`, each knowing the phantoms of all others."""
    known = tuple(routes)
    for route in known:
        route.others = tuple(stand for other in known if other is not route for stand in other.book)
    return known


def _by_field(slots: Iterable[Slot]) -> dict[bytes, tuple[Slot, ...]]:
    found: dict[bytes, tuple[Slot, ...]] = {}
    for slot in slots:
        if slot.kind in ("header", "basic"):
            name = b"authorization" if slot.kind == "basic" else slot.name.encode()
            found[name] = (*found.get(name, ()), slot)
    return found


def _matching(book: tuple[Stand, ...], candidate: bytes) -> Stand | None:
    # SECURITY: every phantom is compared in full, so that the time taken tells nothing about how
    # much of a guess was right (test_looks_at_every_phantom_whatever_matches)
    from hmac import compare_digest  # 4 ms of start-up that a run's first request can bear

    found = None
    for stand in book:
        if compare_digest(stand.phantom.value, candidate):
            found = stand
    return found
