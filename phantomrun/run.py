"""The order of a run: plan, phantoms, doors, sidecar, exec; what can fail, fails before that."""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from phantomrun import catalogue, paths, project, tty
from phantomrun.core import dotenv
from phantomrun.core.environ import LISTENER, RUN, Environ, Given, child_environ, real_value
from phantomrun.core.plan import Plan, chosen, plan, points
from phantomrun.errors import ConfigError, Failure, PolicyError, VaultMissing
from phantomrun.launch import command, sidecar
from phantomrun.launch.platforms import platform

if TYPE_CHECKING:
    import socket

    from phantomrun.cli.runline import RunLine
    from phantomrun.core.manifest import Manifest
    from phantomrun.core.record import Record
    from phantomrun.launch.sidecar import Link

_RUN_ID_BYTES = 5
_ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class Ready(NamedTuple):
    """A prepared run: what the child gets, and what will be served."""

    environ: Environ
    plan: Plan
    doors: list[tuple[socket.socket, str]]  # "" serves every route with a prefix
    run_id: str
    fingerprint: str
    profile: str


def run(line: RunLine, arguments: list[str]) -> NoReturn:
    """Become the command of `line`, with a sidecar beside it. Raises Failure before that only.

    `arguments` is the command line as it was, for a platform whose sidecar starts afresh.
    """
    inherited = dict(os.environb)
    words = [os.fsencode(word) for word in line.command]
    command.find(words[0], inherited)
    if line.if_configured and _manifest_path(line, os.environ) is None:
        command.become(words, inherited)
    if not line.dry_run and nested(line, inherited):
        command.become(words, inherited)
    answer = platform().start(lambda link: serve(line, link), arguments)
    try:
        kind, note, *fields = sidecar.heard(answer)
    except Failure as failure:
        failure.message = _named(failure, line.command[0])
        raise
    if kind == b"plan":
        sys.stdout.write(note.decode())
        sys.stdout.flush()
        raise SystemExit(0)
    if line.verbose:
        sys.stderr.write(note.decode() + "\n")
        sys.stderr.flush()
    _close_passphrase_fd(inherited)
    pairs = (field.partition(b"=") for field in fields)
    command.become(words, {name: value for name, _, value in pairs})


def serve(line: RunLine, link: Link) -> NoReturn:
    """Be the sidecar: prepare, answer, detach, and serve until the command is gone."""
    try:
        sidecar.open_standard_fds()
        ready = prepare(line, link)
        if line.dry_run:
            sidecar.tell(link, (b"plan", _described(ready).encode()))
            os._exit(0)
        sidecar.detach((link.told, link.gone, *(door.fileno() for door, _ in ready.doors)))
        pairs = (name + b"=" + value for name, value in ready.environ.items())
        sidecar.tell(link, (b"run", _noted(ready).encode(), *pairs))
    except Failure as failure:
        sidecar.tell_failure(link, failure)
        os._exit(1)
    except KeyboardInterrupt:
        sidecar.tell_failure(link, sidecar.Interrupted("interrupted"))
        os._exit(1)
    except BaseException:
        # a bug: the traceback has names and lines, never values
        import traceback

        traceback.print_exc()
        os._exit(1)
    _serve_doors(ready, link)
    os._exit(0)


def prepare(line: RunLine, link: Link) -> Ready:
    """Return the run, ready to be answered and served; raises Failure for whatever is missing."""
    settings = project.settings(paths.config_dir(os.environ))
    manifest = _manifest(line, os.environ)
    records = _records(line, link, no_input=line.no_input or settings.no_input)
    values = [record.value for record in records]
    words = [os.fsencode(word) for word in line.command]
    # SECURITY: a real value in the arguments would be in /proc for all to read
    # (test_refuses_a_real_value_among_the_arguments)
    named = real_value(words, values)
    if named is not None:
        raise PolicyError(
            f"the arguments contain the real value of {named.name}",
            hint=f"let the command read ${named.name}: phantomrun -- sh -c '… \"${named.name}\" …'",
            code="PR-ARGV",
        )
    wanted = chosen(records, manifest=manifest, only=line.only, without=line.without)
    user_dir = os.path.join(paths.config_dir(os.environ), "providers")
    names = {record.provider for record in wanted.values()}
    providers = {name: catalogue.load(name, user_dir=user_dir) for name in names}
    planned = plan(wanted, everything=records, providers=providers, entropy=os.urandom)
    return _opened(line, planned, manifest, clean=line.clean_env or settings.clean_env)


def nested(line: RunLine, environ: Environ) -> bool:
    """Tell whether a run of the same project and selection is around us and still serves."""
    run_id, listener = environ.get(RUN, b""), environ.get(LISTENER, b"")
    host, _, port = listener.partition(b":")
    if not run_id.isalnum() or host != b"127.0.0.1" or not port.isdigit():
        return False
    import socket

    ask = b"GET /.phantomrun/%b HTTP/1.1\r\nHost: phantomrun\r\n\r\n" % run_id
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=2) as connection:
            connection.sendall(ask)
            heard = b""
            while piece := connection.recv(4096):
                heard += piece
    except (OSError, OverflowError):
        return False
    expected = _fingerprint(line, _manifest(line, os.environ)).encode()
    return heard.startswith(b"HTTP/1.1 200 ") and heard.endswith(b"\r\n\r\n" + expected)


def _opened(line: RunLine, planned: Plan, manifest: Manifest | None, *, clean: bool) -> Ready:
    """Return `planned` with its doors open and the child's environment written."""
    from phantomrun.proxy import listener

    doors = [(listener.bind(), "")]
    own = {}
    for route in planned.routes:
        if route.provider.way == "port":
            doors.append((listener.bind(), route.provider.name))
            own[route.provider.name] = listener.port(doors[-1][0])
    shared = listener.port(doors[0][0])
    led = {}
    for route in planned.routes:
        port = own.get(route.provider.name, shared)
        led.update(points(route, host=listener.HOST, port=port))
    run_id = "".join(_ID_LETTERS[byte % len(_ID_LETTERS)] for byte in os.urandom(_RUN_ID_BYTES))
    profile = line.profile
    given = Given(planned.phantoms, led, run_id, f"{listener.HOST}:{shared}", profile)
    inherited = {**os.environb, **_env_files(line)}
    environ = child_environ(inherited, given, others=planned.others, clean=clean)
    return Ready(environ, planned, doors, run_id, _fingerprint(line, manifest), profile)


def _serve_doors(ready: Ready, link: Link) -> None:
    from phantomrun.proxy import listener
    from phantomrun.proxy.serve import serve as serve_doors
    from phantomrun.wire.http.exchange import Door

    doors = []
    for socket_, name in ready.doors:
        routes = [
            route
            for route in ready.plan.routes
            if (route.provider.name if route.provider.way == "port" else "") == name
        ]
        origin = f"http://{listener.HOST}:{listener.port(socket_)}"
        run_id = "" if name else ready.run_id
        door = Door(routes, origin=origin, run_id=run_id, fingerprint=ready.fingerprint)
        doors.append((socket_, door))
    serve_doors(doors, link.gone, environ=dict(os.environ))


def _records(line: RunLine, link: Link, *, no_input: bool) -> tuple[Record, ...]:
    from phantomrun.vault import store, unlock

    def prompt(question: str) -> str:
        return tty.ask(question, hidden=True, hangup_fd=link.hangup)

    path = paths.vault_path(os.environ)
    try:
        return store.load(path, unlock.unlocker(os.environ, no_input=no_input, prompt=prompt))
    except VaultMissing as missing:
        raise _first_contact(missing) from None


def _first_contact(missing: VaultMissing) -> VaultMissing:
    """Return `missing` with the way out: the .env file that is already there, if it is."""
    from phantomrun.core.detect import looks_secret

    message, hint = missing.message, "phantomrun set NAME   or   phantomrun init"
    try:
        with open(".env", encoding="utf-8") as file:
            values = dotenv.values(dotenv.parse(file.read(1 << 20), where=".env"))
    except (OSError, UnicodeDecodeError, ConfigError):
        values = {}
    found = [name for name, value in values.items() if looks_secret(name, value)]
    if found:
        shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        hint = f"phantomrun import .env\nfound {len(found)} that look like secrets: {shown}"
    return VaultMissing(message, hint=hint)


def _manifest_path(line: RunLine, environ: os._Environ[str]) -> str | None:
    return project.find(os.getcwd(), environ.get("HOME", ""))


def _manifest(line: RunLine, environ: os._Environ[str]) -> Manifest | None:
    path = _manifest_path(line, environ)
    if path is not None:
        return project.load(path, profile=line.profile)
    if line.profile:
        raise ConfigError(
            f"there is no project file that could know the profile {line.profile!r}",
            hint="write .phantomrun.toml with [profile.NAME.secrets], or leave out -p",
        )
    return None


def _fingerprint(line: RunLine, manifest: Manifest | None) -> str:
    """Return what two runs must share for the inner one to need no sidecar of its own."""
    wanted = sorted(manifest.secrets.items()) if manifest is not None else None
    own = (paths.vault_path(os.environ), wanted, line.profile, line.only, line.without)
    return sha256(repr((*own, line.clean_env, line.env_files)).encode()).hexdigest()


def _env_files(line: RunLine) -> Environ:
    found: Environ = {}
    for path in line.env_files:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                entries = dotenv.parse(file.read(), where=path)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ConfigError(f"cannot read {path}: {why}") from None
        for name, value in dotenv.values(entries).items():
            found[os.fsencode(name)] = os.fsencode(value)
    return found


def _close_passphrase_fd(environ: Environ) -> None:
    """Close the descriptor the passphrase came from: the command could rewind a file."""
    number = environ.get(b"PHANTOMRUN_PASSPHRASE_FD", b"")
    if number.isdigit() and int(number) > 2:
        os.closerange(int(number), int(number) + 1)


def _named(failure: Failure, name: str) -> str:
    if isinstance(failure, sidecar.Interrupted) or failure.code == "PR-INTERNAL":
        return failure.message
    return f"{failure.message}; {os.path.basename(name)} was not started"


def _noted(ready: Ready) -> str:
    names = ", ".join(sorted(ready.plan.phantoms)) or "none"
    count = len(ready.plan.phantoms)
    profile = ready.profile or "default"
    phantoms = f"{count} phantom{'' if count == 1 else 's'}"
    return f"phantomrun: profile {profile} · {phantoms} ({names}) · run {ready.run_id}"


def _described(ready: Ready) -> str:
    """Return what --dry-run prints: every phantom's upstream and every variable that is set."""
    lines = []
    for route in ready.plan.routes:
        for stand in route.book:
            where = stand.upstream.origin + stand.upstream.path
            lines.append(f"{stand.phantom.secret.name}  →  {where}  ({route.provider.title})")
        lines += [f"  {variable}" for variable in route.provider.points]
    return "\n".join(lines or ["no secrets: the command would run with none"]) + "\n"
