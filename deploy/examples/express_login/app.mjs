// A login API with Express: two calls, and a session that knows the number. Node 18 or later.
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import express from "express";

const { OTP_URL, OTP_KEY, PORT = "8080" } = process.env;
const sessions = new Map(); // One process's memory: use a store of your own.

async function otp(path, body, headers = {}) {
  const answer = await fetch(`${OTP_URL}/v1/verifications${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${OTP_KEY}`, "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const told = await answer.json();
  if (answer.ok) return told;
  const message = told.errors?.[0]?.detail ?? told.detail;
  throw Object.assign(new Error(message), { status: answer.status, retryAfter: answer.headers.get("Retry-After") });
}

function sessionOf(request) {
  const id = /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  return sessions.get(id) ?? {};
}

function begin(response, session) {
  const id = randomUUID();
  sessions.set(id, session);
  response.cookie("session", id, { httpOnly: true, sameSite: "lax" });
}

const app = express();
app.use(express.json());

app.post("/login/send", async (request, response) => {
  const { number } = request.body ?? {};
  const sent = await otp("", { to: number, ip: request.ip }, { "Idempotency-Key": randomUUID() });
  begin(response, { verification: sent.id, number });
  response.json({ sent_to: sent.to });
});

app.post("/login/check", async (request, response) => {
  const { verification, number } = sessionOf(request);
  if (!verification) return response.status(409).json({ message: "Ask for a code first." });
  const result = await otp(`/${verification}/check`, { code: request.body?.code });
  if (!result.valid) {
    const message = `That is not the code. ${result.checks_left} tries are left.`;
    return response.status(422).json({ message });
  }
  begin(response, { signedInAs: number });
  return response.json({ signed_in_as: number });
});

app.use(express.static(fileURLToPath(new URL("../webotp_login", import.meta.url))));

app.use((error, _request, response, _next) => {
  if (error.retryAfter) response.set("Retry-After", error.retryAfter);
  const message = error.status ? error.message : "We cannot send codes at this moment. Try again.";
  response.status(error.status ?? 503).json({ message });
});

const server = app.listen(Number(PORT), "127.0.0.1");
server.on("listening", () => console.log(`listening on ${server.address().port}`));
