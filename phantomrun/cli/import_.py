"""import: move secrets from where they lie about into the vault."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from phantomrun import atomic
from phantomrun.cli import access, ask, here, intake, plain, traces
from phantomrun.cli.binding import Known
from phantomrun.cli.invocation import Invocation, verb
from phantomrun.cli.set import recorded
from phantomrun.core import dotenv, importing
from phantomrun.errors import ConfigError, NotFound, PolicyError
from phantomrun.vault.private import read_all

if TYPE_CHECKING:
    from phantomrun.cli.access import Vault
    from phantomrun.cli.intake import Intake, Take
    from phantomrun.core.importing import Candidate
    from phantomrun.core.record import Record

MAX_FILE_BYTES = 4 * 1024 * 1024
FORMS = ("dotenv", "json", "env")


class Source(NamedTuple):
    """Where the candidates came from; `raw` is the file as it was read."""

    where: str
    form: str
    raw: bytes = b""
    path: str = ""  # empty where there is no file to rewrite

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "surrogateescape")


class Outcome(NamedTuple):
    """The names that are in the vault now with the source's value, and those that are not."""

    stored: tuple[str, ...]
    same: tuple[str, ...]
    skipped: tuple[str, ...]


@verb("import")
@click.argument("file", required=False, type=click.UNPROCESSED, metavar="[FILE|-]")
@click.option(
    "--from",
    "form",
    type=click.Choice(FORMS),
    metavar="FORM",
    help="dotenv, json, or env: the current environment.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--replace", is_flag=True, help="Take values that the vault has otherwise.")
@click.option(
    "--rewrite/--no-rewrite",
    default=None,
    help="Put placeholders into the file, or leave it, without asking.",
)
@click.option("-y", "--yes", is_flag=True, help="The same as --rewrite.")
@click.pass_obj
def command(
    asked: Invocation,
    file: str | None,
    form: str | None,
    dry_run: bool,
    replace: bool,
    rewrite: bool | None,
    yes: bool,
) -> int:
    """Store the secrets of FILE (.env if none is named), and write down their names.

    Then put placeholders into the file, if you agree: the real values stay in the vault only,
    and no copy is kept. Values are recognised by name and shape, and never shown.
    """  # fmt: skip
    source = _read(asked, file, form)
    candidates, refused = _candidates(asked, source)
    known = Known(asked.provider_dir)
    here.manifest(asked)  # a broken project file is told of before anything is stored
    found = intake.sort(candidates, known=known, refused=refused, records={})
    if dry_run or not found.takes:
        _show(asked, found, source)
        if not found.takes:
            asked.terminal.note("Nothing to import.")
        return 0
    vault = access.opened_or_new(asked)
    found = intake.sort(candidates, known=known, refused=refused, records=vault.records)
    _show(asked, found, source)
    outcome = _store(asked, vault, found, replace=replace)
    _say(asked, outcome, create=bool(source.path))
    _rewrite(asked, source, found, outcome, wish=True if yes else rewrite)
    return 1 if outcome.skipped else 0


def _read(asked: Invocation, file: str | None, form: str | None) -> Source:
    if form == "env":
        if file is not None:
            raise ConfigError("--from env reads the environment, not a file", code="PR-USAGE")
        if asked.environ.get("PHANTOMRUN"):
            raise PolicyError("inside a run the environment holds phantoms", code="PR-INSIDE")
        return Source("the environment", "env")
    if file == "-":
        raw = read_all(sys.stdin.fileno(), "text on standard input", limit=MAX_FILE_BYTES)
        return _formed(Source("standard input", form or "", raw))
    path = file or ".env"
    return _formed(Source(path, form or "", _file(path), path))


def _file(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb"):
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise ConfigError(f"{path} is not a regular file", code="PR-IMPORT")
            return read_all(fd, f"file {path}", limit=MAX_FILE_BYTES)
    except FileNotFoundError:
        raise NotFound(
            f"there is no file {path}",
            hint="phantomrun import FILE\nphantomrun import --from env",
            code="PR-IMPORT",
        ) from None
    except OSError as error:
        why = (error.strerror or "").lower()
        raise ConfigError(f"cannot read {path}: {why}", code="PR-IMPORT") from None


def _formed(source: Source) -> Source:
    """Return the source with its form, JSON if it looks so."""
    if b"\0" in source.raw:
        raise ConfigError(
            f"{source.where} is not a text in UTF-8", hint="save it as UTF-8", code="PR-IMPORT"
        )
    if source.form:
        return source
    is_json = source.path.endswith(".json") or source.raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    return source._replace(form="json" if is_json else "dotenv")


def _candidates(asked: Invocation, source: Source) -> tuple[tuple[Candidate, ...], dict[str, str]]:
    """Return what the source holds, and the names that it is ambiguous about."""
    if source.form == "env":
        return importing.read_environ(asked.environ), {}
    if source.form == "json":
        return importing.read_json(source.text, source.where), {}
    entries = dotenv.parse(source.text, where=source.where)
    return importing.read_dotenv(source.text, source.where), intake.repeated(entries)


def _show(asked: Invocation, found: Intake, source: Source) -> None:
    """Print what goes where and why, and what is left alone."""
    others = ", ".join(found.others)
    named = [take.name for take in found.takes] + [leave.name for leave in found.leaves]
    width = max(map(len, [*named, others if len(others) <= 24 else ""]), default=0)
    goal = max((len(take.binding.upstream) for take in found.takes), default=0)
    for take in found.takes:
        how = f"recognised {take.binding.how}" if take.binding.how != "as before" else "as before"
        by = f", address from {take.points[0]}" if take.points else ""
        asked.terminal.out(f"  {take.name:<{width}}  → {take.binding.upstream:<{goal}}  {how}{by}")
        for stray in take.strays:
            fix = f"phantomrun set {take.name} --upstream URL"
            asked.terminal.out(f"  {stray:<{width}}  names another address; to go there: {fix}")
    for leave in found.leaves:
        asked.terminal.out(f"  {leave.name:<{width}}  not imported: {leave.why}")
    if others and source.form != "env":
        asked.terminal.out(f"  {others:<{width}}  left alone: not secrets")


def _store(asked: Invocation, vault: Vault, found: Intake, *, replace: bool) -> Outcome:
    """Store what is new in one write; of another value, only if that was agreed to."""
    takes, same, skipped = [], [], []
    for take in found.takes:
        before = vault.records.get(take.name)
        if before is None or (replace and not plain.same(take.value, before.value)):
            takes.append(take)
        elif plain.same(take.value, before.value):
            same.append(take.name)
        elif _agreed(asked, take.name):
            takes.append(take)
        else:
            skipped.append(take.name)
    if takes:
        vault.change(lambda records: {**records, **_records(takes, records)})
    return Outcome(tuple(take.name for take in takes), tuple(same), tuple(skipped))


def _records(takes: list[Take], records: dict[str, Record]) -> dict[str, Record]:
    return {
        take.name: recorded(
            take.name,
            take.value,
            binding=take.binding,
            before=records.get(take.name),
        )
        for take in takes
    }


def _agreed(asked: Invocation, name: str) -> bool:
    if not ask.possible(asked):
        return False
    return ask.confirmed(f"The vault has another value of {name}. Replace it?")


def _say(asked: Invocation, outcome: Outcome, *, create: bool) -> None:
    kept = outcome.stored + outcome.same
    written = here.remember(asked, kept, create=create) if kept else ""
    line = f"Imported {len(outcome.stored)}."
    if outcome.same:
        line += f" In the vault already: {', '.join(outcome.same)}."
    if written:
        line += f" Wrote {written} (names only, safe to commit)."
    asked.terminal.note(line)
    if outcome.skipped:
        asked.terminal.report(
            ConfigError(
                f"the vault has another value of {', '.join(outcome.skipped)}; it stays",
                hint="phantomrun import --replace",
                code="PR-EXISTS",
            )
        )


def _rewrite(
    asked: Invocation, source: Source, found: Intake, outcome: Outcome, *, wish: bool | None
) -> None:
    """Put placeholders into the file for what the vault holds now, if that is wanted."""
    kept = {take.name: take for take in found.takes if take.name not in outcome.skipped}
    points = {point for take in kept.values() for point in take.points}
    if not kept or not source.path or source.form != "dotenv":
        if kept and source.form != "dotenv":
            asked.terminal.note(f"The real values are still in {source.where}: take them out.")
        return
    if wish is None:
        values = "1 value" if len(kept) == 1 else f"{len(kept)} values"
        question = f"Put placeholders for the {values} into {source.where} now?"
        question += " The real values stay in the vault only."
        wish = ask.possible(asked) and ask.confirmed(question)
    if not wish:
        asked.terminal.note(
            f"{source.where} still holds the real values. To replace them with placeholders: "
            f"phantomrun import {source.where} --rewrite"
        )
        return
    replaced = {name: dotenv.placeholder(name) for name in (*kept, *sorted(points))}
    after = dotenv.rewrite(source.text, replaced, where=source.where)
    atomic.replace(source.path, after.encode("utf-8", "surrogateescape"), expected=source.raw)
    takes = list(kept.values())
    for line in (*traces.remaining(after, takes, source.where), *traces.copies(source.path, takes)):
        asked.terminal.warn(line)
    asked.terminal.note("Done. Next: phantomrun -- CMD")
