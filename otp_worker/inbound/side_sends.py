"""What holds for every SMS beside deliveries: it leaves over a SIM only when that SIM may and can send it.

Deliveries wait for a SIM's hours and for its gateway, and one of them asks whether that is back. A
confirmation or a canary is worth no waiting and is no probe.
"""

from collections.abc import Callable
from datetime import datetime

from otp_worker.domain.phone_number import country_of
from otp_worker.domain.sim import Sim

Away = Callable[[str], str | None]
"""Why the gateway of that name is taken to be away, for people; None if it is not."""


def obstacle(sim: Sim, number: str, now: datetime, away: Away) -> str | None:
    """Why a SIM must not be asked to write to an E.164 number now, for people; None if it may be."""
    country = country_of(number)
    if not sim.serves(country):
        return f"{sim.name} does not serve {country}"
    if not sim.works_at(now):
        return f"{sim.name} works {sim.hours}"
    return away(sim.gateway)
