"""What a secret is bound to: whose it is, its one upstream, and whom to trust there."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from phantomrun import catalogue
from phantomrun.core.route import parse_upstream
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from phantomrun.core.provider import Provider
    from phantomrun.core.record import Record

MAX_CA_BYTES = 1024 * 1024
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Wish(NamedTuple):
    """What the person asked for; empty where nothing was said."""

    provider: str = ""
    upstream: str = ""
    ca_pem: str = ""


class Binding(NamedTuple):
    """The decision, and how the provider was found."""

    provider: Provider
    upstream: str
    ca_pem: str
    how: str


class Known:
    """Every provider whose file can be read, and the failures of those that cannot."""

    def __init__(self, user_dir: str) -> None:
        self.user_dir = user_dir
        self.providers: list[Provider] = []
        self.broken: list[ConfigError] = []
        for name in catalogue.names(user_dir):
            try:
                self.providers.append(catalogue.load(name, user_dir=user_dir))
            except ConfigError as error:
                self.broken.append(error)

    def load(self, name: str) -> Provider:
        """Return the provider of that name, or the reason why not."""
        for provider in self.providers:
            if provider.name == name:
                return provider
        return catalogue.load(name, user_dir=self.user_dir)


def bind(
    name: str, value: Callable[[], str], *, wish: Wish, known: Known, before: Record | None = None
) -> Binding:
    """Return what `name` is bound to: what was asked, else as before, else what it looks like."""
    provider, how = _provider(name, value, wish, known, before)
    if not provider.usable:
        raise unusable(name, provider)
    same = before is not None and before.provider == provider.name
    kept = before if same else None
    upstream = wish.upstream or (kept.upstream if kept else "") or provider.upstream
    if not upstream:
        variable = next(iter(provider.points))
        raise ConfigError(
            f"{provider.title} has an address per customer, so {name} needs one",
            hint=f"phantomrun set {name} --upstream URL   (what {variable} would hold)",
            code="PR-UPSTREAM",
        )
    ca_pem = wish.ca_pem or (kept.ca_pem if kept and upstream == kept.upstream else "")
    return Binding(provider, upstream, ca_pem, how)


def unusable(name: str, provider: Provider) -> ConfigError:
    """Return the failure for a provider that no run can serve."""
    return ConfigError(
        f"{name} cannot be used yet: {provider.title} {WAYS[provider.way]}\n{provider.note}",
        hint="nothing was stored",
        code="PR-WAY",
    )


WAYS = {
    "base-url": "is reached by a base URL",
    "port": "is reached by a port of its own",
    "intercept": "needs interception",
    "sign": "signs its requests",
    "wire": "speaks a protocol of its own",
}


def _provider(
    name: str, value: Callable[[], str], wish: Wish, known: Known, before: Record | None
) -> tuple[Provider, str]:
    if wish.provider:
        return known.load(wish.provider), "as asked"
    if before is not None:
        return known.load(before.provider), "as before"
    found = catalogue.recognise(name, value(), known.providers)
    if found is None:
        raise _unrecognised(name, known)
    return found[0], f"by {found[1]}"


def _unrecognised(name: str, known: Known) -> ConfigError:
    own = f"{known.user_dir}/NAME.toml"
    guess = _guess(name, known.providers)
    usual = f"phantomrun set {name} --provider {guess or 'PROVIDER'}"
    return ConfigError(
        f"{name} is not the name of a secret we know, nor does its value tell whose it is",
        hint=f"{usual}   (phantomrun providers lists them)\nor describe the service in {own}",
        code="PR-PROVIDER",
    )


def _guess(name: str, providers: list[Provider]) -> str:
    usable = [provider for provider in providers if provider.usable]
    secrets = {secret: provider.name for provider in usable for secret in provider.secrets}
    near = difflib.get_close_matches(name.upper(), list(secrets), n=1, cutoff=0.75)
    if near:
        return secrets[near[0]]
    first = name.lower().split("_")[0]
    starting = [provider.name for provider in usable if provider.name.split("-")[0] == first]
    return starting[0] if starting else ""


def checked_upstream(url: str) -> str:
    """Return an upstream as it is sealed: no trailing slash, host in lower case."""
    try:
        holds_user = "@" in urlsplit(url).netloc
    except ValueError:
        holds_user = "@" in url
    if holds_user:  # the password in it stays off the screen
        raise ConfigError(
            "--upstream holds a user or password; they belong into the secret",
            hint="write https://HOST[:PORT][/PATH]",
            code="PR-UPSTREAM",
        )
    try:
        found = parse_upstream(url)
    except ConfigError as error:
        raise ConfigError(error.message, hint=error.hint, code="PR-UPSTREAM") from None
    return found.origin + found.path


def read_ca_file(path: str) -> str:
    """Return the certificates in a PEM file, and nothing else that is in it."""
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_CA_BYTES + 1)
    except OSError as error:
        why = (error.strerror or "").lower()
        raise ConfigError(f"cannot read {path}: {why}", code="PR-CA") from None
    if len(raw) > MAX_CA_BYTES:
        raise ConfigError(f"{path} is larger than 1 MiB", code="PR-CA")
    pem = "\n".join(_CERTIFICATE.findall(raw.decode("ascii", "replace")))
    if not pem or not _loads(pem):
        raise ConfigError(
            f"{path} holds no certificates in PEM form",
            hint="it needs -----BEGIN CERTIFICATE----- blocks; for DER: openssl x509 -inform der",
            code="PR-CA",
        )
    return pem + "\n"


def _loads(pem: str) -> bool:
    import ssl

    store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        store.load_verify_locations(cadata=pem)
    except ssl.SSLError:
        return False
    return store.cert_store_stats()["x509"] > 0
