"""What a notice to operators says to a person, in a sentence or two."""

from collections.abc import Mapping
from datetime import datetime

_SENTENCES = {
    "phone.silent": "The phone of {gateway} is away: {reason}.",
    "phone.back": "The phone of {gateway} is back.",
    "phone.battery_low": "The phone of {gateway} is at {battery_percent:.0f} %: charge it.",
    "gateway.misconfigured": "{gateway} refuses our account: {reason}. Nothing is sent by it meanwhile.",
    "gateway.back": "{gateway} takes our account again.",
    "sim.budget_low": "SIM {sim} has used {used} of {of} of its budget of the {budget}.",
    "sim.budget_back": "SIM {sim} has budget of the {budget} again.",
    "conversion.halved": "In {country} {approvals} of {sends} codes were entered in the last hour; "
    "usually {usual_percent} % are.",
    "conversion.back": "In {country} codes are entered as usual again.",
    "canary.lost": "A canary from {from_sim} to {to_sim} did not arrive.",
    "canary.back": "Canaries from {from_sim} to {to_sim} arrive again.",
    "endpoint.failing": "The endpoint {endpoint} of the app {app} takes no event: {reason}.",
    "endpoint.disabled": "The endpoint {endpoint} of the app {app} is told of nothing more: {reason}.",
    "canary.failed": "{from_sim} could not send its canary: {reason}.",
}


def sentence(kind: str, data: Mapping[str, object]) -> str | None:
    """What happened, and how many codes wait for a phone; None for a notice that has its own words."""
    words = _SENTENCES.get(kind)
    return None if words is None else f"{words.format_map(data)} {_at_risk(data)}".rstrip()


def _at_risk(data: Mapping[str, object]) -> str:
    waiting, first = data.get("codes_waiting"), data.get("first_ends_at")
    if waiting is None:
        return ""
    if not waiting or not isinstance(first, str):
        return "No code waits."
    said = "1 code waits, and is" if waiting == 1 else f"{waiting} codes wait, and the first is"
    return f"{said} given up at {datetime.fromisoformat(first):%H:%M:%S}Z."
