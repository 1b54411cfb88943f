"""Which providers there are: the shipped files, and the user's own, which replace them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from phantomrun.core.provider import parse
from phantomrun.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from phantomrun.core.provider import Provider

SHIPPED_DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "providers")
MIN_PREFIX_CHARS = 3
MAX_FILE_BYTES = 65_536

# Several vendors' keys begin so. They shape a phantom, but a guess from them could seal a
# secret to somebody else's upstream (test_does_not_guess_from_a_prefix_vendors_share).
SHARED_PREFIXES = frozenset({"sk-", "pk-", "sk_", "pk_", "key-", "eyJ"})

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def load(name: str, *, user_dir: str | None) -> Provider:
    """Return the provider of that name; only its own file is read."""
    if _NAME.fullmatch(name):
        for directory in (user_dir, SHIPPED_DIR):
            path = os.path.join(directory, f"{name}.toml") if directory else ""
            text = _read(path) if path else None
            if text is not None:
                return parse(name, text, where=path if directory == user_dir else f"{name}.toml")
    raise _unknown(name, user_dir)


def path(name: str, *, user_dir: str) -> str:
    """Return the file that `load` reads for that name: the user's own, else the shipped one."""
    own = os.path.join(user_dir, f"{name}.toml")
    return own if os.path.lexists(own) else os.path.join(SHIPPED_DIR, f"{name}.toml")


def names(user_dir: str | None) -> list[str]:
    """Return the name of every provider, sorted."""
    return sorted(set(_listed(SHIPPED_DIR)) | set(_listed(user_dir) if user_dir else ()))


def load_all(user_dir: str | None) -> list[Provider]:
    """Return every provider, by name."""
    return [load(name, user_dir=user_dir) for name in names(user_dir)]


def recognise(name: str, value: str, providers: Iterable[Provider]) -> tuple[Provider, str] | None:
    """Return whose secret this is and what gave it away: its name, or else its longest prefix."""
    known = list(providers)
    for provider in known:
        if name in provider.secrets:
            return provider, "name"
    matches = [
        (len(prefix), provider, prefix)
        for provider in known
        for prefix in provider.shape.prefixes
        if value.startswith(prefix)
        and len(prefix) >= MIN_PREFIX_CHARS
        and prefix not in SHARED_PREFIXES
    ]
    if not matches:
        return None
    _, provider, prefix = max(matches, key=lambda match: match[0])
    return provider, f"prefix {prefix}"


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", code="PR-PROVIDER") from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is too long for a provider file", code="PR-PROVIDER")
    try:
        return raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8", code="PR-PROVIDER") from None


def _listed(directory: str) -> list[str]:
    try:
        found = os.listdir(directory)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(
            f"cannot list {directory}: {error.strerror}", code="PR-PROVIDER"
        ) from None
    files = [file for file in found if file.endswith(".toml") and not file.startswith(".")]
    for file in files:
        if not _NAME.fullmatch(file.removesuffix(".toml")):
            raise ConfigError(
                f"{os.path.join(directory, file)}: not a provider's name",
                hint="use lower-case letters, digits and -",
                code="PR-PROVIDER",
            )
    return [file.removesuffix(".toml") for file in files]


def _unknown(name: str, user_dir: str | None) -> ConfigError:
    import difflib

    near = difflib.get_close_matches(name.lower(), names(user_dir), n=1)
    hint = f"did you mean {near[0]}?" if near else "`phantomrun providers` lists them"
    return ConfigError(f"no provider is called {name!r}", hint=hint, code="PR-PROVIDER")
