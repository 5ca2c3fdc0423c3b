"""The one gateway that the environment describes, and whether all countries are served."""

from collections.abc import Mapping

from pydantic import ValidationError

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.sim import Sim, Sims, UncertainPolicy
from otp_worker.gateways.registry import account_kinds


def single_gateway(account: Mapping[str, object], pace_per_minute: int, uncertain: UncertainPolicy) -> Sims:
    """The gateway with the one SIM that ``OTP_GATEWAY_...`` describe; what is None counts as not given.

    Raises ConfigurationError.
    """
    kind = str(account["kind"])
    given = {name: value for name, value in account.items() if value is not None}
    try:
        opened = account_kinds()[kind].model_validate(given)
    except ValidationError as error:
        missing = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise ConfigurationError(
            f"OTP_GATEWAY_KIND: {kind} needs more ({missing}): use OTP_GATEWAYS_FILE"
        ) from None
    sim = Sim(kind, kind, pace_per_minute=pace_per_minute, uncertain=uncertain)
    return Sims((sim,), {kind: opened.open(kind)})


def check_countries(sims: Sims, countries: frozenset[str], *, inbound: bool) -> None:
    """Raise ConfigurationError if no SIM serves a country, or with ``inbound`` none that can be texted to."""
    for country in sorted(countries):
        if not sims.serving(country):
            raise ConfigurationError(f"OTP_COUNTRIES: no SIM in OTP_GATEWAYS_FILE serves {country}")
        if inbound and not any(sim.number for sim in sims.serving(country)):
            raise ConfigurationError(
                f"OTP_INBOUND_VERIFICATION: no SIM that serves {country} has a number to text to; "
                "give its number in OTP_GATEWAYS_FILE"
            )
