"""The four hops of one code, timed and printed."""

import time

from otp_worker.devtools.demo.display import Display
from otp_worker.devtools.demo.journey import Journey, code_in
from otp_worker.devtools.demo.phones import PHONE
from otp_worker.devtools.demo.service import Service
from otp_worker.domain.fictional_number import fictional_number


def send_one(service: Service, api_key: str, display: Display) -> None:
    """Send a code to the simulated phone, read it there and check it. Raises DemoFailedError."""
    journey = Journey(service.url, service.phones.urls, api_key, fictional_number())
    log = service.fleet.log
    display.say()
    started = time.monotonic()
    with display.hop("accepted", log("web")) as hop:
        verification = journey.accept()
        hop.detail = f"202 for {verification['to']}"
    with display.hop("handed over", log("worker")) as hop:
        delivery = journey.hand_over(verification["id"])
        hop.detail = f"the phone's gateway took it, attempt {delivery['attempts']}"
    with display.hop("read", log(PHONE)) as hop:
        text = journey.read()
        code = code_in(text)
        hop.detail = f"on the simulated phone: {text}"
    with display.hop("approved", log("web")) as hop:
        verdict = journey.check(verification["id"], code)
        hop.detail = f"{code} is right, {verdict['checks_left']} checks were left"
    display.say(f"  The whole way took {(time.monotonic() - started) * 1000:.0f} ms.")
