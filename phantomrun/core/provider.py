"""A provider file's text → Provider, or everything that is wrong with it."""

from __future__ import annotations

import datetime
import re
import tomllib
from typing import Literal, NamedTuple, cast

from phantomrun.errors import ConfigError

Way = Literal["base-url", "port", "intercept", "sign", "wire"]
Grade = Literal["sdk-source", "docs", "peer-catalogue", "unverified"]
Errors = Literal["openai", "anthropic", "google", "problem"]
Kind = Literal["header", "basic", "query", "path"]
Checksum = Literal["", "crc32-base62"]

WAYS = ("base-url", "port", "intercept", "sign", "wire")
GRADES = ("sdk-source", "docs", "peer-catalogue", "unverified")
ERRORS = ("openai", "anthropic", "google", "problem")
KINDS = ("header", "basic", "query", "path")
CHECKSUMS = ("", "crc32-base62")

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")
_ASCII = re.compile(r"[ -~]*")
_TEMPLATE = re.compile(r"(?:[!-z|~]|\{(?:listener|host|port)\})+")
_PATH = r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*"
_UPSTREAM = re.compile(
    r"(?:https://[A-Za-z0-9.-]+|https?://(?:127\.0\.0\.1|localhost|\[::1\]))(?::[0-9]{1,5})?"
    + _PATH
)
_VERSION = re.compile(_PATH)
_LINE = re.compile(r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")

# What a name in a slot may be: RFC 9110, section 5.6.2, in lower case; the halves of a Basic
# pair, section 11.1; a query field's name as it stands in the URL.
_SLOT_NAMES = {
    "header": re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+"),
    "basic": re.compile(r"user|password"),
    "query": re.compile(r"[A-Za-z0-9._~-]+"),
    "path": re.compile(r"/[A-Za-z0-9._~/-]*"),
}
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade"})


class Slot(NamedTuple):
    """A place in a request where the credential may stand.

    header: `name` is the field in lower case, `scheme` the text before the credential.
    basic: `name` is "user" or "password", the half that holds the credential.
    query: `name` is the field.  path: `scheme` is the text before the credential, which
    ends at the next "/" or at the end of the path.
    """

    kind: Kind
    name: str
    scheme: str


class Shape(NamedTuple):
    """What clients check about a credential, and so what a phantom must keep."""

    prefixes: tuple[str, ...] = ()  # longest first
    separators: str = ""  # characters that stay where they are
    checksum: Checksum = ""


class Provider(NamedTuple):
    """A service, as its data file describes it."""

    name: str
    title: str
    way: Way
    grade: Grade
    source: str
    checked: str
    secrets: tuple[str, ...]
    upstream: str  # what the first point holds for the real service; "" differs per customer
    version: str  # path in front of every request, given by some clients and added by others
    points: dict[str, str]
    shape: Shape
    slots: tuple[Slot, ...]
    errors: Errors
    note: str

    @property
    def usable(self) -> bool:
        """Return whether a run can serve this provider with a listener of its own."""
        return self.way in ("base-url", "port")


def parse(name: str, text: str, *, where: str) -> Provider:
    """Return the provider in `text`; the one ConfigError names `where` and all that is wrong."""
    fields = _Fields(_toml(text, where), "", [])
    provider = _provider(name, fields)
    fields.finish(f" for way {provider.way!r}" if provider.way in WAYS else "")
    if not fields.problems and provider.usable:
        fields.problems.extend(_contradictions(provider))
    if fields.problems:
        raise ConfigError(
            f"{where}: " + "; ".join(fields.problems),
            hint="openai.toml in the package's providers directory is a complete one",
            code="PR-PROVIDER",
        )
    return provider


def _provider(name: str, fields: _Fields) -> Provider:
    way = fields.choice("way", WAYS)
    listed = way in ("intercept", "sign", "wire")  # known, and no more than that
    provider = Provider(
        name=name,
        title=fields.text("title"),
        way=cast("Way", way),
        grade=cast("Grade", fields.choice("grade", GRADES)),
        source=fields.text("source"),
        checked=fields.day("checked"),
        secrets=_secrets(fields, needed=not listed),
        upstream="",
        version="",
        points={},
        shape=_shape(fields),
        slots=(),
        errors="problem",
        note=fields.text("note", default=None if listed else ""),
    )
    if listed:
        return provider
    return provider._replace(
        upstream=fields.text("upstream", pattern=_UPSTREAM, empty=True),
        version=fields.text("version", default="", pattern=_VERSION),
        points=_points(fields),
        slots=_slots(fields),
        errors=cast("Errors", fields.choice("errors", ERRORS, default="problem")),
    )


class _Fields:
    """One table being read: what was wrong so far, and which fields nobody has asked for."""

    def __init__(self, raw: dict[str, object], place: str, problems: list[str]) -> None:
        self.raw = dict(raw)
        self.place = place
        self.problems = problems

    def wrong(self, what: str) -> None:
        self.problems.append(self.place + what)

    def text(
        self,
        name: str,
        *,
        default: str | None = None,
        pattern: re.Pattern[str] = _TEXT,
        empty: bool = False,
    ) -> str:
        value = self.raw.pop(name, default)
        if value is None:
            self.wrong(f"missing field {name!r}")
        elif not isinstance(value, str):
            self.wrong(f"{name!r} must be a string")
        elif value == default or (empty and not value):
            return value
        elif not value or (not pattern.fullmatch(value)):
            self.wrong(f"{name!r} cannot be {value!r}")
        else:
            return value
        return ""

    def choice(self, name: str, among: tuple[str, ...], *, default: str | None = None) -> str:
        value = self.text(name, default=default)
        if value and value not in among:
            self.wrong(f"{name!r} is {value!r}, not one of {', '.join(filter(None, among))}")
        return value

    def day(self, name: str) -> str:
        value = self.raw.pop(name, None)
        if value is None:
            self.wrong(f"missing field {name!r}")
        elif type(value) is not datetime.date:
            self.wrong(f"{name!r} must be a date such as 2026-11-21, without quotes")
        else:
            return value.isoformat()
        return ""

    def texts(self, name: str, *, default: list[str] | None = None) -> tuple[str, ...]:
        value = self.raw.pop(name, default)
        if value is None:
            self.wrong(f"missing field {name!r}")
        elif not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            self.wrong(f"{name!r} must be a list of strings")
        else:
            return tuple(value)
        return ()

    def table(self, name: str) -> dict[str, object] | None:
        value = self.raw.pop(name, None)
        if value is None or isinstance(value, dict):
            return value
        self.wrong(f"{name!r} must be a table: [{name}]")
        return {}

    def tables(self, name: str) -> list[dict[str, object]] | None:
        value = self.raw.pop(name, None)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(v, dict) for v in value):
            return value
        self.wrong(f"{name!r} must be a list of tables: [[{name}]]")
        return []

    def finish(self, why: str = "") -> None:
        for name in self.raw:
            self.wrong(f"unknown field {name!r}{why}")


def _toml(text: str, where: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also huge integers and deep nesting
        found = _LINE.match(str(error))
        what = found["what"] if found else str(error)
        line = (found and found["line"]) or str(text.count("\n") + 1)
        what = what[:1].lower() + what[1:]
        raise ConfigError(f"{where}:{line}: not TOML: {what}", code="PR-PROVIDER") from None


def _secrets(fields: _Fields, *, needed: bool) -> tuple[str, ...]:
    before = len(fields.problems)
    secrets = fields.texts("secrets")
    for secret in secrets:
        if not _ENV_NAME.fullmatch(secret):
            fields.wrong(f"'secrets' cannot hold {secret!r}: not an environment variable's name")
    if needed and not secrets and len(fields.problems) == before:
        fields.wrong("'secrets' must name at least one environment variable")
    return secrets


def _points(fields: _Fields) -> dict[str, str]:
    raw = fields.table("point")
    if raw is None:
        fields.wrong("missing table [point]")
        return {}
    points = _Fields(raw, "[point] ", fields.problems)
    for name in raw:
        if not _ENV_NAME.fullmatch(name):
            points.wrong(f"{name!r} is not an environment variable's name")
    return {name: points.text(name, pattern=_TEMPLATE) for name in raw}


def _shape(fields: _Fields) -> Shape:
    raw = _Fields(fields.table("shape") or {}, "[shape] ", fields.problems)
    shape = Shape(
        prefixes=tuple(sorted(raw.texts("prefixes", default=[]), key=len, reverse=True)),
        separators=raw.text("separators", default="", pattern=_ASCII),
        checksum=cast("Checksum", raw.choice("checksum", CHECKSUMS, default="")),
    )
    raw.finish()
    return shape


def _slots(fields: _Fields) -> tuple[Slot, ...]:
    raw = fields.tables("slot")
    if raw is None:
        fields.wrong("missing table [[slot]]")
    return tuple(
        _slot(_Fields(table, f"[[slot]] {number} ", fields.problems))
        for number, table in enumerate(raw or (), 1)
    )


def _slot(fields: _Fields) -> Slot:
    kinds = [kind for kind in KINDS if kind in fields.raw]
    if len(kinds) != 1:
        fields.wrong(f"needs exactly one of {', '.join(KINDS)}")
        return Slot("header", "", "")
    kind = kinds[0]
    name = fields.text(kind, pattern=_SLOT_NAMES[kind])
    scheme = fields.text("scheme", default="", pattern=_ASCII) if kind == "header" else ""
    if name in _FRAMING and kind == "header":
        fields.wrong(f"'header' cannot be {name!r}: it frames the message")
    fields.finish()
    if kind == "path":
        return Slot("path", "", name)
    return Slot(cast("Kind", kind), name, scheme)


def _contradictions(provider: Provider) -> list[str]:
    """Return where the canonical point, the version and the upstream disagree."""
    if not provider.points:
        return ["[point] must name at least one environment variable"]
    variable, template = next(iter(provider.points.items()))
    found = re.fullmatch(r"(?:\{listener\}|http://\{host\}:\{port\})(?P<suffix>.*)", template)
    if not found or not _VERSION.fullmatch(found["suffix"]):
        return [f"[point] {variable!r} comes first, so it must be '{{listener}}' and a path"]
    suffix = found["suffix"]
    if suffix and suffix != provider.version:
        return [f"'version' must be {suffix!r}, as {variable!r} ends in it"]
    if provider.upstream and suffix and not provider.upstream.endswith(suffix):
        return [f"'upstream' must end in {suffix!r}, as {variable!r} does"]
    return [] if provider.slots else ["at least one [[slot]] is needed"]
