"""What doctor looks at around us: the project, the environment, the .env file, the proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phantomrun import catalogue
from phantomrun.cli import here, plain
from phantomrun.cli.binding import checked_upstream
from phantomrun.cli.finding import Finding
from phantomrun.core import detect, dotenv
from phantomrun.errors import ConfigError, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from phantomrun.cli.checkup import Scene
    from phantomrun.cli.invocation import Invocation

ENV_FILE = ".env"
MAX_FILE_BYTES = 1024 * 1024
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def project(asked: Invocation, scene: Scene) -> Iterator[Finding]:
    """Say what the project wants and whether it is there."""
    try:
        manifest = here.manifest(asked)
    except Failure as failure:
        yield Finding("FAIL", "project", failure.message, failure.hint)
        return
    if manifest is None:
        yield Finding("ok", "project", "no project file here: a run gets every secret")
        return
    where = here.spoken(manifest.where)
    if scene.records is None:
        yield Finding("ok", "project", f"{where} can be read")
        return
    whole = True
    for name, want in manifest.secrets.items():
        if want.vault_name in scene.records:
            continue
        whole = False
        fix = f"phantomrun set {want.vault_name}"
        if want.required:
            yield Finding("FAIL", "project", f"{where} requires {name}: not in the vault", fix)
        else:
            yield Finding("warn", "project", f"{where} lists {name}: not in the vault", fix)
    if whole:
        yield Finding("ok", "project", f"{where}: all {len(manifest.secrets)} are in the vault")


def credentials(asked: Invocation, scene: Scene) -> Iterator[Finding]:
    """Say which variables look like live credentials that no vault protects."""
    if asked.environ.get("PHANTOMRUN"):
        yield Finding(
            "ok", "environment", f"inside run {asked.environ['PHANTOMRUN']}: phantoms only"
        )
        return
    kept = {plain.text(record.value) for record in (scene.records or {}).values()}
    loose = [
        name
        for name, value in sorted(asked.environ.items())
        if not name.startswith("PHANTOMRUN") and _live(name, value, scene) and value not in kept
    ]
    if loose:
        what = f"every program started here can read, from the environment: {', '.join(loose)}"
        yield Finding("warn", "environment", what, "phantomrun import --from env")
    else:
        yield Finding("ok", "environment", "no live-looking credentials besides the vault's")


def base_urls(asked: Invocation, scene: Scene) -> Iterator[Finding]:
    """Say which base-URL variables a run replaces, so that nobody wonders where requests go."""
    if asked.environ.get("PHANTOMRUN"):
        return
    for variable, (name, upstream) in sorted(_points(scene).items()):
        value = asked.environ.get(variable, "")
        if not value or _same(value, upstream):
            continue
        what = f"{variable} is set here; a run replaces it, and {name} goes to {upstream} only"
        yield Finding("warn", "base-url", what, f"phantomrun set {name} --upstream URL")


def dotenv_file(asked: Invocation, scene: Scene) -> Iterator[Finding]:
    """Say what a program would still read from the .env file here."""
    try:
        with open(ENV_FILE, encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read(MAX_FILE_BYTES)
        entries = dotenv.parse(text, where=ENV_FILE)
    except FileNotFoundError:
        return
    except (OSError, ConfigError) as error:
        why = error.message if isinstance(error, ConfigError) else f"{ENV_FILE}: {error.strerror}"
        yield Finding("warn", "dotenv", why)
        return
    values = dotenv.values(entries)
    points = _points(scene)
    live = [name for name, value in values.items() if _live(name, value, scene)]
    if live:
        what = f"{ENV_FILE} holds what looks like real values: {', '.join(live)}"
        yield Finding("warn", "dotenv", what, f"phantomrun import {ENV_FILE} --rewrite")
    old = [
        entry.name for entry in dotenv.commented(entries) if _live(entry.name, entry.value, scene)
    ]
    if old:
        what = f"{ENV_FILE} has comments with what looks like real values: {', '.join(old)}"
        yield Finding("warn", "dotenv", what, "delete those lines")
    astray = [name for name in values if name in points and not dotenv.placeholders(values[name])]
    if astray:
        what = (
            f"{ENV_FILE} sets {', '.join(astray)}: a program that lets the file win "
            "would go round the run"
        )
        yield Finding("warn", "dotenv", what, "delete those lines")
    if scene.records is not None:
        yield from _orphans(text, scene)


def proxies(asked: Invocation) -> Iterator[Finding]:
    """Say what the network's own proxy settings mean for a run."""
    named = {name.lower(): value for name, value in asked.environ.items() if value}
    proxy = named.get("https_proxy") or named.get("all_proxy")
    if proxy and "://" in proxy and not proxy.startswith("http://"):
        scheme = proxy.split("://")[0]
        what = f"the ambient proxy is {scheme}://; upstreams are reached through http:// only"
        yield Finding("FAIL", "proxy", what, "set HTTPS_PROXY=http://HOST:PORT, or unset it")
    elif proxy:
        yield Finding("ok", "proxy", "upstreams are reached through HTTPS_PROXY or ALL_PROXY")
    direct = {entry.strip() for entry in named.get("no_proxy", "").split(",")}
    if any(name in named for name in PROXIES) and "127.0.0.1" not in direct:
        what = "NO_PROXY lacks 127.0.0.1; a run adds it, and localhost, for its command"
        yield Finding("ok", "proxy", what)


def _orphans(text: str, scene: Scene) -> Iterator[Finding]:
    known = {*(scene.records or {}), *_points(scene)}
    lost = [name for name in dotenv.placeholders(text) if name not in known]
    if lost:
        what = f"{ENV_FILE} has placeholders of what is not in the vault: {', '.join(lost)}"
        yield Finding("warn", "dotenv", what, f"phantomrun set {lost[0]}")


def _points(scene: Scene) -> dict[str, tuple[str, str]]:
    """Return the base-URL variables that a run sets: the secret and its upstream for each."""
    found: dict[str, tuple[str, str]] = {}
    for name, record in (scene.records or {}).items():
        provider = scene.provider(record.provider)
        for variable in provider.points if provider else ():
            found[variable] = (name, record.upstream)
    return found


def _live(name: str, value: str, scene: Scene) -> bool:
    if dotenv.placeholders(value):
        return False
    found = catalogue.recognise(name, value, scene.known.providers)
    return bool(detect.looks_secret("API_KEY" if found else name, value))


def _same(value: str, upstream: str) -> bool:
    try:
        return checked_upstream(value) == upstream
    except ConfigError:
        return False
