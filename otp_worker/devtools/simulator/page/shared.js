const at = id => document.getElementById(id);
const digits = number => number.replace(/\D/g, "");
const CODE = /(?<!\d)(\d{4,10})(?!\d)/;

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const time = instant => new Date(instant).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const secondsUntil = instant => Math.max(0, Math.ceil((new Date(instant) - Date.now()) / 1000));
const span = seconds => seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method, cache: "no-store",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.status === 204 ? null : answer.json();
}

/* Show things as children of a list. What has not changed keeps its node, and with it the focus and the scroll. */
function show(list, things, draw) {
  const known = new Map([...list.children].map(node => [node.dataset.key, node]));
  const nodes = things.map(({ key, ...thing }) => {
    const news = JSON.stringify(thing), old = known.get(String(key));
    if (old?.news === news) return old;
    const node = draw(thing, key);
    node.dataset.key = key;
    node.news = news;
    if (old?.contains(document.activeElement)) keepFocus(node, document.activeElement.dataset.act);
    return node;
  });
  nodes.forEach((node, place) => {
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
  });
  while (list.children.length > nodes.length) list.lastChild.remove();
}

function keepFocus(node, act) {
  queueMicrotask(() => node.querySelector(`[data-act="${act}"]`)?.focus());
}
