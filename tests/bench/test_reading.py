"""What the harness reads off the wire and out of wrk's report, and what it refuses to count."""

from __future__ import annotations

import pytest

from tests.bench.client import expect_200, is_whole
from tests.bench.processes import BenchError
from tests.bench.rows.load import parsed

REPORT = """Running 2s test @ http://127.0.0.1:1/openai/v1/models
  1 threads and 32 connections
  21318 requests in 2.00s, 7.05MB read
{extra}Requests/sec:  10653.05
Transfer/sec:      3.52MB
"""


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True, id="all of it"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok", True, id="any spelling"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", False, id="body short"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", False, id="head short"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            True,
            id="last chunk",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            False,
            id="no last chunk",
        ),
    ],
)
def test_a_response_ends_where_its_head_says(answer: bytes, whole: bool) -> None:
    assert is_whole(answer) is whole


def test_reads_what_wrk_counted() -> None:
    assert parsed(REPORT.format(extra=""), "peer") == (21318, 10653.05)


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param("  Non-2xx or 3xx responses: 7\n", id="refused requests"),
        pytest.param("  Socket errors: connect 0, read 3, write 0, timeout 0\n", id="broken ones"),
    ],
)
def test_failures_under_load_are_an_error_and_not_a_sample(extra: str) -> None:
    with pytest.raises(BenchError, match="peer failed under load"):
        parsed(REPORT.format(extra=extra), "peer")


def test_an_empty_report_is_an_error() -> None:
    with pytest.raises(BenchError, match="reported nothing"):
        parsed("unable to connect", "peer")


def test_only_200_counts() -> None:
    expect_200(b"HTTP/1.1 200 OK\r\n\r\n", "peer")

    with pytest.raises(BenchError, match="peer did not answer 200"):
        expect_200(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "peer")
