"""An application that trusts its .env more than its environment."""

from __future__ import annotations

import os

from dotenv import load_dotenv
from openai import OpenAI
from report import tell

load_dotenv(".env", override=True)
said = [{"role": "user", "content": "hello there"}]
answer = OpenAI().chat.completions.create(model="gpt", messages=said)
tell(
    plain=answer.choices[0].message.content,
    key=os.environ["OPENAI_API_KEY"],
    greeting=os.environ["GREETING"],
)
