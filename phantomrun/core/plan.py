"""The plan: everything a run will do, decided before it does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from phantomrun.core.phantom import Phantom, mint
from phantomrun.core.route import Route, Stand, link, parse_upstream
from phantomrun.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from phantomrun.core.manifest import Manifest
    from phantomrun.core.provider import Provider
    from phantomrun.core.record import Record
    from phantomrun.core.secret import Secret


class Plan(NamedTuple):
    """What the child gets, what the doors serve, and which secrets stay out of the run."""

    phantoms: dict[str, Phantom]  # by the child's variable
    routes: tuple[Route, ...]
    others: tuple[Secret, ...]  # of the vault, not of this run


def chosen(
    records: Iterable[Record],
    *,
    manifest: Manifest | None,
    only: Sequence[str],
    without: Sequence[str],
) -> dict[str, Record]:
    """Return the run's records by the child's variable.

    Without a manifest that is the whole vault. Raises NotFound for a name in `only` that the run
    does not have, for one in `without` that nobody has, and for a secret that is required.
    """
    by_name = {record.name: record for record in records}
    if manifest is None:
        found = dict(by_name)
    else:
        found = {
            variable: by_name[want.vault_name]
            for variable, want in manifest.secrets.items()
            if want.vault_name in by_name
        }
        _check_required(manifest, found)
    for name in (*only, *without):
        if name not in found and (name in only or name not in by_name):
            raise _unknown(name, found)
    return {
        variable: record
        for variable, record in found.items()
        if (not only or variable in only) and variable not in without
    }


def plan(
    records: Mapping[str, Record],
    *,
    everything: Iterable[Record],
    providers: Mapping[str, Provider],
    entropy: Callable[[int], bytes],
) -> Plan:
    """Return the plan for `records`; each variable gets a phantom of its own."""
    phantoms: dict[str, Phantom] = {}
    books: dict[str, list[Stand]] = {}
    for variable, record in records.items():
        provider = providers[record.provider]
        if not provider.usable:
            raise ConfigError(
                f"{variable} cannot be used: {provider.title} needs more than a base URL",
                hint=f"phantomrun -x {variable} -- …   runs without it",
            )
        phantom = mint(record.value, provider.shape, entropy=entropy)
        upstream = parse_upstream(record.upstream, ca_pem=record.ca_pem)
        phantoms[variable] = phantom
        books.setdefault(provider.name, []).append(Stand(phantom, upstream))
    used = {record.name for record in records.values()}
    return Plan(
        phantoms,
        link(Route(providers[name], tuple(book)) for name, book in sorted(books.items())),
        tuple(record.value for record in everything if record.name not in used),
    )


def points(route: Route, *, host: str, port: int) -> dict[str, str]:
    """Return the variables that lead the route's clients to the listener on `host` and `port`."""
    listener = f"http://{host}:{port}" + route.prefix.decode()
    return {
        variable: template.replace("{listener}", listener)
        .replace("{host}", host)
        .replace("{port}", str(port))
        for variable, template in route.provider.points.items()
    }


def _check_required(manifest: Manifest, found: Mapping[str, Record]) -> None:
    for variable, want in manifest.secrets.items():
        if want.required and variable not in found:
            raise NotFound(
                f"{variable} is required by {manifest.where} but is not in the vault",
                hint=f"phantomrun set {want.vault_name}",
            )


def _unknown(name: str, known: Iterable[str]) -> NotFound:
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]}?" if near else "phantomrun list   shows what there is"
    return NotFound(f"no secret of this run is called {name}", hint=hint)
