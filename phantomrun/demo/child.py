"""The demonstration's child: an ordinary program that knows nothing of phantomrun."""

from __future__ import annotations

import json
import os
import sys
import urllib.request

QUESTION = "is anybody there?"


def main() -> int:
    """Ask the chat API as the environment says, and print what was held and heard as JSON."""
    held = {name: os.environ[name] for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL")}
    message = {"role": "user", "content": QUESTION}
    request = urllib.request.Request(  # noqa: S310  (the URL is what the demonstration shows)
        held["OPENAI_BASE_URL"] + "/chat/completions",
        data=json.dumps({"model": "demo", "messages": [message]}).encode(),
        headers={
            "Authorization": f"Bearer {held['OPENAI_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  (the same)
        heard = json.load(response)["choices"][0]["message"]["content"]
    json.dump({"held": held, "heard": heard, "pid": os.getpid()}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
