"""The project's .phantomrun.toml: which secrets it wants. It may narrow, never widen.

A run inside the project gets the names listed in `[secrets]`, and no others. A profile chosen
with -p lays its own list over that, key by key. `.phantomrun.local.toml` beside it has the same
form and speaks of the same names only: `NAME = false` leaves one out on this machine, `vault`
takes it from another entry of the vault, `required` is changed as said.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from phantomrun.core.toml import Source, keys, nearest
from phantomrun.errors import ConfigError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEFAULT_PROFILE = "default"

_NAME = re.compile(r"(?!PHANTOMRUN)[A-Za-z_][A-Za-z0-9_]*")
# Words in a key that would say where a secret may go.
_WIDENING = re.compile(
    r"(?:.*[-_.])?(?:allow|allowed|ca|domain|endpoint|expose|host|origin|provider|route|server|slot"
    r"|upstream|url)s?(?:[-_.].*)?",
    re.IGNORECASE | re.DOTALL,
)
_NEW = "# What this project needs: names only, safe to commit.\n\n"

_Path = tuple[str, ...]
_Wishes = dict[str, dict[str, str | bool] | None]  # None: leave it out


class Want(NamedTuple):
    """What stands behind one of the child's variables."""

    vault_name: str
    required: bool


class Manifest(NamedTuple):
    """The secrets a run may have, by the name of the variable."""

    secrets: dict[str, Want]
    profile: str
    profiles: tuple[str, ...]  # all that the file has
    names: frozenset[str]  # those of every profile
    where: str


class _Lists(NamedTuple):
    """What a file wishes: always, and in each profile."""

    always: _Wishes
    profiles: dict[str, _Wishes]

    def chosen(self, profile: str) -> Iterator[_Wishes]:
        yield self.always
        for name in profile.split(","):
            yield self.profiles.get(name, {})


def parse(text: str, *, where: str, profile: str = "") -> Manifest:
    """Return the manifest with the profile, or several separated by commas, laid over it."""
    profile = profile or DEFAULT_PROFILE
    lists = _lists(Source(text, where), local=False)
    for name in profile.split(","):
        if name not in (DEFAULT_PROFILE, *lists.profiles):
            hint = nearest(name, {*lists.profiles, DEFAULT_PROFILE})
            raise ConfigError(f"{where}: there is no profile {name!r}", hint=hint)
    secrets: dict[str, Want] = {}
    for wishes in lists.chosen(profile):
        for name, wish in wishes.items():
            secrets[name] = _merged(secrets.get(name, Want(name, required=False)), wish or {})
    names = frozenset(lists.always).union(*lists.profiles.values())
    return Manifest(secrets, profile, tuple(lists.profiles), names, where)


def narrow(manifest: Manifest, text: str, *, where: str) -> Manifest:
    """Return the manifest after the local file's wishes, which can add nothing to it."""
    source = Source(text, where)
    lists = _lists(source, local=True)
    for profile in lists.profiles:
        if profile not in (DEFAULT_PROFILE, *manifest.profiles):
            raise source.unknown(("profile", profile), (*manifest.profiles, DEFAULT_PROFILE))
    _refuse_additions(source, lists.always, manifest, path=("secrets",))
    for profile, wishes in lists.profiles.items():
        _refuse_additions(source, wishes, manifest, path=("profile", profile, "secrets"))
    secrets = dict(manifest.secrets)
    for wishes in lists.chosen(manifest.profile):
        for name, wish in wishes.items():
            if wish is None:
                secrets.pop(name, None)
            elif name in secrets:
                secrets[name] = _merged(secrets[name], wish)
    return manifest._replace(secrets=secrets)


def with_names(text: str, names: Iterable[str], *, where: str) -> str:
    """Return the text with the missing names added to [secrets]; all else stays as it is."""
    before = Source(text, where).table()
    present = before.get("secrets", {})
    if not isinstance(present, dict):
        raise Source(text, where).mistyped(("secrets",), "a table")
    missing = [name for name in dict.fromkeys(names) if name not in present]
    if not missing:
        return text
    after = _inserted(text, [f"{name} = {{}}" for name in missing])
    if _loaded(after) != before | {"secrets": present | {name: {} for name in missing}}:
        raise ConfigError(
            f"{where}: [secrets] is written in a way that cannot be edited line by line",
            hint="add by hand: " + ", ".join(f"{name} = {{}}" for name in missing),
        )
    return after


def _lists(source: Source, *, local: bool) -> _Lists:
    """Return what the file wishes, every table of it checked, also what was not chosen."""
    top = source.table()
    _refuse_unknown(source, top, (), known=("profile", "run", "secrets"))
    _check_run(source, source.subtable(top, ("run",)))
    profiles = {}
    for name in (tables := source.subtable(top, ("profile",))):
        inner = source.subtable(tables, ("profile", name))
        _refuse_unknown(source, inner, ("profile", name), known=("secrets",))
        profiles[name] = _wishes(source, inner, ("profile", name, "secrets"), local=local)
    return _Lists(_wishes(source, top, ("secrets",), local=local), profiles)


def _check_run(source: Source, run: dict[str, object]) -> None:
    path = ("run", "egress")
    _refuse_unknown(source, run, ("run",), known=("egress",))
    egress = run.get("egress", "bound+public")
    # SECURITY: a promise that cannot be kept is refused, not ignored
    # (test_a_promise_this_version_cannot_keep_is_refused)
    if egress == "bound":
        raise ConfigError(
            f'{source.at(path)}: this version cannot enforce egress = "bound"',
            hint='write "bound+public": other hosts can be reached, but without any secret',
        )
    if egress != "bound+public":
        raise source.mistyped(path, '"bound+public"')


def _wishes(source: Source, table: dict[str, object], path: _Path, *, local: bool) -> _Wishes:
    found = source.subtable(table, path)
    return {
        name: None if local and value is False else _wish(source, (*path, name), value)
        for name, value in found.items()
    }


def _wish(source: Source, path: _Path, value: object) -> dict[str, str | bool]:
    name = path[-1]
    if not isinstance(value, dict):
        if _WIDENING.fullmatch(name):
            _refuse_widening(source, path)
        hint = f"values live in the vault: phantomrun set {name}"
        raise source.mistyped(path, "a table such as {}", hint=hint)
    if not _NAME.fullmatch(name):
        raise source.mistyped(path, "named like an environment variable of yours")
    _refuse_unknown(source, value, path, known=("required", "vault"))
    if not isinstance(value.get("required", False), bool):
        raise source.mistyped((*path, "required"), "true or false")
    vault_name = value.get("vault", name)
    if not isinstance(vault_name, str) or not vault_name:
        raise source.mistyped((*path, "vault"), "the name of a secret in the vault")
    return value


def _merged(before: Want, wish: dict[str, str | bool]) -> Want:
    return Want(
        str(wish.get("vault", before.vault_name)), bool(wish.get("required", before.required))
    )


def _refuse_unknown(
    source: Source, table: dict[str, object], path: _Path, *, known: tuple[str, ...]
) -> None:
    for key in table:
        if key in known:
            continue
        if _WIDENING.fullmatch(key):
            _refuse_widening(source, (*path, key))
        raise source.unknown((*path, key), known)


def _refuse_widening(source: Source, path: _Path) -> NoReturn:
    name = path[path.index("secrets") + 1] if "secrets" in path[:-2] else "NAME"
    raise PolicyError(
        f"{source.at(path)}: {'.'.join(path)}: a project file cannot say where a secret may go",
        hint=f"that is sealed in your vault: phantomrun set {name} --upstream URL",
    )


def _refuse_additions(source: Source, wishes: _Wishes, manifest: Manifest, *, path: _Path) -> None:
    for name in wishes:
        if name not in manifest.names:
            raise ConfigError(
                f"{source.at((*path, name))}: {name} is not in {manifest.where}",
                hint=nearest(name, manifest.names),
            )


def _inserted(text: str, lines: list[str]) -> str:
    """Return the text with lines at the end of [secrets], in the file's own line ends."""
    if not text.strip():
        return _NEW + "[secrets]\n" + "".join(line + "\n" for line in lines)
    end = "\r\n" if "\r\n" in text else "\n"
    whole = text if text.endswith("\n") else text + end
    at = _last_line(whole)
    if at == 0:
        lines = ["", "[secrets]", *lines]
        at = whole.count("\n")
    old = whole.split("\n")
    return "\n".join(old[:at] + [line + end[:-1] for line in lines] + old[at:])


def _last_line(text: str) -> int:
    """Return the last line of the table [secrets], 0 if there is none."""
    last = 0
    within = False
    for key in keys(text):
        if key.header:
            within = key.path == ("secrets",)
        if within:
            last = key.line
    return last


def _loaded(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
