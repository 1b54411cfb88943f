"""Bodies: framed anew, and opened where the upstream compressed them."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phantomrun.errors import Malformed, Unreachable
from phantomrun.wire.http.body import MAX_PLAIN_BYTES, Decoder, chunk, decoder, last_chunk
from tests.wire.ground import slices

TEXT = b"CANARY and a good deal of text, " * 20


def _raw(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


CODED = [
    ("gzip", b"gzip", gzip.compress(TEXT, mtime=0), TEXT),
    ("x-gzip", b"x-gzip", gzip.compress(TEXT, mtime=0), TEXT),
    ("gzip of nothing", b"gzip", gzip.compress(b"", mtime=0), b""),
    ("two members", b"gzip", gzip.compress(TEXT) + gzip.compress(b"more"), TEXT + b"more"),
    (
        "an empty member",
        b"gzip",
        gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(b"b"),
        b"ab",
    ),
    ("deflate", b"deflate", zlib.compress(TEXT), TEXT),
    ("deflate, another level", b"deflate", zlib.compress(TEXT, 1), TEXT),
    ("deflate without its header", b"deflate", _raw(TEXT), TEXT),
    ("deflate of one byte, bare", b"deflate", _raw(b"x"), b"x"),
    ("not a byte", b"gzip", b"", b""),
]


def _decoded(coding: bytes, pieces: list[bytes]) -> bytes:
    opened = Decoder(coding)
    plain = b"".join(map(opened.feed, pieces))
    opened.finish()
    return plain


@pytest.mark.parametrize(
    ("coding", "data", "plain"), [row[1:] for row in CODED], ids=[row[0] for row in CODED]
)
def test_opens_a_compressed_body_at_every_split(coding: bytes, data: bytes, plain: bytes) -> None:
    assert _decoded(coding, [data]) == plain
    assert _decoded(coding, slices(data, range(len(data)))) == plain
    for at in range(len(data)):
        assert _decoded(coding, [data[:at], data[at:]]) == plain


@given(st.lists(st.binary(max_size=50), max_size=3), st.lists(st.integers(0, 200)))
def test_slicing_never_matters(members: list[bytes], cuts: list[int]) -> None:
    data = b"".join(gzip.compress(member) for member in members)

    assert _decoded(b"gzip", slices(data, cuts)) == b"".join(members)


def test_what_the_upstream_flushed_is_not_kept_back() -> None:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    first = packer.compress(b"data: 1\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    second = packer.compress(b"data: 2\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    opened = Decoder(b"gzip")

    assert opened.feed(first) == b"data: 1\n\n"
    assert opened.feed(second) == b"data: 2\n\n"


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        (b"gzip", gzip.compress(TEXT)[:-1]),
        (b"gzip", gzip.compress(TEXT)[:12]),
        (b"gzip", gzip.compress(TEXT)[:1]),
        (b"gzip", gzip.compress(TEXT) + b"\x1f"),
        (b"gzip", gzip.compress(TEXT) + gzip.compress(TEXT)[:-4]),
        (b"deflate", zlib.compress(TEXT)[:-1]),
        (b"deflate", zlib.compress(TEXT)[:1]),
        (b"deflate", _raw(TEXT)[:-1]),
    ],
    ids=[
        "the last byte",
        "the end",
        "a byte",
        "a second begun",
        "a second cut",
        "zlib",
        "zlib's header",
        "bare",
    ],
)
def test_a_compressed_body_that_ends_too_early_is_not_a_body(coding: bytes, data: bytes) -> None:
    with pytest.raises(Malformed, match="ends too early"):
        _decoded(coding, [data])


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        (b"gzip", b"plain text"),
        (b"gzip", zlib.compress(TEXT)),
        (b"gzip", gzip.compress(TEXT) + b"trailing"),
        (b"gzip", gzip.compress(TEXT)[:-8] + bytes(8)),
        (b"gzip", gzip.compress(TEXT)[:30] + b"\xff" * 30),
        (b"deflate", b"\xff\xff plain text"),
        (b"deflate", gzip.compress(TEXT)),
    ],
    ids=["plain", "zlib", "more behind it", "a wrong checksum", "flipped", "not deflate", "gzip"],
)
def test_a_broken_coding_is_refused_at_every_split(coding: bytes, data: bytes) -> None:
    for at in range(len(data)):
        with pytest.raises(Malformed, match=r"broken|too early"):
            _decoded(coding, [data[:at], data[at:]])


@given(st.sampled_from([b"gzip", b"deflate"]), st.binary(max_size=60))
def test_junk_is_refused_never_fatal(coding: bytes, data: bytes) -> None:
    with contextlib.suppress(Malformed):
        _decoded(coding, [data])


@pytest.mark.parametrize(
    "value",
    [None, b"", b"identity", b" Identity ", b"identity, identity", b",", b"identity,"],
)
def test_a_plain_body_needs_no_opening(value: bytes | None) -> None:
    fields = [(b"Content-Encoding", value)] if value is not None else []

    assert decoder([(b"X-Coding", b"gzip"), *fields]) is None


@pytest.mark.parametrize("value", [b"gzip", b"GZIP", b" x-gzip", b"deflate", b"gzip, identity"])
def test_a_known_coding_is_opened(value: bytes) -> None:
    assert decoder([(b"content-ENCODING", value)]) is not None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ([b"br"], "br"),
        ([b"zstd"], "zstd"),
        ([b"compress"], "compress"),
        ([b"gzip, gzip"], "gzip, gzip"),
        ([b"gzip", b"br"], "gzip, br"),
        ([b"br, gzip"], "br, gzip"),
        ([b"CANARY"], "an unknown coding"),
        ([b"gzip;q=CANARY"], "an unknown coding"),
        ([b"\xff\r"], "an unknown coding"),
    ],
    ids=repr,
)
def test_refuses_codings_it_cannot_scrub(fields: list[bytes], named: str) -> None:
    with pytest.raises(Unreachable, match=f"with {named} although") as caught:
        decoder([(b"Content-Encoding", value) for value in fields])

    assert (caught.value.status, caught.value.code) == (502, "PR-CODING")
    assert "CANARY" not in caught.value.message


@pytest.mark.parametrize(
    ("data", "framed"),
    [(b"", b""), (b"a", b"1\r\na\r\n"), (b"x" * 26, b"1a\r\n" + b"x" * 26 + b"\r\n")],
    ids=["nothing", "one", "hexadecimal"],
)
def test_a_chunk(data: bytes, framed: bytes) -> None:
    assert chunk(data) == framed


def test_the_end_of_a_chunked_body() -> None:
    assert last_chunk([]) == b"0\r\n\r\n"
    assert last_chunk([(b"X-Sum", b"1"), (b"X-B", b"")]) == b"0\r\nX-Sum: 1\r\nX-B: \r\n\r\n"


@pytest.mark.parametrize(
    "name",
    [
        *(b"Authorization", b"content-length", b"Transfer-Encoding", b"Host", b"Trailer", b"TE"),
        *(b"Content-Encoding", b"Content-Type", b"Content-Range", b"Set-Cookie", b"Connection"),
        *(b"Location", b"Link", b"Cookie", b"Upgrade", b"Keep-Alive", b"Proxy-Authorization"),
        *(b"WWW-Authenticate", b"Content-Location"),
    ],
)
def test_a_trailer_that_may_not_be_one_is_dropped(name: bytes) -> None:
    assert last_chunk([(name, b"x"), (b"X-Kept", b"y")]) == b"0\r\nX-Kept: y\r\n\r\n"


def test_a_body_that_grows_without_measure_is_refused() -> None:
    bomb = gzip.compress(bytes(4 * MAX_PLAIN_BYTES))
    opened = decoder([(b"Content-Encoding", b"gzip")])
    assert opened is not None

    with pytest.raises(Malformed, match="without measure"):
        opened.feed(bomb)
