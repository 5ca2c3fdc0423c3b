"""Who an SMS came from: what the network wrote for a sender, and the numbers that it can stand for.

Networks hand a sender over as they like: in E.164, without its plus, as it is dialled at home, or as a short
code or a name. 4792261234 is Norway's without its plus, and as it is dialled at home the United States'.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import phonenumbers

from otp_worker.domain.phone_number import (
    ITU_PREFIX,
    UNKNOWN_COUNTRY,
    PhoneNumber,
    country_of,
    mask,
    parse_mobile,
    visible,
)
from otp_worker.domain.sim import Sims

NAME_LENGTH = 11
"""Characters of the longest name that an SMS can be from (3GPP TS 23.040, 9.1.2.5)."""
SHORT_CODE_DIGITS = 6
"""No more digits than these are no person's number."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The numbers that a sender can stand for: none for a short code or a name, several if it is ambiguous.

    ``is_proven`` where nothing else can have been meant, wherever the SMS was sent from.
    """

    numbers: tuple[PhoneNumber, ...] = ()
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class Senders:
    """Reads senders: ``countries`` are those that may be sent to, ``sims`` what people text to."""

    countries: Collection[str] = ()
    sims: Sims = field(default_factory=lambda: Sims(()))

    def read(self, written: str, gateway: str, to: str | None) -> Sender:
        """What a gateway wrote for the sender of an SMS to ``to``, where it says to whom."""
        home = self._country_of_sim(gateway, to)
        numbers = numbers_of(written, {*self.countries, home})
        is_international = visible(written).strip().startswith("+")
        return Sender(numbers, len(numbers) == 1 and (is_international or home != UNKNOWN_COUNTRY))

    def _country_of_sim(self, gateway: str, to: str | None) -> str:
        """The country of the SIM that an SMS came to; unknown where neither gateway nor settings tell."""
        numbers = [sim.number for sim in self.sims.all if sim.gateway == gateway]
        if to is not None:
            ours = next((number for number in numbers if number and can_stand_for(to, number)), None)
            if ours or to.startswith("+"):
                return country_of(ours or to)
        countries = {country_of(number or "") for number in numbers}
        return countries.pop() if len(countries) == 1 else UNKNOWN_COUNTRY


def numbers_of(written: str, regions: Collection[str]) -> tuple[PhoneNumber, ...]:
    """Every mobile number that ``written`` can stand for where people of these regions text, in any order.

    A number of another region counts where there is none of theirs.
    """
    plain = visible(written).strip()
    if any(char.isalpha() for char in plain):
        return ()
    # No calling code begins with a zero: such a plus was put before the number as it is dialled at home.
    if plain.startswith("+") and not plain.startswith("+0"):
        number = parse_mobile(plain)
        return (number,) if number else ()
    digits = phonenumbers.normalize_digits_only(plain)
    readings = [parse_mobile(digits, region) for region in regions]
    readings.append(parse_mobile(f"+{digits.removeprefix(ITU_PREFIX)}"))
    found = {number for number in readings if number}
    return tuple({number for number in found if number.country in regions} or found)


def can_stand_for(written: str, number: str) -> bool:
    """Whether a network can write a number (E.164) so, at home or abroad."""
    spelled = {each.e164 for each in numbers_of(written, [country_of(number)])}
    return phonenumbers.normalize_digits_only(written) == number[1:] or number in spelled


def shown(written: str) -> str:
    """A sender that is no known number as it may be shown: short codes and names as they came.

    Whatever could be a person's number or address is starred out.
    """
    digits = sum(char.isdigit() for char in written)
    is_code_or_name = len(written) <= NAME_LENGTH and digits <= SHORT_CODE_DIGITS and "@" not in written
    return written if is_code_or_name and written.isprintable() else mask(written)
