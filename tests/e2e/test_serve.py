"""Serving: the doors of a run, one shared and some of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.home import Home
    from tests.e2e.upstream import Upstream

CURL = "curl -s -o /dev/null -w '%{http_code} %header{phantomrun-error}\\n' "


def test_a_provider_with_a_port_of_its_own_needs_no_prefix(
    stocked: Home, upstream: Upstream
) -> None:
    ask = f'{CURL} -u "$STRIPE_SECRET_KEY:" "$STRIPE_API_BASE/lab/mirror"'

    done = stocked.run(["sh", "-c", ask])

    assert done.out == b"200 \n"
    assert upstream.requests[-1].path == "/lab/mirror"


def test_a_phantom_is_worth_nothing_at_another_door(stocked: Home, upstream: Upstream) -> None:
    ask = (
        f'{CURL} -H "Authorization: Bearer $OPENAI_API_KEY" "$STRIPE_API_BASE/v1/balance";'
        f'{CURL} -H "Authorization: Bearer $GROQ_API_KEY" "$OPENAI_BASE_URL/models";'
        f'{CURL} -H "Authorization: Bearer made-up" "$OPENAI_BASE_URL/models";'
        f'{CURL} "$OPENAI_BASE_URL/models";'
        f'{CURL} -H "Authorization: Bearer $OPENAI_API_KEY" "http://$PHANTOMRUN_LISTENER/nobody/"'
    )

    done = stocked.run(["sh", "-c", ask])

    assert done.out.decode().splitlines() == [
        "403 PR-ROUTE",
        "403 PR-ROUTE",
        "401 PR-PHANTOM",
        "401 PR-PHANTOM",
        "404 PR-NOROUTE",
    ]
    assert upstream.requests == []


def test_the_run_presents_itself_to_whoever_knows_its_id(stocked: Home) -> None:
    ask = (
        f'{CURL} "http://$PHANTOMRUN_LISTENER/.phantomrun/$PHANTOMRUN";'
        f'{CURL} "http://$PHANTOMRUN_LISTENER/.phantomrun/guess"'
    )

    done = stocked.run(["sh", "-c", ask])

    assert done.out.decode().splitlines() == ["200 ", "404 PR-NOROUTE"]


def test_variables_cannot_choose_the_authorities(
    home: Home, upstream: Upstream, keys: dict[str, str], ca_file: str
) -> None:
    value = keys["openai"].encode()
    home.verb("set", "OPENAI_API_KEY", "--upstream", upstream.url + "/v1", "-", stdin=value)
    ask = f'{CURL} -H "Authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/models"; env'

    done = home.run(["sh", "-c", ask], env={"SSL_CERT_FILE": ca_file})

    assert done.out.splitlines()[0] == b"502 PR-TLS"
    assert f"SSL_CERT_FILE={ca_file}".encode() in done.out.splitlines()  # the command's business
    assert upstream.requests == []
