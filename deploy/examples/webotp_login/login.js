// The phone fills the code in: Chrome on Android by WebOTP, Safari by autocomplete="one-time-code".
const [send, check, message] = ["send", "check", "message"].map((id) => document.getElementById(id));

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const told = await answer.json();
  message.textContent = answer.ok ? "" : told.message;
  return answer.ok && told;
}

async function fillIn() {
  if (!("OTPCredential" in window)) return;
  // Whoever types the code stops waiting for the SMS.
  const typed = new AbortController();
  check.addEventListener("submit", () => typed.abort(), { once: true });
  try {
    const sms = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal: typed.signal });
    check.elements.code.value = sms.code;
    check.requestSubmit();
  } catch {
    // The person typed it, or does not want it filled in.
  }
}

send.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!(await post("/login/send", { number: send.elements.number.value }))) return;
  send.hidden = true;
  check.hidden = false;
  check.elements.code.focus();
  fillIn();
});

check.addEventListener("submit", async (event) => {
  event.preventDefault();
  const done = await post("/login/check", { code: check.elements.code.value });
  if (!done) return;
  check.hidden = true;
  message.textContent = `You are signed in as ${done.signed_in_as}.`;
});
