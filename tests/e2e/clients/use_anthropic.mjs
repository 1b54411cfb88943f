// Messages with @anthropic-ai/sdk, and with @ai-sdk/anthropic, which wants /v1 in the variable.
import Anthropic from "@anthropic-ai/sdk";
import { atOnce, outcome, tell } from "./report.mjs";

const client = new Anthropic();

async function ask(client, model, text = "hello there") {
  const messages = [{ role: "user", content: text }];
  const answer = await client.messages.create({ model, max_tokens: 9, messages });
  return answer.content[0].text;
}

async function streamed() {
  const pieces = [];
  const messages = [{ role: "user", content: "hello there" }];
  client.messages
    .stream({ model: "claude", max_tokens: 9, messages })
    .on("text", (piece) => pieces.push(piece))
    .on("error", () => {});
  const stream = await client.messages.create({
    model: "claude",
    max_tokens: 9,
    messages,
    stream: true,
  });
  const kinds = [];
  for await (const event of stream) kinds.push(event.type);
  return { pieces, kinds: [...new Set(kinds)] };
}

async function vercel(baseURL) {
  const { createAnthropic } = await import("@ai-sdk/anthropic");
  const model = createAnthropic(baseURL ? { baseURL } : {})("claude");
  const prompt = [{ role: "user", content: [{ type: "text", text: "hello there" }] }];
  return (await model.doGenerate({ prompt })).content[0].text;
}

tell({
  plain: await ask(client, "claude"),
  stream: await streamed(),
  ai_sdk: await outcome(() => vercel()),
  ai_sdk_v1: await outcome(() => vercel(process.env.ANTHROPIC_BASE_URL + "/v1")),
  missing: await outcome(() => ask(client, "missing")),
  limited: await outcome(() => ask(client, "limited")),
  broken: await outcome(() => ask(client, "broken")),
  wrong_key: await outcome(() => ask(new Anthropic({ apiKey: "sk-ant-wrong" }), "claude")),
  many: await atOnce((text) => ask(client, "together-8", text)),
});
