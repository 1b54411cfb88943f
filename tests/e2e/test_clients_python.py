"""Clients from PyPI, unmodified: what they are told, and what the upstream received."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.home import CLIENTS as PROGRAMS

if TYPE_CHECKING:
    from tests.e2e.exchange import Received
    from tests.e2e.home import Home
    from tests.e2e.upstream import Upstream

HELLO = "You said: hello there"
PIECES = ["You ", "said: ", "hello ", "there"]
MANY = tuple(f"You said: {number}" for number in range(16))


ERRORS = ("missing", "limited", "broken", "wrong_key")


class Client(NamedTuple):
    """A program, the exceptions it meets, and where its package puts the key."""

    script: str
    errors: tuple[str, str, str, str]  # for 404, 429, 500, and a key that is no phantom
    vendor: str = "openai"
    places: frozenset[str] = frozenset({"bearer"})
    agent: str = ""
    plain: str = HELLO
    stream: tuple[str, ...] = tuple(PIECES)
    many: tuple[str, ...] = MANY
    more: dict[str, object] = {}  # noqa: RUF012  (nobody changes a row)


STAINLESS = ("NotFoundError", "RateLimitError", "InternalServerError", "AuthenticationError")
EITHER = frozenset({"bearer", "x-api-key"})
CLIENTS = (
    Client(
        "use_openai.py",
        STAINLESS,
        agent="OpenAI/Python",
        more={
            "responses": HELLO,
            "responses_stream": PIECES,
            "embeddings": 2,
            "models": ["a", "b"],
        },
    ),
    Client("use_anthropic.py", STAINLESS, "anthropic", EITHER, "Anthropic/Python"),
    Client("use_groq.py", STAINLESS, "groq", agent="Groq/Python"),
    Client(
        "use_genai.py",
        ("ClientError", "ClientError", "ServerError", "ClientError"),
        "gemini",
        frozenset({"x-goog-api-key"}),
        "google-genai-sdk",
    ),
    Client(
        "use_cohere.py",
        ("NotFoundError", "TooManyRequestsError", "InternalServerError", "UnauthorizedError"),
        "cohere",
    ),
    Client(
        "use_langchain.py",
        (
            "OpenAIModelNotFoundError",
            "OpenAIRateLimitError",
            "OpenAIAPIError",
            "OpenAIAuthenticationError",
        ),
    ),
    Client(
        "use_requests.py",
        ("HTTPError", "HTTPError", "HTTPError", "HTTPError"),
        "stripe",
        frozenset({"basic-user"}),
        "python-requests",
        "name of anna",
        ("data: [DONE]",),
        ("name of together-8",) * 8,
    ),
)


@pytest.mark.parametrize("client", CLIENTS, ids=[client.script for client in CLIENTS])
def test_a_client_works_as_if_it_had_the_real_key(
    stocked: Home, upstream: Upstream, keys: dict[str, str], client: Client
) -> None:
    done = stocked.python(client.script)

    found = done.json()
    assert done.err == b""
    assert (found["plain"], found["stream"]) == (client.plain, list(client.stream))
    assert found["many"] == list(client.many[: len(found["many"])])
    assert found | client.more == found
    errors = {name: (found[name]["error"], found[name]["status"]) for name in ERRORS}
    expected = zip(client.errors, (404, 429, 500, 401), strict=True)
    assert errors == dict(zip(ERRORS, expected, strict=True))
    assert {received.key for received in upstream.requests} <= {client.vendor, "openai"}
    for received in upstream.requests:
        _expect_clean(received, upstream, keys)
    mine = [received for received in upstream.requests if received.key == client.vendor]
    assert {received.place for received in mine} <= client.places
    assert all(client.agent in received.header("user-agent") for received in mine)


def _expect_clean(received: Received, upstream: Upstream, keys: dict[str, str]) -> None:
    """Expect a request as the client alone would have sent it: one key, nothing of ours."""
    assert received.complete
    assert received.header("host") == f"127.0.0.1:{upstream.port}"
    assert "/v1/v1/" not in received.path
    assert not any(
        name.lower().startswith(("phantom", "x-forwarded")) for name, _ in received.headers
    )
    assert not received.all("proxy-connection")
    assert not received.all("via")
    assert b"phantom" not in repr(received.headers).encode() + received.target.encode()
    assert keys[received.key] not in received.body.decode("latin-1")


def test_httpx_in_both_conventions_and_what_never_leaves(stocked: Home, upstream: Upstream) -> None:
    found = stocked.python("use_httpx.py").json()

    assert (found["plain"], found["many"]) == (HELLO, list(MANY))
    assert found["stream"][-1] == "event: response.completed"
    assert [found[name]["status"] for name in ("missing", "limited", "broken")] == [404, 429, 500]
    refused = {"error": "HTTPStatusError", "status": 401, "refusal": "PR-PHANTOM"}
    assert (found["no_key"], found["wrong_key"]) == (refused, refused)
    assert all(received.key for received in upstream.requests)
    # one variable, with /v1, without it, and with it twice
    asked = ["/v1/messages", "/messages", "/v1/v1/messages"]
    assert found["conventions"] == [[200, f"You said: {path}"] for path in asked]
    messages = [received for received in upstream.requests if received.key == "anthropic"]
    assert [received.path for received in messages] == ["/v1/messages"] * 3
    assert {received.place for received in messages} == {"x-api-key"}


def test_an_idle_stream_stays_open(stocked: Home, upstream: Upstream) -> None:
    running = stocked.start(_held())
    first = running.line()
    gate = upstream.gate("held")
    gate.wait_reached()

    quiet = running.silent(2.0)
    running.checkpoint()
    gate.release()

    assert first == b'{"first": "You "}\n'  # it came while the rest was held back
    assert quiet
    assert running.finish().json() == {"stream": PIECES}


def _held() -> list[str]:
    return [sys.executable, os.path.join(PROGRAMS, "use_openai.py"), "held"]


@pytest.mark.parametrize("quote", ["", "'", '"'], ids=["bare", "single", "double"])
def test_an_application_may_trust_its_rewritten_env_file(
    stocked: Home, keys: dict[str, str], quote: str
) -> None:
    env_file = stocked.cwd / ".env"
    line = f"export OPENAI_API_KEY={quote}{keys['openai']}{quote} # mine\n"
    env_file.write_text(f"{line}GREETING=hello\n")
    stocked.verb("import", "--rewrite", ".env")

    found = stocked.python("use_dotenv.py").json()

    assert keys["openai"] not in env_file.read_text()
    assert env_file.read_text().endswith(" # mine\nGREETING=hello\n")
    assert (found["plain"], found["greeting"]) == (HELLO, "hello")
    assert found["key"].startswith("sk-proj-")
    assert len(found["key"]) == len(keys["openai"])
