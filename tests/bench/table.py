"""The table: rows of text, and whether each target was met."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.stats import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("what", "phantomrun", "compared with", "outcome", "target", "met")


class Row(NamedTuple):
    """One line of the table; `reached` is the number that `limit` ("≤ 1.5") is held against."""

    what: str
    ours: str
    theirs: str
    outcome: str
    limit: str = ""
    unit: str = ""
    reached: float = 0.0

    def verdict(self) -> str:
        if not self.limit:
            return ""
        sign, bound = self.limit.split()
        met = self.reached <= float(bound) if sign == "≤" else self.reached >= float(bound)
        return "yes" if met else "**no**"

    def cells(self) -> tuple[str, ...]:
        target = f"{self.limit} {self.unit}" if self.limit else ""
        return (self.what, self.ours, self.theirs, self.outcome, target, self.verdict())


def markdown(rows: Sequence[Row]) -> str:
    lines = [_line(HEADINGS), _line(["---"] * len(HEADINGS))]
    lines += [_line([cell or "-" for cell in row.cells()]) for row in rows]
    return "\n".join(lines)


def ratio_cell(samples: Sequence[float]) -> str:
    low, middle, high = spread(samples)
    return f"{middle:.2f} x ({low:.2f}-{high:.2f})"


def absent(what: str, peer: str, why: str) -> Row:
    """Return the row of a peer that this machine does not have: said, never left out."""
    return Row(what, "", peer, why)


def millis(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e6:.2f} ms" if nanoseconds < 1e7 else f"{nanoseconds / 1e6:.1f} ms"


def micros(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e3:.0f} µs"


def mebibytes(count: float) -> str:
    return f"{count / 2**20:.1f} MB"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
