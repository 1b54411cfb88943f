"""curl against the laboratory: HTTP as it is on the wire, good and bad."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e import lab
from tests.e2e.curl import CURL, ok, sh

if TYPE_CHECKING:
    from tests.e2e.home import Home
    from tests.e2e.upstream import Upstream


def test_a_plain_call(stocked: Home, upstream: Upstream, keys: dict[str, str]) -> None:
    found = ok(stocked, "curl -w '%{http_code}' $OPENAI_BASE_URL/models")

    assert found.endswith("200")
    assert upstream.requests[0].header("authorization") == f"Bearer {keys['openai']}"
    assert upstream.requests[0].header("user-agent").startswith("curl/")


def test_a_stream_arrives_as_it_is_sent(stocked: Home, upstream: Upstream) -> None:
    running = stocked.start(["bash", "-c", CURL + 'curl "$LAB/sse?n=3&gate=next"'])
    first = running.line() + running.line()
    quiet = running.silent(0.3)

    upstream.gate("next").release()

    assert first == b"data: 0 xxxxxxxxxxxxxxxx\n\n"
    assert quiet
    assert re.findall(rb"data: (\d)", running.finish().out) == [b"0", b"1", b"2"]


def test_an_answer_may_take_its_time(stocked: Home, upstream: Upstream) -> None:
    running = stocked.start(["bash", "-c", CURL + 'curl "$LAB/slow?gate=thought"'])
    upstream.gate("thought").wait_reached()
    quiet = running.silent(0.5)

    upstream.gate("thought").release()

    assert quiet
    assert running.finish().out == b"at last"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_an_error_is_the_upstreams_own(stocked: Home, upstream: Upstream, status: int) -> None:
    found = ok(stocked, f'curl -i "$LAB/status/{status}?body=sorry"')

    assert found.startswith(f"HTTP/1.1 {status} ")
    assert found.endswith("\r\n\r\nsorry")
    assert "phantomrun-error" not in found.lower()
    assert len(upstream.requests) == 1  # nobody tried again


def test_many_calls_at_once(stocked: Home, upstream: Upstream) -> None:
    body = '{"model": "together-16", "messages": [{"role": "user", "content": "hi"}]}'
    call = f"curl -d '{body}' -H 'Content-Type: application/json' $OPENAI_BASE_URL/chat/completions"

    found = ok(stocked, f"for n in $(seq 16); do {call} & done; wait")

    assert found.count("You said: hi") == 16
    assert len({received.connection for received in upstream.requests}) == 16


def test_connections_are_kept_on_both_sides(stocked: Home, upstream: Upstream) -> None:
    urls = " ".join(["$LAB/mirror"] * 5)

    found = ok(stocked, f"curl -o /dev/null -w '%{{num_connects}}' {urls}")

    # --next keeps nothing but -w: one count for each transfer
    assert found[0] == "1"
    assert {received.connection for received in upstream.requests} == {
        upstream.requests[0].connection
    }


def test_hop_by_hop_fields_stay_here(stocked: Home, upstream: Upstream) -> None:
    fields = {
        "Connection": "keep-alive, X-Nominated",
        "X-Nominated": "1",
        "Keep-Alive": "timeout=5",
        "Proxy-Connection": "keep-alive",
        "TE": "trailers",  # codespell:ignore te
        "Upgrade": "h2c",
        "X-Passed": "1",
    }
    options = " ".join(f'-H "{name}: {value}"' for name, value in fields.items())

    ok(stocked, f"curl {options} $LAB/mirror")

    seen = {name.lower() for name, _ in upstream.requests[0].headers}
    assert "x-passed" in seen
    assert not seen & {"x-nominated", "keep-alive", "proxy-connection", "upgrade"}


def test_three_cookies_stay_three_fields(stocked: Home, upstream: Upstream) -> None:
    found = ok(stocked, "curl -i $LAB/cookies")

    assert re.findall(r"(?im)^set-cookie: (.*)\r$", found) == [
        f"c{n}=v{n}; Path=/" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_upstream_is_one_to_the_route(
    stocked: Home, upstream: Upstream, code: int
) -> None:
    found = ok(stocked, f'echo $OPENAI_BASE_URL; curl -i "$LAB/redirect?to=self&code={code}"')

    base, answer = found.split("\n", 1)
    assert f"location: {base}/lab/mirror?page=2\r" in answer.lower()
    assert f'<{base}/lab/mirror?page=2>; rel="next"' in answer
    assert "<https://elsewhere.example/>" in answer
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("to", ["self", "path"])
def test_a_followed_redirect_comes_back_through_the_route(
    stocked: Home, upstream: Upstream, to: str
) -> None:
    found = ok(stocked, f'curl -L "$LAB/redirect?to={to}"')

    assert json.loads(found)["target"] == "/v1/lab/mirror?page=2"
    assert [received.key for received in upstream.requests] == ["openai", "openai"]


def test_a_redirect_elsewhere_is_left_alone(stocked: Home, upstream: Upstream) -> None:
    found = ok(stocked, 'curl -i "$LAB/redirect?to=elsewhere"')

    assert "location: https://elsewhere.example/lab/mirror\r" in found.lower()


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_where_none_may_be(stocked: Home, upstream: Upstream, status: int) -> None:
    found = ok(stocked, f"curl -i $LAB/status/{status} $LAB/status/200?body=next")

    assert found.startswith(f"HTTP/1.1 {status} ")
    assert found.endswith("\r\n\r\nnext")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_head_has_a_head_only(stocked: Home, upstream: Upstream, framing: str) -> None:
    found = ok(stocked, f'curl -I "$LAB/bytes?n=5000&framing={framing}" -o - "$LAB/bytes?n=5000"')

    assert found.startswith("HTTP/1.1 200 OK")
    assert upstream.requests[0].method == "HEAD"
    if framing == "length":
        assert "content-length: 5000" in found.lower()


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("length", [0, 1, 65_536, 3_000_000])
def test_a_body_arrives_whole(stocked: Home, framing: str, length: int) -> None:
    found = ok(stocked, f'curl "$LAB/bytes?n={length}&framing={framing}" | sha256sum')

    assert found.split()[0] == lab.payload_sha256(length)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_http_1_0_gets_a_body_without_chunks(stocked: Home, framing: str) -> None:
    url = f'"$LAB/bytes?n=100000&framing={framing}"'

    found = ok(stocked, f"curl -0 -D head {url} | sha256sum; cat head")

    assert found.split()[0] == lab.payload_sha256(100_000)
    assert "transfer-encoding" not in found.lower()


def test_trailers_are_kept(stocked: Home, upstream: Upstream) -> None:
    found = ok(stocked, "curl -i --raw $LAB/trailers")

    assert "0\r\nX-Checksum: abc123\r\n\r\n".lower() in found.lower()


def test_request_trailers_are_kept(stocked: Home, upstream: Upstream) -> None:
    words = (
        r"printf 'POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nTrailer: X-Sum\r\n"
        r"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n'"
    )
    script = (
        "hp=${OPENAI_BASE_URL#http://}; path=/${hp#*/}; hp=${hp%%/*}; "
        'exec 3<>"/dev/tcp/${hp%:*}/${hp#*:}";'
        f' {words} "$path/lab/mirror" "$OPENAI_API_KEY" >&3; cat <&3'
    )

    found = ok(stocked, script)

    assert found.startswith("HTTP/1.1 200 ")
    assert upstream.requests[0].body == b"abc"
    assert upstream.requests[0].trailers in ([("X-Sum", "7")], [])


def test_early_hints_do_not_end_the_exchange(stocked: Home) -> None:
    assert ok(stocked, "curl $LAB/hints $LAB/mirror").startswith("after hints{")


def test_the_upstream_may_ask_for_the_body(stocked: Home, upstream: Upstream) -> None:
    send = "head -c 100000 /dev/zero | curl -T - -H 'Expect: 100-continue'"

    found = ok(stocked, f"{send} --expect100-timeout 30 $LAB/continue")

    assert json.loads(found)["length"] == 100_000
    assert upstream.requests[0].header("expect").lower() == "100-continue"


def test_the_upstream_may_not_want_the_body(stocked: Home, upstream: Upstream) -> None:
    send = "head -c 100000 /dev/zero | curl -i -T - -H 'Expect: 100-continue'"

    found = ok(stocked, f'{send} --expect100-timeout 30 "$LAB/continue?final=417"')

    assert "HTTP/1.1 417 " in found
    assert "100 Continue" not in found
    assert upstream.requests[0].length == 0


# Each row: where the upstream cuts, and what curl then says: 18 partial, 56 receive failure.
CUTS = {"length": {18, 56}, "chunked": {18, 56}, "close": {18, 56}, "reset": {18, 56}}


@pytest.mark.parametrize("when", CUTS)
def test_a_cut_upstream_is_a_cut_connection(stocked: Home, when: str) -> None:
    done = sh(stocked, f'curl "$LAB/cut?when={when}"')

    assert done.code in CUTS[when], done
    assert len(done.out) <= 500


def test_an_upstream_that_hangs_up_before_the_head(stocked: Home) -> None:
    found = ok(stocked, 'curl -i "$LAB/cut?when=head" -d x')

    assert found.startswith("HTTP/1.1 502 ")
    assert "Phantomrun-Error: PR-UNREACHABLE" in found


def test_an_idle_connection_that_the_upstream_closed_is_not_noticed(
    stocked: Home, upstream: Upstream
) -> None:
    os.mkfifo(stocked.cwd / "go")
    script = "curl $LAB/mirror; echo; read _ <go; curl -f $LAB/mirror; curl -f -d x $LAB/mirror"
    running = stocked.start(["bash", "-c", CURL + script])
    running.line()

    upstream.hang_up()
    (stocked.cwd / "go").write_text("\n")

    done = running.finish()
    assert done.code == 0, done
    assert done.out.count(b'"place": "bearer"') == 3
