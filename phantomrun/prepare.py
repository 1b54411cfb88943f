"""What the sidecar prepares before it answers, and what it serves after that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from phantomrun import catalogue, paths, project
from phantomrun.core.environ import Environ, Given, child_environ, real_value
from phantomrun.core.plan import Plan, chosen, plan, points
from phantomrun.errors import ConfigError, Failure, PolicyError, VaultMissing
from phantomrun.launch import sidecar

if TYPE_CHECKING:
    import _socket

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
    doors: list[tuple[_socket.socket, str]]  # "" serves every route with a prefix
    run_id: str
    fingerprint: str
    profile: str


def serve(line: RunLine, link: Link, *, inherited: Environ) -> NoReturn:
    """Be the sidecar: prepare, answer, detach, and serve until the command is gone.

    `inherited` is the environment as the command would have had it.
    """
    preparing = sidecar.end_with(link.gone)
    try:
        sidecar.listen_to_interrupts()
        sidecar.open_standard_fds()
        sidecar.shed_openssl_variables()
        ready = prepare(line, link, inherited=inherited)
        if line.dry_run:
            sidecar.tell(link, (b"plan", _described(ready).encode()))
            os._exit(0)
        sidecar.detach((link.told, link.gone, *(door.fileno() for door, _ in ready.doors)))
        pairs = (name + b"=" + value for name, value in ready.environ.items())
        preparing.release()
        sidecar.tell(link, (b"run", _noted(ready).encode(), *pairs))
    except Failure as failure:
        _give_up(link, failure)
    except KeyboardInterrupt:
        _give_up(link, sidecar.Interrupted("interrupted"))
    except BrokenPipeError:
        os._exit(1)  # the launcher has ended, and nobody is left to tell
    except BaseException:
        # a bug: the traceback has names and lines, never values
        import traceback

        traceback.print_exc()
        os._exit(1)
    _serve_doors(ready, link)
    os._exit(0)


def _give_up(link: Link, failure: Failure) -> NoReturn:
    try:
        sidecar.tell_failure(link, failure)
    finally:
        os._exit(1)


def prepare(line: RunLine, link: Link, *, inherited: Environ) -> Ready:
    """Return the run, ready to be answered and served; raises Failure for whatever is missing."""
    settings = project.settings(paths.config_dir(os.environ))
    wanted_here = manifest(line)
    records = _records(line, link, no_input=line.no_input or settings.no_input)
    values = [record.value for record in records]
    words = [os.fsencode(word) for word in line.command]
    # SECURITY: a real value in the arguments would be in /proc for all to read
    # (test_a_real_value_among_the_arguments_is_refused)
    named = real_value(words, values)
    if named is not None:
        raise PolicyError(
            f"the arguments contain the real value of {named.name}",
            hint=f"let the command read ${named.name}: phantomrun -- sh -c '… \"${named.name}\" …'",
            code="PR-ARGV",
        )
    wanted = chosen(records, manifest=wanted_here, only=line.only, without=line.without)
    user_dir = os.path.join(paths.config_dir(os.environ), "providers")
    names = {record.provider for record in wanted.values()}
    providers = {name: catalogue.load(name, user_dir=user_dir) for name in names}
    planned = plan(wanted, everything=records, providers=providers, entropy=os.urandom)
    clean = line.clean_env or settings.clean_env
    return _opened(line, planned, wanted_here, inherited=inherited, clean=clean)


def _opened(
    line: RunLine,
    planned: Plan,
    project_file: Manifest | None,
    *,
    inherited: Environ,
    clean: bool,
) -> Ready:
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
    address = f"{listener.HOST}:{shared}"
    given = Given(planned.phantoms, led, run_id, address, profile, _env_files(line))
    environ = child_environ(inherited, given, others=planned.others, clean=clean)
    return Ready(environ, planned, doors, run_id, fingerprint(line, project_file), profile)


def _serve_doors(ready: Ready, link: Link) -> None:
    from phantomrun.proxy import listener
    from phantomrun.proxy.serve import serve as serve_doors
    from phantomrun.wire.http.door import Door

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
        doors.append((listener.opened(socket_), door))
    serve_doors(doors, environ=dict(os.environ))


def _records(line: RunLine, link: Link, *, no_input: bool) -> tuple[Record, ...]:
    from phantomrun.vault import store, unlock

    def prompt(question: str) -> str:
        from phantomrun import tty

        return tty.ask(question, hidden=True, hangup_fd=link.hangup)

    path = paths.vault_path(os.environ)
    try:
        return store.load(path, unlock.unlocker(os.environ, no_input=no_input, prompt=prompt))
    except VaultMissing as missing:
        raise _first_contact(missing) from None


def _first_contact(missing: VaultMissing) -> VaultMissing:
    """Return `missing` with the way out: the .env file that is already there, if it is."""
    from phantomrun.core import dotenv
    from phantomrun.core.detect import looks_secret

    message, hint = missing.message, "phantomrun set NAME   or   phantomrun init"
    try:
        fd = os.open(".env", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, encoding="utf-8") as file:
            values = dotenv.values(dotenv.parse(file.read(1 << 20), where=".env"))
    except (OSError, UnicodeDecodeError, ConfigError):
        values = {}
    found = [name for name, value in values.items() if looks_secret(name, value)]
    if found:
        shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        hint = f"phantomrun import .env\nfound {len(found)} that look like secrets: {shown}"
    return VaultMissing(message, hint=hint)


def manifest(line: RunLine) -> Manifest | None:
    """Return the project's manifest with the line's profile; None outside of any project."""
    if line.config and not os.path.lexists(line.config):
        raise ConfigError(f"there is no project file {line.config}")
    path = line.config or project.nearest(os.environ.get("HOME", ""))
    if path:
        return project.load(path, profile=line.profile)
    if line.profile:
        raise ConfigError(
            f"there is no project file that could know the profile {line.profile!r}",
            hint="write .phantomrun.toml with [profile.NAME.secrets], or leave out -p",
        )
    return None


def fingerprint(line: RunLine, project_file: Manifest | None) -> str:
    """Return what two runs must share for the inner one to need no sidecar of its own."""
    wanted = sorted(project_file.secrets.items()) if project_file is not None else None
    own = (paths.vault_path(os.environ), wanted, line.profile, line.only, line.without)
    return repr((*own, line.clean_env, line.env_files))


def _env_files(line: RunLine) -> Environ:
    if not line.env_files:
        return {}
    from phantomrun.core import dotenv

    found: Environ = {}
    for path in line.env_files:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                entries = dotenv.parse(file.read(), where=path)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ConfigError(f"cannot read {path}: {why}") from None
        for name, value in dotenv.values(entries).items():
            if "\0" in value:
                raise ConfigError(f"{path}: the value of {name} contains a NUL byte")
            found[os.fsencode(name)] = os.fsencode(value)
    return found


def _noted(ready: Ready) -> str:
    names = ", ".join(sorted(ready.plan.phantoms)) or "none"
    count = len(ready.plan.phantoms)
    profile = ready.profile or "default"
    phantoms = f"{count} phantom{'' if count == 1 else 's'}"
    return f"phantomrun: profile {profile} · {phantoms} ({names}) · run {ready.run_id}"


def _described(ready: Ready) -> str:
    """Return what --dry-run prints: every phantom's upstream, and the variables that lead there."""
    lines = []
    variables = {phantom.value: variable for variable, phantom in ready.plan.phantoms.items()}
    for route in ready.plan.routes:
        for stand in route.book:
            where = stand.upstream.origin + stand.upstream.path
            variable = variables[stand.phantom.value]
            lines.append(f"{variable}  →  {where}  ({route.provider.title})")
        lines += [f"  {variable}" for variable in route.provider.points]
    return "\n".join(lines or ["no secrets: the command would run with none"]) + "\n"
