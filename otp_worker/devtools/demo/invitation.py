"""What to look at while a demo serves."""

import json
import shlex

from otp_worker.devtools.demo.display import Display
from otp_worker.devtools.demo.service import Service
from otp_worker.devtools.demo.startup import Started
from otp_worker.devtools.demo.state import State
from otp_worker.domain.fictional_number import fictional_number


def invite(service: Service, started: Started, state: State, display: Display) -> None:
    """Print where everything is, and a call to try."""
    user, _, password = service.settings["OTP_FLOWER_AUTH"].partition(":")
    operator, _, console_password = service.settings["OTP_CONSOLE_AUTH"].partition(":")
    api_key = started.api_key
    body = json.dumps({"to": fictional_number()})
    display.say()
    display.say("  Open this first; the link signs you in, once:")
    display.say(f"  {started.welcome_url}")
    display.say()
    display.say(f"  API          {service.url}/docs")
    display.say(f"  Console      {service.console_url}/  (user {operator}, password {console_password})")
    display.say(f"  Flower       {service.flower_url}/  (user {user}, password {password})")
    for url in service.phones.urls:
        display.say(f"  Phone        {url}/")
    display.say(f"  API key      {api_key}")
    display.say(f"  Logs         {service.fleet.logs}")
    display.say()
    display.say("  Send another:")
    display.say(f"  curl {service.url}/v1/verifications -H 'Authorization: Bearer {api_key}' \\")
    display.say(f"       -H 'Content-Type: application/json' -d '{body}'")
    display.say()
    display.say("  Operate it from another terminal, in this folder:")
    display.say(f"  set -a; . {shlex.quote(str(state.env_file))}; set +a; .venv/bin/otp-worker doctor")
    display.say()
    display.say("Serving until Ctrl-C.")
