"""What holds for every SMS beside deliveries: it leaves over a SIM only when that SIM may and can send it.

Deliveries wait for a SIM's hours and for its gateway, and one of them asks whether that is back. A
confirmation or a canary is worth no waiting and is no probe.
"""

from collections.abc import Callable
from datetime import datetime

import phonenumbers

from otp_worker.domain.sim import Sim

Away = Callable[[str], str | None]
"""Why the gateway of that name is taken to be away, for people; None if it is not."""


def obstacle(sim: Sim, number: str, now: datetime, away: Away) -> str | None:
    """Why a SIM must not be asked to write to an E.164 number now, for people; None if it may be."""
    country = _country(number)
    if not sim.serves(country):
        return f"{sim.name} does not serve {country}"
    if not sim.works_at(now):
        return f"{sim.name} works {sim.hours}"
    return away(sim.gateway)


def _country(number: str) -> str:
    parsed = phonenumbers.parse(number)
    # A SIM's own number need not be one that libphonenumber knows: then its calling code tells.
    calling_code = parsed.country_code or 0
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        calling_code
    )
