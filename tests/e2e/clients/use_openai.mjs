// Chat and responses with the openai package.
import OpenAI from "openai";
import { atOnce, outcome, tell } from "./report.mjs";

const client = new OpenAI();

async function ask(client, model, text = "hello there") {
  const answer = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: text }],
  });
  return answer.choices[0].message.content;
}

async function streamed() {
  const pieces = [];
  const stream = await client.chat.completions.create({
    model: "gpt",
    messages: [{ role: "user", content: "hello there" }],
    stream: true,
  });
  for await (const event of stream) pieces.push(event.choices[0].delta.content ?? "");
  return pieces.filter((piece) => piece);
}

tell({
  plain: await ask(client, "gpt"),
  stream: await streamed(),
  responses: (await client.responses.create({ model: "gpt", input: "hello there" })).output_text,
  missing: await outcome(() => ask(client, "missing")),
  limited: await outcome(() => ask(client, "limited")),
  broken: await outcome(() => ask(client, "broken")),
  wrong_key: await outcome(() => ask(new OpenAI({ apiKey: "sk-wrong" }), "gpt")),
  many: await atOnce((text) => ask(client, "together-16", text), 16),
});
