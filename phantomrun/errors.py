"""Every failure we report on purpose.

PhantomrunError                     message: lower case, no final period, no secret
├── Failure             ends the command      → exit code, hint
│   ├── ConfigError            a flag, manifest or provider file is wrong
│   ├── NotFound               no secret, or nothing to import, of that name
│   ├── VaultError
│   │   ├── VaultMissing       nothing at that path
│   │   ├── VaultLocked        wrong passphrase, or no way to ask for one
│   │   └── VaultDamaged       truncated, altered, or from a newer version
│   ├── PolicyError            refused by policy or trust
│   └── LaunchError            126 not executable, 127 not found, 125 anything else of ours
└── Refusal             ends one exchange     → status sent to the child
    ├── Malformed         400  bytes we will not forward
    ├── Unauthenticated   401  no phantom of this run in a slot
    ├── Denied            403  a phantom out of place
    └── Unreachable       502  the upstream did not answer, or could not be trusted

A few more, which nobody catches by name, are defined where they are raised.
"""

from __future__ import annotations


class PhantomrunError(Exception):
    """A failure that was foreseen; anything else is a bug and gets a traceback."""

    code = "PR-FAILED"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class Failure(PhantomrunError):
    """Ends the command with `exit_code` (a run turns any of them but LaunchError's into 125)."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message, code=code)
        self.hint = hint


class ConfigError(Failure):
    """A flag, a value, the manifest or a provider file is wrong."""

    exit_code = 2
    code = "PR-CONFIG"


class NotFound(Failure):
    """No secret of that name."""

    exit_code = 3
    code = "PR-MISSING"


class VaultError(Failure):
    """The vault cannot be used as it is."""

    code = "PR-VAULT"


class VaultMissing(VaultError):
    """There is no vault at that path."""

    code = "PR-NOVAULT"


class VaultLocked(VaultError):
    """The passphrase or key file was wrong, or there was no way to ask for one."""

    exit_code = 4
    code = "PR-LOCKED"


class VaultDamaged(VaultError):
    """The file is truncated, altered, or from a newer version."""

    code = "PR-DAMAGED"


class PolicyError(Failure):
    """Refused by policy or trust: revealing inside a run, widening from a project file."""

    exit_code = 5
    code = "PR-TRUST"


class LaunchError(Failure):
    """The command could not be started: 127 not found, 126 not executable, else 125."""

    exit_code = 125
    code = "PR-LAUNCH"

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", exit_code: int = 125
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.exit_code = exit_code


class Refusal(PhantomrunError):
    """Ends one exchange; the child is answered with `status` in its provider's error shape."""

    status = 400


class Malformed(Refusal):
    """Bytes we will not forward: broken, ambiguous, or beyond our limits."""

    status = 400
    code = "PR-MALFORMED"


class Unauthenticated(Refusal):
    """No phantom of this run stands in any slot of the route."""

    status = 401
    code = "PR-PHANTOM"


class Denied(Refusal):
    """A phantom of this run, but not of this route."""

    status = 403
    code = "PR-ROUTE"


class Unreachable(Refusal):
    """The upstream did not answer, or TLS could not be verified."""

    status = 502
    code = "PR-UNREACHABLE"
