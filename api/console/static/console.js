"use strict";
const REFRESH_MS = 5000;

// The server writes instants in the zone that is named here; without a script they are UTC.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `otp_zone=${zone}; path=/; max-age=31536000; SameSite=Strict`;

// A part of a page that changes: asked for again while somebody looks, and not while somebody is in it.
function keepFresh(part) {
  let failed = 0;
  const refresh = async () => {
    const busy = document.hidden || part.contains(document.activeElement) || !getSelection().isCollapsed;
    if (!busy) {
      const answer = await fetch(part.dataset.refresh, { cache: "no-store", headers: { "X-Fragment": "1" } }).catch(() => null);
      if (answer?.status === 401) return location.reload();
      failed = answer?.ok ? 0 : failed + 1;
      if (answer?.ok) part.innerHTML = await answer.text();
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

document.querySelectorAll("[data-refresh]").forEach(keepFresh);
document.querySelectorAll("[data-copy]").forEach(offerCopy);
