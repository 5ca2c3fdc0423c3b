const messages = new Map(), replies = new Map(), verdicts = new Map();
let state = null, open = digits(location.hash) || null;

function conversations() {
  const entries = [
    ...[...messages.values()].map(m => ({ key: m.id, number: digits(m.to), text: m.text, at: m.taken_at, note: fate(m), mine: false, verification: m.verification })),
    ...[...replies.values()].map(r => ({ key: r.id, number: r.from, text: r.text, at: r.received_at, note: heard(r), mine: true })),
  ].sort((a, b) => a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
  const grouped = new Map();
  for (const entry of entries) {
    const known = grouped.get(entry.number) ?? [];
    grouped.delete(entry.number);
    grouped.set(entry.number, [...known, entry]);
  }
  return grouped;
}

function fate(message) {
  if (!message.sent_at) return "failed" in message.states ? "not sent: its life was over" : "waits in the phone";
  const last = message.receipts.at(-1);
  if (!last) return Object.keys(message.states).at(-1) ?? "sent";
  return last.answered >= 200 && last.answered < 300 ? last.status : `${last.status}; callback ${last.answered ?? "unanswered"}`;
}

function heard(reply) {
  return reply.answered === null ? "received" : `webhook ${reply.answered}`;
}

function drawRow({ number, text, at: instant }) {
  const item = make("li"), row = make("button", "row");
  row.type = "button";
  row.dataset.act = "open";
  row.append(make("span", "face", number.slice(-2)), make("b", "", "+" + number), make("time", "", time(instant)), make("span", "snippet", text));
  row.addEventListener("click", () => go(number));
  item.append(row);
  return item;
}

function drawBubble(entry, id) {
  const item = make("li", entry.mine ? "mine" : ""), text = make("div", "bubble"), code = entry.text.match(CODE)?.[1];
  for (const part of entry.text.split(CODE)) {
    text.append(!entry.mine && part === code ? make("b", "code", part) : part);
  }
  item.append(text, make("span", "note", `${time(entry.at)} · ${entry.note}`));
  if (entry.mine) return item;
  const acts = make("div", "acts");
  acts.append(act("copy", "Copy", button => copy(button, code ?? entry.text)));
  if (entry.checks && code) acts.append(act("check", "Check this code", () => check(id)));
  if (entry.trail) acts.append(trail(entry.trail));
  item.append(acts);
  if (entry.verdict) {
    const verdict = make("span", entry.verdict.good ? "verdict good" : "verdict", entry.verdict.text);
    item.append(verdict);
  }
  return item;
}

function act(name, words, does) {
  const button = make("button", "", words);
  button.type = "button";
  button.dataset.act = name;
  button.addEventListener("click", () => does(button));
  return button;
}

function trail(address) {
  const link = make("a", "", "Its trail");
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener";
  link.dataset.act = "trail";
  return link;
}

async function copy(button, text) {
  const done = await navigator.clipboard.writeText(text).then(() => true, () => false);
  button.textContent = done ? "Copied" : "Copying is not allowed here";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

async function check(id) {
  verdicts.set(id, await ask("POST", "/sim/checks", { message: id }).then(judge, () => ({ good: false, text: "The service does not answer." })));
  showPhone();
}

function judge({ answered, body }) {
  if (answered !== 200) return { good: false, text: body.detail ?? body.title ?? `answered ${answered}` };
  if (body.status === "approved") return { good: true, text: "Approved" };
  return { good: false, text: `${body.status}, checks left: ${body.checks_left}` };
}

function showPhone() {
  if (state === null) return;
  const grouped = conversations();
  at("inbox").hidden = open !== null;
  at("conversation").hidden = open === null;
  if (open === null) {
    at("empty").hidden = grouped.size > 0;
    at("conversations").hidden = grouped.size === 0;
    show(at("conversations"), [...grouped].reverse().map(([number, entries]) => ({ key: number, number, text: entries.at(-1).text, at: entries.at(-1).at })), drawRow);
    return;
  }
  const entries = grouped.get(open) ?? [], thread = at("thread");
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60 || thread.dataset.of !== open;
  at("who").textContent = "+" + open;
  at("count").textContent = entries.length === 1 ? "1 message" : `${entries.length} messages`;
  show(thread, entries.map(entry => ({ ...entry, checks: state.checks && Boolean(entry.verification), trail: trailOf(entry), verdict: verdicts.get(entry.key) })), drawBubble);
  if (atEnd) thread.scrollTop = thread.scrollHeight;
  thread.dataset.of = open;
}

function trailOf(entry) {
  return state.console_url && entry.verification ? `${state.console_url}/verifications/${entry.verification}` : null;
}

function go(number) {
  open = number;
  history.replaceState(null, "", location.pathname + location.search + (number === null ? "" : "#" + number));
  showPhone();
  if (number !== null) at("who").focus();
  else at("conversations").querySelector("button")?.focus();
}

at("back").addEventListener("click", () => go(null));
at("conversation").addEventListener("keydown", event => { if (event.key === "Escape") go(null); });
addEventListener("hashchange", () => { open = digits(location.hash) || null; showPhone(); });
at("write").addEventListener("submit", event => {
  event.preventDefault();
  const number = digits(at("number").value);
  if (number.length < 3 || number.length > 15) return;
  at("number").value = "";
  go(number);
  at("text").focus();
});
at("compose").addEventListener("submit", async event => {
  event.preventDefault();
  const text = at("text").value;
  at("text").value = "";
  await ask("POST", "/sim/replies", { from: open, text }).catch(() => { at("text").value = text; });
});
