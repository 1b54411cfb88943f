"""Swapping: phantom → secret on the way out, only in the provider's slots."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from phantomrun.core.forms import Needle
from phantomrun.errors import Malformed

if TYPE_CHECKING:
    from phantomrun.core.provider import Slot
    from phantomrun.core.route import Route, Stand

Fields = list[tuple[bytes, bytes]]


class Swapped(NamedTuple):
    """A request's credential fields and target with the secret in place."""

    fields: Fields
    target: bytes
    stands: tuple[Stand, ...]  # at least one; all lead to the same upstream
    echoes: tuple[Needle, ...]  # whole Basic credentials, should the upstream send them back


class Swap:
    """The swaps of one request: step 1 collects, step 2 refuses, step 3 tells what was used."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._stands: list[Stand] = []
        self._echoes: list[Needle] = []
        self._seen = b""

    def credential(self, candidate: bytes) -> bytes | None:
        """Return the secret that `candidate` is the phantom of, or None."""
        stand = self._route.find(candidate)
        if stand is None:
            self._seen = self._seen or candidate
            return None
        if any(stand.upstream != other.upstream for other in self._stands):
            raise Malformed("two phantoms in one request lead to two upstreams")
        self._stands.append(stand)
        return stand.phantom.secret.reveal()

    def field(self, slots: tuple[Slot, ...], value: bytes) -> bytes:
        """Return the field `value` swapped by the first of its slots that fits."""
        value = value.rstrip(b" \t")
        halves = {slot.name for slot in slots if slot.kind == "basic"}
        if halves:
            swapped = self.basic(halves, value)
            if swapped is not value:
                return swapped
        for slot in slots:
            if slot.kind == "header":
                swapped = self.header(slot, value)
                if swapped is not value:
                    return swapped
        return value

    def header(self, slot: Slot, value: bytes) -> bytes:
        """Return the field `value` with the credential after the slot's scheme swapped."""
        scheme = slot.scheme.encode()
        if value[: len(scheme)].lower() != scheme.lower():
            return value
        start = len(value) - len(value[len(scheme) :].lstrip(b" \t"))
        secret = self.credential(value[start:])
        return value if secret is None else value[:start] + secret

    def basic(self, halves: set[str], value: bytes) -> bytes:
        """Return a Basic credential (RFC 7617, section 2) with its halves swapped."""
        if value[:6].lower() != b"basic ":
            return value
        try:
            user, colon, password = b64decode(value[6:].strip(), validate=True).partition(b":")
        except binascii.Error:
            return value
        before = len(self._stands)
        new_user = (self.credential(user) if "user" in halves else None) or user
        new_password = (
            self.credential(password) if "password" in halves and colon else None
        ) or password
        if len(self._stands) == before:
            return value
        encoded = b64encode(new_user + colon + new_password)
        self._echoes.append(Needle(encoded, b64encode(user + colon + password)))
        return value[:6] + encoded

    def query(self, name: str, target: bytes) -> bytes:
        """Return `target` with the value of the query field `name` swapped."""
        path, mark, query = target.partition(b"?")
        if not mark:
            return target
        parts = query.split(b"&")
        for at, part in enumerate(parts):
            field, equals, value = part.partition(b"=")
            if not equals or unquote_to_bytes(field) != name.encode():
                continue
            secret = self.credential(unquote_to_bytes(value))
            if secret is not None:
                parts[at] = field + b"=" + quote_from_bytes(secret, safe="").encode()
        return path + mark + b"&".join(parts)

    def path(self, scheme: str, target: bytes) -> bytes:
        """Return `target` with the path credential that follows `scheme` swapped."""
        path, mark, query = target.partition(b"?")
        before, found, rest = path.partition(scheme.encode())
        if not found:
            return target
        candidate, slash, after = rest.partition(b"/")
        secret = self.credential(unquote_to_bytes(candidate))
        if secret is None:
            return target
        swapped = quote_from_bytes(secret, safe=":@!$&'()*+,;=~").encode()
        return before + found + swapped + slash + after + mark + query

    def done(self, fields: Fields, target: bytes) -> Swapped:
        """Return what to send, or raise the refusal: nothing goes out without a secret."""
        # SECURITY: no phantom, no request (test_never_forwards_a_request_without_a_phantom)
        if not self._stands:
            raise self._route.nobody(self._seen)
        return Swapped(fields, target, tuple(self._stands), tuple(self._echoes))


def swap(route: Route, fields: Fields, target: bytes) -> Swapped:
    """Return the request's fields and target with the secret wherever a slot holds its phantom.

    Raises Unauthenticated where no slot does, Denied for another route's phantom, Malformed
    where a slot's field occurs twice.
    """
    swapping = Swap(route)
    swapped: Fields = []
    filled: set[bytes] = set()
    for field in fields:
        name = field[0].lower()
        slots = route.fields.get(name)
        if slots is None:
            swapped.append(field)
            continue
        # SECURITY: two credentials in one field could be read as either by the upstream
        # (test_refuses_a_credential_field_that_occurs_twice)
        if name in filled:
            raise Malformed(f"the credential field {name.decode('latin-1')} occurs twice")
        filled.add(name)
        swapped.append((field[0], swapping.field(slots, field[1])))
    for slot in route.in_target:
        if slot.kind == "query":
            target = swapping.query(slot.name, target)
        else:
            target = swapping.path(slot.scheme, target)
    return swapping.done(swapped, target)
