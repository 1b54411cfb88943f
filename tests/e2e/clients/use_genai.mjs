// Generated content with @google/genai.
import { GoogleGenAI } from "@google/genai";
import { atOnce, outcome, tell } from "./report.mjs";

const client = new GoogleGenAI({ apiKey: process.env.GEMINI_API_KEY });

async function ask(client, model, contents = "hello there") {
  return (await client.models.generateContent({ model, contents })).text;
}

async function streamed() {
  const pieces = [];
  const asked = { model: "gemini", contents: "hello there" };
  for await (const piece of await client.models.generateContentStream(asked)) {
    pieces.push(piece.text);
  }
  return pieces;
}

tell({
  plain: await ask(client, "gemini"),
  stream: await streamed(),
  missing: await outcome(() => ask(client, "missing")),
  limited: await outcome(() => ask(client, "limited")),
  broken: await outcome(() => ask(client, "broken")),
  wrong_key: await outcome(() => ask(new GoogleGenAI({ apiKey: "AIza-wrong" }), "gemini")),
  many: await atOnce((text) => ask(client, "together-8", text)),
});
