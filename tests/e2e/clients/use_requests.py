"""Stripe and OpenAI by hand, with the requests package."""

from __future__ import annotations

import os
from typing import Any

import requests
from report import at_once, outcome, tell

STRIPE = os.environ["STRIPE_API_BASE"]
KEY = os.environ["STRIPE_SECRET_KEY"]
session = requests.Session()


def customer(name: str, auth: tuple[str, str] = (KEY, "")) -> Any:
    """Ask with the Basic form: the key is the user, the password is empty."""
    answer = session.get(f"{STRIPE}/v1/customers/cus_{name}", auth=auth, timeout=60)
    answer.raise_for_status()
    return answer.json()["name"]


def streamed() -> list[str]:
    asked = {
        "model": "gpt",
        "messages": [{"role": "user", "content": "hello there"}],
        "stream": True,
    }
    headers = {"Authorization": "bearer " + os.environ["OPENAI_API_KEY"]}
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    with requests.post(url, json=asked, headers=headers, stream=True, timeout=60) as answer:
        return [line.decode() for line in answer.iter_lines() if line][-1:]


tell(
    plain=customer("anna"),
    stream=streamed(),
    missing=outcome(lambda: customer("missing")),
    limited=outcome(lambda: customer("limited")),
    broken=outcome(lambda: customer("broken")),
    wrong_key=outcome(lambda: customer("anna", ("sk_test_wrong", ""))),
    many=at_once(lambda _: customer("together-8")),
)
