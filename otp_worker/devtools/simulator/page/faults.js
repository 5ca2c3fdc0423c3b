const requests = new Map();
let scenarios = [];

const limit = () => document.querySelector("input[name=limit]:checked").value;

function usual({ seconds, next }) {
  return next === null ? span(seconds) : `next ${next}`;
}

function chosen(scenario) {
  switch (limit()) {
    case "seconds": return { seconds: Number(at("seconds").value) };
    case "next": return { next: Number(at("next").value) };
    case "until_cleared": return { until_cleared: true };
    default: return {};
  }
}

function drawFaults() {
  const groups = new Map();
  for (const scenario of scenarios) groups.set(scenario.group, [...groups.get(scenario.group) ?? [], scenario]);
  at("faults").replaceChildren(...[...groups].flatMap(([group, members]) => {
    const grid = make("div");
    grid.append(...members.map(drawFault));
    return [make("h3", "", group), grid];
  }));
}

function drawFault(scenario) {
  const button = make("button", "fault"), untold = scenario.name === "battery" && !state.tells_of_phone.includes("battery");
  button.type = "button";
  button.dataset.name = scenario.name;
  button.append(make("b", "", scenario.title), make("i", "", usual(scenario)), make("small", "", untold ? "this gateway does not tell it" : scenario.detail));
  button.addEventListener("click", async () => {
    if (state.scenario?.name === scenario.name) await clear();
    else if (["seconds", "next"].every(field => limit() !== field || at(field).reportValidity()))
      await ask("PUT", "/sim/scenario", { name: scenario.name, ...chosen(scenario) }).catch(() => {});
  });
  return button;
}

function showFaults() {
  for (const scenario of scenarios) {
    const button = at("faults").querySelector(`[data-name=${scenario.name}]`);
    button.setAttribute("aria-pressed", String(state.scenario?.name === scenario.name));
    button.disabled = !["usual", ...scenario.limits].includes(limit());
    button.querySelector("i").hidden = limit() !== "usual";
  }
}

function showNow() {
  const { scenario, by_hand } = state, turned = Object.keys(by_hand);
  const words = [scenario?.title, ...turned.map(name => `${name} ${JSON.stringify(by_hand[name])}`)].filter(Boolean);
  document.body.classList.toggle("amiss", words.length > 0);
  const told = words.join(", ") || "All is well";
  if (at("scenario").textContent !== told) at("scenario").textContent = told;
  at("clear").disabled = words.length === 0;
  at("limit").textContent = !scenario ? "" : scenario.until ? `${secondsUntil(scenario.until)} s left`
    : scenario.next ? (scenario.next === 1 ? "for the next message" : `for the next ${scenario.next} messages`) : "until cleared";
  at("left").hidden = !scenario?.until;
  if (scenario?.until) {
    const whole = new Date(scenario.until) - new Date(scenario.since);
    at("left").style.scale = `${Math.max(0, (new Date(scenario.until) - Date.now()) / whole)} 1`;
  }
  const { offline, silent, slow_seconds, battery_percent } = state.knobs;
  at("phone").classList.toggle("away", offline || silent);
  at("phone").classList.toggle("low", battery_percent <= 15);
  at("service").textContent = offline ? "No service" : silent ? "Silent" : slow_seconds > 0 ? "Slow" : "Online";
  at("battery").textContent = `${battery_percent} %`;
}

function showWaits() {
  const waits = state.waiting;
  at("nothing").hidden = waits.length > 0;
  at("waits").hidden = waits.length === 0;
  show(at("waits"), waits.map((wait, key) => ({ key, ...wait, left: wait.until ? secondsUntil(wait.until) : null })), drawWait);
}

function drawWait({ what, number, detail, why, left, until }) {
  const item = make("li"), words = { sms: "SMS", receipt: "Receipt", reply: "Reply", answer: "Answer" };
  const who = [words[what], detail, what === "reply" ? "from" : number && "to", number].filter(Boolean).join(" ");
  const open = what === "answer" ? "until the app gives up" : "until it is back";
  item.append(make("span", "", `${who}: ${why}`), make("span", "", until ? `${left} s, ${time(until)}` : open));
  return item;
}

function showRequests() {
  const newest = [...requests.values()].sort((a, b) => b.id - a.id).slice(0, 20);
  at("unasked").hidden = newest.length > 0;
  at("asked").hidden = newest.length === 0;
  show(at("requests"), newest.map(({ id, ...request }) => ({ key: id, ...request })), drawRequest);
}

function drawRequest({ method, path, started_at, manner, status, ms }) {
  const row = make("tr"), words = { lost: "hung up", hung: "no answer" };
  const told = status ?? (ms === null ? "open" : words[manner] ?? "cut off");
  const asked = make("td", "", `${method} ${path}`);
  asked.title = `${method} ${path}`;
  row.append(make("td", "", time(started_at)), asked, make("td", status >= 200 && status < 300 ? "good" : ms === null ? "" : "bad", told), make("td", "", ms === null ? "" : String(Math.round(ms))));
  return row;
}

async function clear() {
  await ask("DELETE", "/sim/scenario").catch(() => {});
}

at("clear").addEventListener("click", clear);
at("forget").addEventListener("click", () => ask("DELETE", "/sim/messages").catch(() => {}));
at("limits").addEventListener("change", showFaults);
for (const [field, radio] of [["seconds", "timed"], ["next", "counted"]]) {
  at(field).addEventListener("focus", () => { at(radio).checked = true; showFaults(); });
}
