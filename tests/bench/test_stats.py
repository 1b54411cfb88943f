"""The arithmetic of the speed table, and how its rows are written."""

from __future__ import annotations

import pytest

from tests.bench import stats
from tests.bench.table import Row, markdown, ratio_cell


@pytest.mark.parametrize(
    ("samples", "share", "expected"),
    [
        pytest.param([5.0], 0.5, 5.0, id="one sample is every quantile"),
        pytest.param([1.0, 2.0, 3.0], 0.5, 2.0, id="odd count: the middle one"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 0.5, 2.5, id="even count, unsorted: between the two"),
        pytest.param([1.0, 2.0, 3.0, 4.0, 5.0], 0.25, 2.0, id="a quartile"),
        pytest.param([0.0, 10.0], 0.9, 9.0, id="between neighbours by line"),
        pytest.param([1.0, 9.0], 0.0, 1.0, id="the least"),
        pytest.param([1.0, 9.0], 1.0, 9.0, id="the most"),
    ],
)
def test_a_quantile_lies_where_the_sorted_samples_put_it(
    samples: list[float], share: float, expected: float
) -> None:
    assert stats.quantile(samples, share) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [
        pytest.param(100, 0.99, 99.0, id="p99 of 100 is the 99th"),
        pytest.param(50, 0.99, 50.0, id="p99 of 50 is the largest"),
        pytest.param(200, 0.99, 198.0, id="p99 of 200 is the 198th"),
        pytest.param(1, 0.99, 1.0, id="p99 of one is that one"),
        pytest.param(10, 0.0, 1.0, id="p0 is the least"),
    ],
)
def test_a_tail_is_a_sample_that_was_measured(count: int, share: float, expected: float) -> None:
    samples = [float(number) for number in range(count, 0, -1)]

    assert stats.worst_of(samples, share) == expected


def test_without_samples_there_is_no_number() -> None:
    with pytest.raises(ValueError, match="no samples"):
        stats.median([])
    with pytest.raises(ValueError, match="no samples"):
        stats.worst_of([], 0.99)
    with pytest.raises(ValueError, match="between 0 and 1"):
        stats.quantile([1.0], 99)


def test_ratios_are_taken_pair_by_pair() -> None:
    ours, theirs = [2.0, 30.0, 4.0], [1.0, 10.0, 4.0]

    assert stats.ratios(ours, theirs) == [2.0, 3.0, 1.0]
    assert stats.median(stats.ratios(ours, theirs)) == 2.0
    assert stats.differences(ours, theirs) == [1.0, 20.0, 0.0]


def test_a_pair_with_one_half_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        stats.ratios([1.0, 2.0], [1.0])


def test_every_second_round_runs_backwards() -> None:
    assert stats.turns(3, 0) == [0, 1, 2]
    assert stats.turns(3, 1) == [2, 1, 0]


def test_a_spread_is_the_quartiles_around_the_median() -> None:
    assert stats.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == stats.Spread(2.0, 3.0, 4.0)
    assert ratio_cell([1.0, 2.0, 3.0, 4.0, 5.0]) == "3.00 x (2.00-4.00)"


@pytest.mark.parametrize(
    ("reached", "limit", "met"),
    [
        pytest.param(1.5, "≤ 1.5", "yes", id="a ceiling may be touched"),
        pytest.param(1.51, "≤ 1.5", "**no**", id="above a ceiling"),
        pytest.param(0.7, "≥ 0.7", "yes", id="a floor may be touched"),
        pytest.param(0.69, "≥ 0.7", "**no**", id="below a floor"),
        pytest.param(3.0, "", "", id="no target, no verdict"),
    ],
)
def test_a_row_says_whether_its_target_was_met(reached: float, limit: str, met: str) -> None:
    row = Row("what", "ours", "theirs", "ratio", limit=limit, unit="x", reached=reached)

    assert row.verdict() == met


def test_the_table_is_markdown_with_a_line_per_row() -> None:
    row = Row("start-up", "20 ms", "8 ms", "2.50 x", limit="≤ 5", unit="x", reached=2.5)
    absent = Row("requests/s", "", "mitmproxy", "not installed")

    lines = markdown([row, absent]).splitlines()

    assert lines[2] == "| start-up | 20 ms | 8 ms | 2.50 x | ≤ 5 x | yes |"
    assert lines[3] == "| requests/s | - | mitmproxy | not installed | - | - |"
    assert {line.count("|") for line in lines} == {7}
