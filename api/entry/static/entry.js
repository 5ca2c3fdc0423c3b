"use strict";
(() => {
  // A form is sent once, however often its button is pressed.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  // A page that the browser kept may be used again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) delete form.dataset.sent;
  });

  const wait = document.getElementById("wait");
  const again = document.getElementById("again");
  if (wait && again) {
    // By the server's count and a clock that nobody sets.
    const until = performance.now() + Number(wait.dataset.seconds) * 1000;
    const face = /\d+:\d{2}(:\d{2})?/;
    const two = (number) => String(number).padStart(2, "0");
    const show = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      again.disabled = left > 0;
      if (left <= 0) {
        wait.remove();
        clearInterval(ticking);
        return;
      }
      const minutes = Math.floor(left / 60) % 60, hours = Math.floor(left / 3600);
      const clock = hours ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
      wait.textContent = wait.textContent.replace(face, clock);
    };
    const ticking = setInterval(show, 250);
    show();
  }

  // WebOTP: the browser hands the code over where the SMS names this page's origin.
  const check = document.getElementById("check");
  if (check && "readsSms" in check.dataset && "OTPCredential" in window) {
    const stop = new AbortController();
    check.addEventListener("submit", () => stop.abort());
    navigator.credentials.get({ otp: { transport: ["sms"] }, signal: stop.signal }).then((found) => {
      document.getElementById("code").value = found.code;
      check.requestSubmit();
    }).catch(() => {});
  }
})();
