"""Heads: what goes on, and where a body ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.errors import Malformed
from phantomrun.wire.http.head import (
    HOP_BY_HOP,
    Fields,
    Framing,
    ResponseHead,
    body_framing,
    serialised,
    sort,
    values,
)

KEPT: Fields = [
    (b"Accept", b"*/*"),
    (b"X-A", b"1"),
    (b"x-a", b"2"),
    (b"Authorization", b"Bearer x"),
]


@pytest.mark.parametrize(
    "name", sorted({*HOP_BY_HOP, b"host", b"content-length", b"accept-encoding"})
)
@pytest.mark.parametrize("case", [bytes.lower, bytes.upper, bytes.title], ids=["a", "A", "Aa"])
def test_what_belongs_to_the_connection_does_not_go_on(name: bytes, case: object) -> None:
    written = case(name)  # type: ignore[operator]  # one of three methods of bytes

    found = sort([*KEPT[:2], (written, b"x"), *KEPT[2:]])

    assert found.onward == KEPT
    assert found.ours == {name: [b"x"]}


@pytest.mark.parametrize("name", [b"Content_Length", b"Transfer_Encoding", b"transfer_encoding"])
def test_what_a_gateway_would_mistake_for_framing_does_not_go_on(name: bytes) -> None:
    assert sort([*KEPT, (name, b"chunked")]).onward == KEPT


@pytest.mark.parametrize(
    ("connection", "left"),
    [
        ([b"close"], KEPT),
        ([b"keep-alive"], KEPT),
        ([b""], KEPT),
        ([b"X-A"], [KEPT[0], KEPT[3]]),
        ([b"keep-alive, x-a , Accept"], [KEPT[3]]),
        ([b"close", b"\tX-A\t"], [KEPT[0], KEPT[3]]),
        ([b",,x-a,,"], [KEPT[0], KEPT[3]]),
        ([b"Authorization"], KEPT[:3]),
        ([b"content-length, host, transfer-encoding"], KEPT),
        ([b"x-a;q=1"], KEPT),
        ([b'"x-a"'], KEPT),
    ],
    ids=repr,
)
def test_what_connection_nominates_does_not_go_on(connection: list[bytes], left: Fields) -> None:
    fields = [*KEPT, *((b"Connection", value) for value in connection)]

    assert sort(fields).onward == left


def test_our_own_are_kept_with_all_their_values() -> None:
    found = sort([(b"HOST", b"a"), (b"Host", b"b"), (b"content-length", b"1")])

    assert found.ours == {b"host": [b"a", b"b"], b"content-length": [b"1"]}


@pytest.mark.parametrize(
    ("version", "connection", "persists"),
    [
        ("1.1", None, True),
        ("1.1", b"keep-alive", True),
        ("1.1", b"close", False),
        ("1.1", b"CLOSE", False),
        ("1.1", b"keep-alive, close", False),
        ("1.1", b"upgrade", True),
        ("1.0", None, False),
        ("1.0", b"keep-alive", True),
        ("1.0", b"Keep-Alive, close", False),
        ("1.0", b"upgrade", False),
    ],
)
def test_whether_a_connection_outlives_the_message(
    version: str, connection: bytes | None, persists: bool
) -> None:
    fields = [(b"Connection", connection)] if connection is not None else []

    assert sort(fields).persists(version) is persists


FRAMED = [
    ({}, (Framing.NONE, -1)),
    ({b"content-length": [b"0"]}, (Framing.LENGTH, 0)),
    ({b"content-length": [b"12"]}, (Framing.LENGTH, 12)),
    ({b"content-length": [b"0012"]}, (Framing.LENGTH, 12)),
    ({b"transfer-encoding": [b"chunked"]}, (Framing.CHUNKED, -1)),
    ({b"transfer-encoding": [b"CHUNKED"]}, (Framing.CHUNKED, -1)),
]


@pytest.mark.parametrize(("ours", "framed"), FRAMED, ids=[repr(ours) for ours, _ in FRAMED])
def test_how_a_body_ends(ours: dict[bytes, list[bytes]], framed: tuple[Framing, int]) -> None:
    assert body_framing(ours, bodiless=Framing.NONE) == framed


def test_without_a_length_the_answer_is_the_callers() -> None:
    assert body_framing({}, bodiless=Framing.CLOSE) == (Framing.CLOSE, -1)


@pytest.mark.parametrize(
    ("lengths", "codings"),
    [
        ([b"3", b"3"], []),
        ([b"3", b"4"], []),
        ([b"3"], [b"chunked"]),
        ([b"0"], [b"chunked"]),
        ([b"3"], [b"identity"]),
        ([], [b"chunked", b"chunked"]),
        ([], [b"chunked", b"identity"]),
        ([], [b"gzip", b"chunked"]),
        ([], [b"gzip, chunked"]),
        ([], [b"chunked, gzip"]),
        ([], [b"chunked, chunked"]),
        ([], [b"xchunked"]),
        ([], [b"chunkedx"]),
        ([], [b"chunked;q=1"]),
        ([], [b'"chunked"']),
        ([], [b"identity"]),
        ([], [b""]),
        ([], [b"chunked\x00"]),
        ([b""], []),
        ([b"+3"], []),
        ([b"-3"], []),
        ([b"3,3"], []),
        ([b"3 3"], []),
        ([b"0x3"], []),
        ([b"3e1"], []),
        ([b"1_0"], []),
        ([b"3 "], []),
        (["٣".encode()], []),
        ([b"\xb2"], []),
    ],
    ids=repr,
)
def test_refuses_what_two_servers_could_read_in_two_ways(
    lengths: list[bytes], codings: list[bytes]
) -> None:
    ours = {b"content-length": lengths, b"transfer-encoding": codings}

    with pytest.raises(Malformed):
        body_framing({name: found for name, found in ours.items() if found}, bodiless=Framing.NONE)


def test_a_head_is_written_by_us() -> None:
    assert serialised(b"GET / HTTP/1.1", KEPT[:2]) == (
        b"GET / HTTP/1.1\r\nAccept: */*\r\nX-A: 1\r\n\r\n"
    )
    assert serialised(b"HTTP/1.1 204 ", []) == b"HTTP/1.1 204 \r\n\r\n"


def test_values_of_a_field_in_any_case() -> None:
    assert values(KEPT, b"x-a") == [b"1", b"2"]
    assert values(KEPT, b"x-b") == []


@pytest.mark.parametrize(
    ("status", "interim"), [(100, True), (103, True), (199, True), (200, False)]
)
def test_an_interim_head_is_followed_by_another(status: int, interim: bool) -> None:
    assert ResponseHead(status, b"", "1.1", [], Framing.NONE, -1, True).interim is interim


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"Connection", b"connection", b"X-A", b"X-B", b"Host", b"TE"]),
            st.sampled_from([b"", b"x-a", b"X-B, close", b"te", b"connection", b", ,x-a"]),
        )
    )
)
def test_nothing_that_goes_on_was_nominated_or_belongs_to_the_connection(fields: Fields) -> None:
    found = sort(fields)

    names = {name.lower() for name, _ in found.onward}
    assert not names & (found.options | HOP_BY_HOP | {b"host"})
    assert [field for field in fields if field in found.onward] == found.onward


@pytest.mark.parametrize("name", [b"Range", b"If-Range", b"Accept-Charset", b"RANGE"])
def test_an_answer_cannot_be_asked_for_in_pieces(name: bytes) -> None:
    assert sort([(b"Accept", b"*/*"), (name, b"bytes=0-5")]).onward == [(b"Accept", b"*/*")]


def test_a_coding_stays_known_although_it_is_nominated() -> None:
    fields = [(b"Content-Encoding", b"gzip"), (b"X", b"y"), (b"Connection", b"content-encoding, x")]

    assert sort(fields).onward == [(b"Content-Encoding", b"gzip")]
