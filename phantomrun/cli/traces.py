"""Where the values that were imported can still be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from phantomrun.cli import plain
from phantomrun.core import detect, dotenv

if TYPE_CHECKING:
    from phantomrun.cli.intake import Take

MAX_COPY_CHARS = 1 << 20


def remaining(text: str, takes: list[Take], where: str) -> list[str]:
    """Return a line for every place of a rewritten file where a real value can still be read."""
    found: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for take in takes:
            if plain.text(take.value) in line:
                found[number] = f"{where}:{number}: the value of {take.name} is still here"
    for entry in dotenv.commented(dotenv.parse(text, where=where)):
        if detect.looks_secret(entry.name, entry.value):
            found.setdefault(
                entry.line, f"{where}:{entry.line}: a comment holds a value of {entry.name}"
            )
    return [found[number] for number in sorted(found)]


def copies(path: str, takes: list[Take]) -> list[str]:
    """Return a line for every other place where the values that were imported may still lie."""
    folder, name = os.path.split(os.path.abspath(path))
    lines = [
        f"{other} holds the same values: remove it, or import it too"
        for other in sorted(os.listdir(folder))
        if other != name and ".env" in other and _holds(os.path.join(folder, other), takes)
    ]
    if os.path.islink(path):
        lines.append(f"{path} is a link: {os.path.realpath(path)} was rewritten")
    if _tracked(folder, name):
        lines.append(
            f"git knows {name}: its history keeps the values, so replace them at the vendor"
        )
    return lines


def _holds(path: str, takes: list[Take]) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, encoding="utf-8", errors="replace") as file:
            text = file.read(MAX_COPY_CHARS)
    except OSError:
        return False
    return any(plain.text(take.value) in text for take in takes)


def _tracked(folder: str, name: str) -> bool:
    """Tell whether the nearest git index above has an entry that ends in `name`."""
    while not os.path.isdir(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder, name = above, os.path.join(os.path.basename(folder), name)
    try:
        with open(os.path.join(folder, ".git", "index"), "rb") as index:
            return os.fsencode(name) + b"\0" in index.read()
    except OSError:
        return False
