// Customers with the stripe package, which takes a host and a port and nothing more.
import Stripe from "stripe";
import { atOnce, outcome, tell } from "./report.mjs";

const where = {
  host: process.env.STRIPE_API_HOST,
  port: process.env.STRIPE_API_PORT,
  protocol: process.env.STRIPE_API_PROTOCOL ?? "http",
  telemetry: false,
};
const client = new Stripe(process.env.STRIPE_SECRET_KEY, where);

async function customer(client, name) {
  return (await client.customers.retrieve(`cus_${name}`)).name;
}

async function paged() {
  const found = [];
  for await (const one of client.customers.list({ limit: 1 })) found.push(one.id);
  return found;
}

tell({
  plain: await customer(client, "anna"),
  created: (await client.customers.create({ description: "a b&c" })).description,
  stream: await paged(),
  missing: await outcome(() => customer(client, "missing")),
  limited: await outcome(() => customer(client, "limited")),
  broken: await outcome(() => customer(client, "broken")),
  wrong_key: await outcome(() => customer(new Stripe("sk_test_wrong", where), "anna")),
  many: await atOnce(() => customer(client, "together-8")),
});
