"""The project's .phantomrun.toml: which secrets it wants. It may narrow, never widen.

A run inside the project gets the names listed in `[secrets]`, and no others; a profile chosen
with -p adds its own list, key by key. `.phantomrun.local.toml` beside it speaks of the same
names only: `NAME = false` leaves one out on this machine, `vault` takes it from another entry.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from phantomrun.core.toml import Source, keys, nearest
from phantomrun.errors import ConfigError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PROFILE = "default"

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_KEYS = ("required", "vault")
_TOP_KEYS = ("profile", "run", "secrets")
_HOSTS = re.compile(
    r"(allow|base_?url|ca|ca_?(file|pem)|domain|endpoint|expose|host|origin|provider|route|server"
    r"|slot|upstream|url)s?"
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
    profiles: tuple[str, ...]  # all that the file knows
    where: str


def parse(text: str, *, where: str, profile: str = "") -> Manifest:
    """Return the manifest with the profile, or several separated by commas, laid over it."""
    source = Source(text, where)
    top = _checked(source)
    profiles = source.subtable(top, ("profile",))
    secrets: dict[str, Want] = {}
    for wishes in _layers(source, top, profile, strict=True):
        for name, wish in wishes.items():
            secrets[name] = _merged(name, secrets.get(name), wish or {})
    return Manifest(secrets, profile or DEFAULT_PROFILE, tuple(profiles), where)


def narrow(manifest: Manifest, text: str, *, where: str) -> Manifest:
    """Return the manifest after the local file's wishes, which can add no name."""
    source = Source(text, where)
    top = _checked(source, local=True)
    secrets = dict(manifest.secrets)
    for wishes in _layers(source, top, manifest.profile, local=True):
        for name, wish in wishes.items():
            if name not in manifest.secrets:
                _refuse_addition(source, name, manifest)
            if wish is None:
                secrets.pop(name, None)
            elif name in secrets:
                secrets[name] = _merged(name, secrets[name], wish)
    return manifest._replace(secrets=secrets)


def with_names(text: str, names: Iterable[str], *, where: str) -> str:
    """Return the text with the missing names added to [secrets]; all else stays as it is."""
    before = Source(text, where).table()
    present = before.get("secrets", {})
    missing = [name for name in names if not (isinstance(present, dict) and name in present)]
    if not missing:
        return text
    after = _inserted(text, [f"{name} = {{}}" for name in missing])
    if isinstance(present, dict):
        before["secrets"] = present | {name: {} for name in missing}
    if _loaded(after) != before:
        raise ConfigError(
            f"{where}: its [secrets] cannot be edited without rewriting the file",
            hint="add by hand: " + ", ".join(f"{name} = {{}}" for name in missing),
        )
    return after


def _checked(source: Source, *, local: bool = False) -> dict[str, object]:
    """Return the top table; every profile is checked, also those that are not chosen."""
    top = source.table()
    _refuse_unknown(source, top, (), _TOP_KEYS)
    _check_run(source, source.subtable(top, ("run",)))
    _wishes(source, top, ("secrets",), local=local)
    profiles = source.subtable(top, ("profile",))
    for name in profiles:
        inner = source.subtable(profiles, ("profile", name))
        _refuse_unknown(source, inner, ("profile", name), ("secrets",))
        _wishes(source, inner, ("profile", name, "secrets"), local=local)
    return top


def _check_run(source: Source, run: dict[str, object]) -> None:
    _refuse_unknown(source, run, ("run",), ("egress",))
    egress = run.get("egress", "bound+public")
    if egress == "bound":
        raise ConfigError(
            f'{source.at(("run", "egress"))}: run.egress = "bound" cannot be enforced by this'
            " version",
            hint='remove it or write "bound+public": the command can then reach other hosts, '
            "without secrets",
        )
    if egress != "bound+public":
        raise source.mistyped(("run", "egress"), '"bound+public"')


def _layers(
    source: Source,
    top: dict[str, object],
    profile: str,
    *,
    local: bool = False,
    strict: bool = False,
) -> list[_Wishes]:
    profiles = source.subtable(top, ("profile",))
    layers = [_wishes(source, top, ("secrets",), local=local)]
    for name in filter(None, (profile or DEFAULT_PROFILE).split(",")):
        if strict and name not in profiles and name != DEFAULT_PROFILE:
            raise ConfigError(
                f"{source.where} has no profile {name!r}",
                hint=nearest(name, {*profiles, DEFAULT_PROFILE}),
            )
        inner = source.subtable(profiles, ("profile", name))
        layers.append(_wishes(source, inner, ("profile", name, "secrets"), local=local))
    return layers


def _wishes(source: Source, table: dict[str, object], path: _Path, *, local: bool) -> _Wishes:
    found = source.subtable(table, path)
    return {name: _wish(source, (*path, name), value, local) for name, value in found.items()}


def _wish(source: Source, path: _Path, value: object, local: bool) -> dict[str, str | bool] | None:
    name = path[-1]
    if _HOSTS.fullmatch(name):
        _refuse_widening(source, path)
    if not _ENV_NAME.fullmatch(name):
        raise source.mistyped(path, "the name of an environment variable")
    if value is False and local:
        return None
    if not isinstance(value, dict):
        raise source.mistyped(
            path, "a table, such as {}", hint=f"values live in the vault: phantomrun set {name}"
        )
    _refuse_unknown(source, value, path, _SECRET_KEYS)
    if not isinstance(value.get("required", False), bool):
        raise source.mistyped((*path, "required"), "true or false")
    vault = value.get("vault", name)
    if not isinstance(vault, str) or not vault:
        raise source.mistyped((*path, "vault"), "the name of a secret in the vault")
    return value


def _merged(name: str, before: Want | None, wish: dict[str, str | bool]) -> Want:
    base = before or Want(name, required=False)
    return Want(str(wish.get("vault", base.vault_name)), bool(wish.get("required", base.required)))


def _refuse_unknown(
    source: Source, table: dict[str, object], path: _Path, known: tuple[str, ...]
) -> None:
    for key in table:
        if key in known:
            continue
        if _HOSTS.fullmatch(key.lower().replace("-", "_")):
            _refuse_widening(source, (*path, key))
        raise source.unknown((*path, key), known)


def _refuse_widening(source: Source, path: _Path) -> NoReturn:
    owner = path[-2] if "secrets" in path[:-2] else "NAME"
    raise PolicyError(
        f"{source.at(path)}: {'.'.join(path)}: a project file cannot say where a secret may go",
        hint=f"it is sealed in your vault: phantomrun set {owner} --upstream URL",
    )


def _refuse_addition(source: Source, name: str, manifest: Manifest) -> NoReturn:
    raise ConfigError(
        f"{source.at(('secrets', name))}: {name} is not among the secrets of {manifest.where}",
        hint=nearest(name, manifest.secrets),
    )


def _inserted(text: str, lines: list[str]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    if not text.strip():
        return _NEW + "[secrets]\n" + "".join(line + "\n" for line in lines)
    whole = text if text.endswith("\n") else text + end
    old = whole.splitlines(keepends=True)
    own = [key.line for key in keys(text) if key.path[:1] == ("secrets",)]
    if not any(key.header and key.path == ("secrets",) for key in keys(text)):
        old.append(end + "[secrets]" + end)
        own = [len(old)]
    at = max(own)
    return "".join(old[:at] + [line + end for line in lines] + old[at:])


def _loaded(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
