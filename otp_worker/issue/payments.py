"""A code for a payment (PSD2): its amount and payee are sealed to the workers until it is over."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.payment import Payment
from otp_worker.issue.given_codes import refuse_unknown
from otp_worker.issue.request import SendRequest
from otp_worker.issue.sealer import Sealer
from otp_worker.store.new_verification import NewVerification


@dataclass(frozen=True, slots=True)
class Payments:
    """Takes payments; ``workers_know`` tells whether every worker knows what a mark means."""

    keyring: Keyring
    sealer: Sealer
    workers_know: Callable[[Derivation], bool]

    def kept(self, new: NewVerification, request: SendRequest) -> NewVerification:
        """What is written of a payment. Raises InvalidFieldError and SealingUnavailableError."""
        if request.payment is None:
            return new
        if request.code is not None:
            raise InvalidFieldError("code", "not with amount and payee, which the code is derived from")
        refuse_unknown(self.workers_know, Derivation.LINKED)
        link = request.payment.link
        return replace(
            new,
            derivation=Derivation.LINKED,
            sealed=self.sealer.seal(link, new.id),
            link_hashes=self.keyring.hashes("payment", link),
        )


def read_payment(amount: str | None, currency: str | None, payee: str | None) -> Payment | None:
    """The payment of a request; None where it names none. Raises InvalidFieldError."""
    given = {"amount": amount, "currency": currency, "payee": payee}
    if not any(given.values()):
        return None
    for name, value in given.items():
        if not value:
            raise InvalidFieldError(name, "is required where one of amount, currency and payee is given")
    return Payment.parse(amount or "", currency or "", payee or "")
