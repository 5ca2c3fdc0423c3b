"use strict";
const REFRESH_MS = 5000;

// Instants stand in the page as UTC; here they become the browser's own time.
function tellTimes(root) {
  const full = new Intl.DateTimeFormat([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const short = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  for (const node of root.querySelectorAll("time[datetime]")) {
    const instant = new Date(node.dateTime);
    node.title = node.dateTime;
    node.textContent = (node.dataset.kind === "time" ? short : full).format(instant);
  }
}

// A part of a page that changes: asked for again while somebody looks, and not while somebody is in it.
function keepFresh(part) {
  let failed = 0;
  const refresh = async () => {
    const busy = document.hidden || part.contains(document.activeElement) || !getSelection().isCollapsed;
    if (!busy) {
      const answer = await fetch(part.dataset.refresh, { cache: "no-store", headers: { "X-Fragment": "1" } }).catch(() => null);
      if (answer?.status === 401) return location.reload();
      failed = answer?.ok ? 0 : failed + 1;
      if (answer?.ok) {
        part.innerHTML = await answer.text();
        tellTimes(part);
      }
      part.classList.toggle("stale", failed > 2);
    }
    setTimeout(refresh, REFRESH_MS * Math.min(failed + 1, 6));
  };
  setTimeout(refresh, REFRESH_MS);
}

function offerCopy(button) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}

tellTimes(document);
for (const zone of document.querySelectorAll("[data-zone]")) {
  zone.textContent = `Times are in your zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
}
document.querySelectorAll("[data-refresh]").forEach(keepFresh);
document.querySelectorAll("[data-copy]").forEach(offerCopy);
