"""Whom a send is for, by the channel that it asks for."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.recipient import Recipient, parse_email
from otp_worker.domain.verification import EMAIL
from otp_worker.issue.given_codes import refuse_unknown
from otp_worker.issue.request import SendRequest


@dataclass(frozen=True, slots=True)
class Recipients:
    """Reads numbers of the ``countries``, and addresses where codes may go by ``email``.

    ``workers_know`` tells whether every worker there can be knows what a mark means: an older one gives a
    delivery by e-mail up.
    """

    countries: Collection[str]
    email: bool = False
    workers_know: Callable[[Derivation], bool] = lambda _: True

    def of(self, request: SendRequest) -> Recipient:
        """Who is to have the code.

        Raises InvalidFieldError, CountryNotAllowedError and SealingUnavailableError.
        """
        if request.channel != EMAIL:
            return parse_number(request.to, self.countries)
        if not self.email:
            raise InvalidFieldError(
                "channel", "email is off here; use sms, or let the operator set OTP_EMAIL_CODES"
            )
        refuse_unknown(self.workers_know, Derivation.MESSAGE)
        return parse_email(request.to)
