"""check: are the secrets that the project wants in the vault?"""

from __future__ import annotations

import click

from phantomrun.cli import access, here
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.errors import NotFound


@verb("check")
@click.pass_obj
def command(asked: Invocation) -> int:
    """Tell whether every secret that the project file requires is in the vault (else exit 1).

    Those it lists without `required = true` are only mentioned. Without a project file the
    vault has to open, and that is all.
    """
    manifest = here.manifest(asked)
    records = access.opened(asked).records
    wanted = manifest.secrets if manifest else {}
    absent = {name: want for name, want in wanted.items() if want.vault_name not in records}
    missing = sorted(name for name, want in absent.items() if want.required)
    optional = sorted(set(absent) - set(missing))
    if asked.json:
        asked.terminal.object(
            "check",
            {
                "ok": not missing,
                "missing": missing,
                "absent": optional,
                "profile": manifest.profile if manifest else None,
                "project": manifest.where if manifest else None,
            },
        )
        return 1 if missing else 0
    for name in optional:
        asked.terminal.note(f"{name} is not in the vault; a run goes without it.")
    if missing:
        first = absent[missing[0]].vault_name
        verb_form = "is" if len(missing) == 1 else "are"
        asked.terminal.report(
            NotFound(
                f"{', '.join(missing)} {verb_form} required here and not in the vault",
                hint=f"phantomrun set {first}",
            )
        )
        return 1
    asked.terminal.note(_all_there(len(wanted), len(records)))
    return 0


def _all_there(wanted: int, stored: int) -> str:
    if wanted:
        return f"All that is required here is in the vault ({wanted} listed)."
    every = "its one secret" if stored == 1 else f"all its {stored} secrets"
    return f"The vault opens; a run here gets {every}."
