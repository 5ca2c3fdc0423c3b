"""What holds for every SMS beside deliveries: it leaves over a SIM only when that SIM may and can send it.

Deliveries wait for a SIM's hours and for its gateway, and one of them asks whether that is back. A
confirmation or a canary is worth no waiting and is no probe.
"""

from datetime import datetime

import phonenumbers

from otp_worker.domain.sim import Sim
from otp_worker.protection.circuit_breaker import Breaker, is_open


def obstacle(breaker: Breaker, sim: Sim, number: str, now: datetime) -> str | None:
    """Why a SIM must not be asked to write to an E.164 number now, for people; None if it may be."""
    country = _country(number)
    if not sim.serves(country):
        return f"{sim.name} does not serve {country}"
    if not sim.works_at(now):
        return f"{sim.name} works {sim.hours}"
    state = breaker.look(sim.gateway)
    return (state.reason or "the gateway is unavailable") if is_open(state) else None


def _country(number: str) -> str:
    parsed = phonenumbers.parse(number)
    # A SIM's own number need not be one that libphonenumber knows: then its calling code tells.
    calling_code = parsed.country_code or 0
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        calling_code
    )
