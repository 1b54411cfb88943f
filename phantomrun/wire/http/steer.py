"""Steering: the child's paths to the upstream's, and the upstream's URLs back to the child's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from phantomrun.errors import Malformed

if TYPE_CHECKING:
    from phantomrun.core.route import Route, Upstream

_DOT_SEGMENT = re.compile(
    rb"(?:^|/|\\|%2[fF]|%5[cC])(?:\.|%2[eE]){1,2}(?:$|[/?#;\\]|%2[fF]|%5[cC])"
)
_TARGET = re.compile(rb"[!-~\x80-\xff]+\Z")
_ABSOLUTE = re.compile(rb"(?i)https?://[^/?#]*")
_PORT = re.compile(rb":([0-9]+)\Z")
_ANOTHER_VERSION = re.compile(rb"/v[0-9][0-9a-z]*(?:[/?]|\Z)")
_LINK_URL = re.compile(rb"<([^<>]*)>")


def origin_form(target: bytes) -> bytes:
    """Return `target` in origin form; absolute form is accepted too (RFC 9112, section 3.2.2).

    Raises Malformed for other forms, fragments, and dot segments, which two readers could
    resolve to two places.
    """
    match = _ABSOLUTE.match(target)
    if match:
        target = target[match.end() :]
        target = target if target.startswith(b"/") else b"/" + target
    if not target.startswith(b"/") or not _TARGET.match(target) or b"#" in target:
        raise Malformed("the request target is not a path")
    # SECURITY: a sealed upstream's path is a border too (test_refuses_dot_segments)
    if _DOT_SEGMENT.search(target.partition(b"?")[0]):
        raise Malformed("the path has a dot segment")
    return target


def upstream_target(route: Route, upstream: Upstream, target: bytes) -> bytes:
    """Return the upstream's target for the child's `target`, which begins with the route's prefix.

    The provider's version segment may be there once, several times or not at all: clients
    disagree about who adds it. A path that begins with another version keeps that one.
    """
    given = target[len(route.prefix) :]
    version = route.provider.version.encode()
    rest = given
    while version and _starts(rest, version):
        rest = rest[len(version) :]
    root = _root(route, upstream)
    if rest is given and _ANOTHER_VERSION.match(rest):
        root = upstream.path.encode()  # what was sealed, to which `_root` may have added
    whole = root + rest
    return whole if whole.startswith(b"/") else b"/" + whole


def child_location(route: Route, upstream: Upstream, url: bytes, *, listener: bytes) -> bytes:
    """Return `url` as the child must see it: within the bound upstream it leads back to us.

    `listener` is the origin the child uses, without a path. Elsewhere stays elsewhere.
    """
    match = _ABSOLUTE.match(url)
    if match:
        origin, rest = match[0], url[match.end() :]
    elif url.startswith(b"//"):  # a relative reference keeps the scheme, and ours is another
        return child_location(
            route, upstream, upstream.scheme.encode() + b":" + url, listener=listener
        )
    elif url.startswith(b"/"):
        origin, rest = upstream.origin.encode(), url
    else:
        return url
    root = _root(route, upstream)
    if not (_same_origin(origin, upstream) and _starts(rest, root)):
        return origin + rest
    back = route.prefix + route.provider.version.encode() + rest[len(root) :]
    return (listener if match else b"") + (back or b"/")


def child_link(route: Route, upstream: Upstream, value: bytes, *, listener: bytes) -> bytes:
    """Return a Link field's value (RFC 8288) with every URL of the upstream led back to us."""
    return _LINK_URL.sub(
        lambda match: b"<" + child_location(route, upstream, match[1], listener=listener) + b">",
        value,
    )


def _root(route: Route, upstream: Upstream) -> bytes:
    """Return the path on the upstream that a child's path without prefix and version follows.

    A sealed URL is what the SDK's own variable would hold, so it ends in the version exactly
    where that variable's canonical value does.
    """
    path = upstream.path.encode()
    version = route.provider.version.encode()
    canonical = next(iter(route.provider.points.values()), "")
    if not version or canonical.endswith(route.provider.version):
        return path
    return path if path.endswith(version) else path + version


def _starts(path: bytes, prefix: bytes) -> bool:
    after = path[len(prefix) : len(prefix) + 1]
    return path.startswith(prefix) and after in (b"", b"/", b"?", b"#")


def _same_origin(origin: bytes, upstream: Upstream) -> bool:
    scheme, _, authority = origin.lower().partition(b"://")
    host, port = authority, b""
    if (match := _PORT.search(authority)) is not None:
        host, port = authority[: match.start()], match[1]
    wanted = f"[{upstream.host}]" if ":" in upstream.host else upstream.host
    default = b"443" if scheme == b"https" else b"80"
    return (
        scheme == upstream.scheme.encode()
        and host == wanted.encode()
        and (port or default) == str(upstream.port).encode()
    )
