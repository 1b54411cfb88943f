"""The child's environment: phantoms in, real values and unlock variables out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from phantomrun.core.forms import Needles, needles
from phantomrun.core.phantom import Phantom

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from phantomrun.core.secret import Secret

Environ = dict[bytes, bytes]

MIN_PART_BYTES = 8  # a shorter secret counts only where it is a variable's whole value
PLACEHOLDER = b"PHANTOMRUN_ENV_"
RUN = b"PHANTOMRUN"
LISTENER = b"PHANTOMRUN_LISTENER"
_UNLOCK = re.compile(rb"PHANTOMRUN_(PASSPHRASE(_FD|_FILE)?|KEY_FILE|ASKPASS)\Z")
_EXPANSION = re.compile(rb"\$\{PHANTOMRUN_ENV_([A-Za-z_][A-Za-z0-9_]*)\}")
_DIRECT = (b"127.0.0.1", b"localhost")
# --clean-env: what programs need to find their files, speak the user's language and draw
_ALLOWED = re.compile(
    rb"(PATH|HOME|USER|LOGNAME|SHELL|PWD|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+|TERM|COLORTERM|NO_COLOR"
    rb"|FORCE_COLOR|COLUMNS|LINES|CI|DISPLAY|WAYLAND_DISPLAY|XDG_[A-Z_]+|VIRTUAL_ENV"
    rb"|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    rb"|[A-Za-z]*_(proxy|PROXY)|PHANTOMRUN|PHANTOMRUN_(HOME|PROFILE|LISTENER))\Z"
)


class Given(NamedTuple):
    """What a run puts into the environment, by variable."""

    phantoms: Mapping[str, Phantom]
    points: Mapping[str, str]
    run: str  # the run's id
    listener: str  # host:port
    profile: str = ""
    added: Mapping[bytes, bytes] = {}


def child_environ(
    inherited: Mapping[bytes, bytes], given: Given, *, others: Iterable[Secret], clean: bool = False
) -> Environ:
    """Return the child's environment.

    Whatever its name, a variable that holds a real value gets the phantom instead, or is dropped
    where the secret is one of `others`, the vault's secrets that are not in this run.
    """
    environ = {
        name: value
        for name, value in without_unlock(inherited).items()
        if not clean or _ALLOWED.match(name)
    }
    environ |= without_unlock(given.added)
    # SECURITY: no real value gets in, under whatever name
    # (test_a_real_value_under_another_name_becomes_the_phantom)
    environ = _without_real_values(environ, given.phantoms.values(), others)
    environ = _expanded(environ, given.phantoms)
    for variable, phantom in given.phantoms.items():
        environ[variable.encode()] = environ[PLACEHOLDER + variable.encode()] = phantom.value
    for variable, url in given.points.items():
        environ[variable.encode()] = environ[PLACEHOLDER + variable.encode()] = url.encode()
    environ[RUN] = given.run.encode()
    environ[LISTENER] = given.listener.encode()
    if given.profile:
        environ[b"PHANTOMRUN_PROFILE"] = given.profile.encode()
    for name in (b"NO_PROXY", b"no_proxy"):  # no client skips loopback by itself
        environ[name] = _merged(environ.get(name, environ.get(name.swapcase(), b"")))
    return environ


def without_unlock(inherited: Mapping[bytes, bytes]) -> Environ:
    """Return `inherited` without the variables that unlock the vault."""
    return {name: value for name, value in inherited.items() if not _UNLOCK.match(name)}


def real_value(arguments: Iterable[bytes], secrets: Iterable[Secret]) -> Secret | None:
    """Return the secret whose real value occurs in one of `arguments`, in any form, or None."""
    texts = tuple(arguments)
    joined = b"\0".join(texts)
    for secret in secrets:
        forms = _forms(secret)
        present = secret.reveal() in joined or forms.present(joined)
        if present and any(_holds(text, secret, forms) for text in texts):
            return secret
    return None


def _forms(secret: Secret) -> Needles:
    return Needles(needles(Phantom(secret.reveal(), secret)))


def _holds(text: bytes, secret: Secret, forms: Needles) -> bool:
    value = secret.reveal()
    return text == value or (len(value) >= MIN_PART_BYTES and forms.present(text))


def _without_real_values(
    environ: Environ, phantoms: Iterable[Phantom], others: Iterable[Secret]
) -> Environ:
    stands: list[tuple[Secret, Phantom | None]] = [
        *((phantom.secret, phantom) for phantom in phantoms),
        *((secret, None) for secret in others),
    ]
    # a secret may be part of a longer one, of which nothing may stay
    stands.sort(key=lambda stand: len(stand[0].reveal()), reverse=True)
    names = b"\0".join(environ)
    joined = b"\0".join(environ.values())
    for secret, phantom in stands:
        forms = _forms(secret)
        if forms.present(names):  # nothing sensible is called so
            environ = {
                name: text for name, text in environ.items() if not _holds(name, secret, forms)
            }
        if phantom is not None:
            _swap(environ, phantom, joined)
        elif secret.reveal() in joined or forms.present(joined):
            environ = {
                name: text for name, text in environ.items() if not _holds(text, secret, forms)
            }
    return environ


def _swap(environ: Environ, phantom: Phantom, joined: bytes) -> None:
    real = phantom.secret.reveal()
    forms = Needles(needles(phantom))
    if real not in joined and not forms.present(joined):
        return
    for name, text in environ.items():
        if text == real:
            environ[name] = phantom.value
        elif len(real) >= MIN_PART_BYTES:
            environ[name] = forms.replaced(text)


def _expanded(environ: Environ, phantoms: Mapping[str, Phantom]) -> Environ:
    """Return `environ` with the placeholders of a rewritten .env expanded, as a shell would."""

    def value(match: re.Match[bytes]) -> bytes:
        phantom = phantoms.get(match[1].decode())
        return match[0] if phantom is None else phantom.value

    return {name: _EXPANSION.sub(value, text) for name, text in environ.items()}


def _merged(existing: bytes) -> bytes:
    entries = [entry.strip() for entry in existing.split(b",") if entry.strip()]
    if b"*" in entries:
        return existing  # everything already, and only where it stands alone
    return b",".join([*entries, *(host for host in _DIRECT if host not in entries)])
