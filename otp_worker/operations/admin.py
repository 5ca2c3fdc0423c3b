"""What an operator does to a number, a block or a country, by command or by the API."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import phonenumbers

from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.domain.limits import BLOCK_DIGITS, Limits
from otp_worker.domain.phone_number import mask, parse_number
from otp_worker.domain.pumping import PumpedKind
from otp_worker.domain.recipient import EmailAddress, Recipient, parse_email, parse_recipient
from otp_worker.store import erasure, lockouts
from otp_worker.store import opt_outs as stored_opt_outs
from otp_worker.store import pauses as stored_pauses
from otp_worker.store.database import Database
from otp_worker.store.erasure import Erased
from otp_worker.store.opt_outs import OptOut
from otp_worker.store.pauses import Pause

LONGEST_SHORT_CODE = 8
"""A number of more digits that names no country is a mistake, and nothing that replies come from."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's hand: ``countries`` are those that may be sent to."""

    db: Database
    limits: Limits
    countries: Collection[str]

    def unlock(self, number: str) -> Recipient:
        """Unlock a number, or an address, that wrong codes, or a report of its person, have locked.

        Raises InvalidFieldError, CountryNotAllowedError, and NotFoundError if it is not locked.
        """
        parsed = parse_recipient(number, self.countries)
        if not lockouts.unlock(self.db, self.limits.keyring.number_hashes(parsed.identity)):
            raise NotFoundError(f"{parsed.masked} is not locked")
        return parsed

    def unlock_number_of(self, verification_id: str) -> None:
        """Unlock the number of a verification, which may be forgotten. Raises NotFoundError."""
        if not lockouts.unlock(self.db, self._hashes_of(verification_id)):
            raise NotFoundError("the number is not locked")

    def number_is_locked(self, verification_id: str, now: datetime) -> bool:
        """Whether no code of a verification's number is checked now. Raises NotFoundError."""
        return lockouts.is_locked(self.db, self._hashes_of(verification_id), now)

    def forget(self, sender: str) -> tuple[str, Erased]:
        """Erase a person: every verification, delivery and reply of a number, but not its STOP.

        ``sender`` is an address, a number of any country and kind, or a short code or name that replies came
        from; the answer shows it masked. Raises InvalidFieldError.
        """
        address = _address(sender)
        spellings = [address.identity] if address else _spellings(sender)
        hashes = [each for spelling in spellings for each in self.limits.keyring.number_hashes(spelling)]
        return address.masked if address else mask(spellings[0]), erasure.erase_number(
            self.db, spellings, hashes
        )

    def _hashes_of(self, verification_id: str) -> list[bytes]:
        found = lockouts.hashes_of(self.db, verification_id)
        if found is None:
            raise NotFoundError("there is no such verification")
        number, known = found
        # A lock is counted under the newest root secret, and the row may be of an older one.
        hashes = self.limits.keyring.number_hashes(number) if number else []
        return list(dict.fromkeys([*hashes, known]))

    def opt_outs(self) -> list[OptOut]:
        """Every number that is opted out, the last one first."""
        return stored_opt_outs.list_opt_outs(self.db)

    def opt_in(self, number: str) -> Recipient:
        """Let a number, or an address, be sent to again.

        Raises InvalidFieldError, and NotFoundError if it may be.
        """
        parsed = parse_recipient(number, phonenumbers.SUPPORTED_REGIONS)
        if not stored_opt_outs.remove(self.db, self.limits.keyring.number_hashes(parsed.identity)):
            raise NotFoundError(f"{parsed.masked} is not opted out")
        return parsed

    def pauses(self, now: datetime) -> list[Pause]:
        """Every block and country that was paused or is exempt, the last one first."""
        return [
            each
            for each in stored_pauses.known_pauses(self.db)
            if each.paused_at is not None or each.is_exempt(now)
        ]

    def exempt(self, target: str, until: datetime) -> Pause:
        """End a pause, and allow none until then.

        ``target`` is a country's code, a number of the block, or a name that the list shows. Raises
        NotFoundError for anything else.
        """
        if target.upper() in phonenumbers.SUPPORTED_REGIONS:
            country = target.upper()
            return stored_pauses.exempt(self.db, PumpedKind.COUNTRY, country.encode(), country, until)
        known = next((each for each in stored_pauses.known_pauses(self.db) if each.name == target), None)
        if known is not None:
            return stored_pauses.exempt(self.db, known.kind, known.place or known.subject, known.label, until)
        return self._exempt_block(target, until)

    def _exempt_block(self, number: str, until: datetime) -> Pause:
        try:
            parsed = parse_number(number, phonenumbers.SUPPORTED_REGIONS)
        except InvalidFieldError:
            raise NotFoundError(
                "target: this is no country code, no mobile number and no name that `otp-worker guard` shows"
            ) from None
        label = f"{parsed.e164[:-BLOCK_DIGITS]}{'*' * BLOCK_DIGITS}"
        return stored_pauses.exempt(
            self.db, PumpedKind.BLOCK, self.limits.block_hash(parsed.e164), label, until
        )


def _address(sender: str) -> EmailAddress | None:
    """The address that a text is, if it is one."""
    try:
        return parse_email(sender)
    except InvalidFieldError:
        return None


def _spellings(sender: str) -> list[str]:
    """How what a reply came from may be kept, a number in E.164 first. Raises InvalidFieldError."""
    try:
        # Any country: what was allowed once may not be any more.
        return [parse_number(sender, phonenumbers.SUPPORTED_REGIONS).e164]
    except InvalidFieldError:
        plain = sender.strip()
        if not plain.isprintable():
            raise
        if not plain.startswith("+") and sum(map(str.isdigit, plain)) > LONGEST_SHORT_CODE:
            raise
    # Some gateways' adapters put a plus before whatever stands there.
    return list(dict.fromkeys([*_any_number(plain), plain, f"+{plain.lstrip('+')}"]))


def _any_number(text: str) -> list[str]:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return []
    return [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)]
