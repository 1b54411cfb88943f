"""curl against the laboratory: what is swapped, what is scrubbed, and what never leaves."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.curl import ok, sh
from tests.e2e.upstream import Upstream

if TYPE_CHECKING:
    from tests.e2e.home import Home

# Each row: what to ask the echo for, and how a phantom or a real key looks there.
ECHOES = {
    "body": "as=body",
    "json": "as=json",
    "url": "as=url",
    "base64": "as=base64",
    "twice": "as=twice",
    "sse": "as=sse&size=3",
    "in-the-head": "as=header",
    "chunks-of-1": "as=body&size=1",
    "chunks-of-7": "as=json&size=7",
    "chunks-of-64": "as=base64&size=64",
    "trailer": "as=body&size=9&trailer=1",
    "gzip": "as=body&encoding=gzip",
    "br": "as=body&encoding=br",
    "zstd": "as=body&encoding=zstd",
    "deflate-in-chunks": "as=body&encoding=deflate&size=5",
}


@pytest.mark.parametrize("query", ECHOES.values(), ids=ECHOES.keys())
def test_an_echoed_key_comes_back_as_the_phantom(
    stocked: Home, keys: dict[str, str], query: str
) -> None:
    compressed = "--compressed " if "encoding" in query else ""

    found = ok(stocked, f'echo "$OPENAI_API_KEY"; curl -i {compressed}"$LAB/echo?{query}"')

    phantom, _, answer = found.partition("\n")
    # a base64 quantum that the key shares with what follows it may stay as it is
    in_base64 = b64encode(phantom.encode()).decode()[:-4]
    assert answer.startswith("HTTP/1.1 200 ")
    assert keys["openai"] not in answer
    assert (in_base64 if "base64" in query else phantom) in answer


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_compression_that_nobody_asked_for_hides_nothing(
    stocked: Home, keys: dict[str, str], encoding: str
) -> None:
    script = f'curl --compressed -i "$LAB/echo?as=body&encoding={encoding}&force=1" || true'

    done = sh(stocked, script)

    assert keys["openai"].encode() not in done.out
    assert b"before " in done.out or b"phantomrun-error" in done.out.lower()


def test_a_basic_pair_is_swapped_and_scrubbed(
    stocked: Home, upstream: Upstream, keys: dict[str, str]
) -> None:
    ask = 'command curl -sS -u "$STRIPE_SECRET_KEY:" "$STRIPE_API_BASE/v1/lab/echo?as=basic"'

    found = ok(stocked, f"echo $STRIPE_SECRET_KEY; {ask}")

    phantom, answer = found.split("\n", 1)
    assert upstream.requests[0].place == "basic-user"
    pair = b64encode(f"{phantom}:".encode()).decode()
    assert answer == f"before Basic {pair} after"
    assert upstream.requests[0].header("authorization") != f"Basic {pair}"
    assert b64encode(f"{keys['stripe']}:".encode()).decode() not in answer


def test_what_the_upstream_saw_is_scrubbed_too(stocked: Home, upstream: Upstream) -> None:
    found = ok(stocked, 'echo "$OPENAI_API_KEY"; curl -H "X-Extra: kept" "$LAB/mirror?a=b%20c"')

    phantom, answer = found.split("\n", 1)
    told = json.loads(answer)
    assert dict(told["headers"])["Authorization"] == f"Bearer {phantom}"
    assert told["target"] == "/v1/lab/mirror?a=b%20c"
    assert upstream.requests[0].header("x-extra") == "kept"


# Each row: what the child sends instead of its phantom, and the refusal.
REFUSED = {
    "nothing": ("command curl -sS -i $LAB/mirror", 401, "PR-PHANTOM"),
    "wrong": (
        "command curl -sS -i -H 'Authorization: Bearer wrong' $LAB/mirror",
        401,
        "PR-PHANTOM",
    ),
    "of-another-route": (
        'command curl -sS -i -H "Authorization: Bearer $GROQ_API_KEY" $LAB/mirror',
        403,
        "PR-ROUTE",
    ),
    "wrong-slot": ('command curl -sS -i "$LAB/mirror?key=$OPENAI_API_KEY"', 401, "PR-PHANTOM"),
    "two-lengths": (
        "curl -i -H 'Content-Length: 1' -H 'Transfer-Encoding: chunked' -d x $LAB/mirror",
        400,
        "",
    ),
}


@pytest.mark.parametrize(("script", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_never_leaves(
    stocked: Home, upstream: Upstream, script: str, status: int, code: str
) -> None:
    found = ok(stocked, script)

    assert found.startswith(f"HTTP/1.1 {status} ")
    assert f"phantomrun-error: {code.lower()}" in found.lower()
    assert upstream.requests == []


def test_a_body_is_never_swapped(stocked: Home, upstream: Upstream, keys: dict[str, str]) -> None:
    found = ok(stocked, 'echo $OPENAI_API_KEY; curl -d "key=$OPENAI_API_KEY" $LAB/mirror')

    phantom = found.split("\n", 1)[0]
    assert upstream.requests[0].body == f"key={phantom}".encode()
    assert keys["openai"].encode() not in upstream.requests[0].body


# Each row: what is wrong with the upstream's certificate, and what the child is told about it.
UNTRUSTED = {
    "another-name": ({"names": ("elsewhere.example",)}, True, "match|mismatch"),
    "expired": ({"expired": True}, True, "expired"),
    "unknown-authority": ({}, False, "local issuer|self-signed|self signed"),
}


@pytest.mark.parametrize(("flaw", "trusted", "why"), UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_an_upstream_that_cannot_be_trusted_gets_nothing(
    home: Home, keys: dict[str, str], flaw: dict[str, Any], trusted: bool, why: str
) -> None:
    with Upstream({"openai": keys["openai"]}, **flaw) as wrong, Upstream({}) as other:
        authority = home.root / "ca.pem"
        authority.write_bytes((wrong if trusted else other).ca_pem)
        url = f"{wrong.url}/v1"
        home.secret("OPENAI_API_KEY", keys["openai"], url=url, ca_file=str(authority))

        found = ok(home, "curl -i $OPENAI_BASE_URL/models")

        assert found.startswith("HTTP/1.1 502 ")
        assert "phantomrun-error: pr-tls" in found.lower()
        assert re.search(why, found)
        assert wrong.requests == []
