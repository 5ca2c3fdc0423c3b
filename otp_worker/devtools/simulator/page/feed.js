const KEPT = 600;
let due = false;

function showAll() {
  due = false;
  at("gateway").textContent = `${state.profile}, ${location.origin}${state.gateway_path}`;
  at("endpoint").textContent = location.origin + state.gateway_path;
  at("own").textContent = "+" + digits(state.number);
  at("taken").textContent = state.taken;
  at("checks").textContent = state.checks ? "with the demo's key" : "no key was given";
  showNow();
  showFaults();
  showWaits();
  showRequests();
  showPhone();
}

function changed() {
  if (!due) requestAnimationFrame(showAll);
  due = true;
}

function tick() {
  at("clock").textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (state !== null) { showNow(); showWaits(); }
}

function fill(map, things) {
  map.clear();
  for (const thing of things) map.set(thing.id, thing);
}

function keep(map, thing) {
  map.set(thing.id, thing);
  if (map.size > KEPT) map.delete(map.keys().next().value);
}

const hears = {
  snapshot(whole) {
    fill(messages, whole.messages);
    fill(replies, whole.replies);
    fill(requests, whole.requests);
    state = whole;
    scenarios = whole.scenarios;
    drawFaults();
  },
  state(news) { state = news; },
  message(news) { keep(messages, news); },
  reply(news) { keep(replies, news); },
  request(news) { keep(requests, news); },
};

document.body.classList.toggle("alone", new URLSearchParams(location.search).has("alone"));
const feed = new EventSource("/sim/events");
for (const [kind, hear] of Object.entries(hears)) {
  feed.addEventListener(kind, event => { hear(JSON.parse(event.data)); changed(); });
}
feed.addEventListener("open", () => { at("gone").hidden = true; });
feed.addEventListener("error", () => { at("gone").hidden = false; });
tick();
setInterval(tick, 1000);
