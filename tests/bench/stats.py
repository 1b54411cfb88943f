"""Medians, quantiles and paired ratios: what turns samples into cells of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Spread(NamedTuple):
    """A median and the quartiles around it."""

    low: float
    median: float
    high: float


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the value that `share` of the samples do not exceed, between neighbours by line."""
    if not samples:
        raise ValueError("no samples")
    if not 0 <= share <= 1:
        raise ValueError(f"a share is between 0 and 1, not {share}")
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(samples: Sequence[float]) -> float:
    return quantile(samples, 0.5)


def worst_of(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least `share` of all do not exceed: never interpolated.

    For tails: a p99 of 50 samples is then the largest one, not a value between the two largest.
    """
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    rank = -int(-share * len(ordered) // 1)  # ceiling
    return ordered[max(rank, 1) - 1]


def spread(samples: Sequence[float]) -> Spread:
    return Spread(quantile(samples, 0.25), median(samples), quantile(samples, 0.75))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return ours over theirs, pair by pair: both halves of a pair were measured in one round."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def differences(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [mine - other for mine, other in zip(ours, theirs, strict=True)]


def turns(count: int, round_number: int) -> list[int]:
    """Return the order in which `count` contestants take their turn in a round.

    Every second round runs backwards, so that a machine which slowly warms up or cools down
    favours nobody.
    """
    order = list(range(count))
    return order if round_number % 2 == 0 else order[::-1]
