"""Step 3, verify: count the check, judge the code, and approve once."""

from dataclasses import dataclass

from ulid import ULID

from otp_worker.domain.errors import InvalidFieldError, NotFoundError, VerificationEndedError
from otp_worker.domain.inbound_token import INBOUND
from otp_worker.domain.keyring import Keyring, UnknownKeyError
from otp_worker.domain.limits import LimitRates, Limits
from otp_worker.domain.passcode import code_matches, linked
from otp_worker.domain.payment import Payment
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Clock
from otp_worker.domain.recipient import parse_recipient
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.protection.rate_limiter import CheckLimiter
from otp_worker.store import api_keys, verifications, verify
from otp_worker.store.database import Database


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What became of one check."""

    id: str
    status: VerificationStatus
    valid: bool
    checks_left: int


@dataclass(frozen=True, slots=True)
class Verifier:
    """The third step with all it needs."""

    db: Database
    keyring: Keyring
    policy: Policy
    limits: Limits
    limiter: CheckLimiter
    clock: Clock

    def check(
        self,
        verification_id: str,
        code: str,
        app: str,
        ip: str | None = None,
        rates: LimitRates | None = None,
        key_hash: bytes | None = None,
        payment: Payment | None = None,
    ) -> CheckResult:
        """Judge a code; each call uses up one check. ``rates`` are those of the app's key.

        ``payment`` is what the app is about to pay, where the code is for a payment.

        The key is looked up once more if it is named by its hash: then UnauthenticatedError is raised too.

        Raises RateLimitExceededError, NotFoundError, VerificationEndedError, NumberLockedError,
        NumberReportedError, and InvalidFieldError where there is no code.
        """
        # First of all, so that a flood costs neither a hash nor a look at the database.
        self._count(app, ip, rates, key_hash)
        return self._judge(verification_id, code, app, payment)

    def check_number(
        self,
        to: str,
        code: str,
        app: str,
        ip: str | None = None,
        rates: LimitRates | None = None,
        key_hash: bytes | None = None,
        purpose: str | None = None,
        payment: Payment | None = None,
    ) -> CheckResult:
        """Judge a code against a number's, or an address's, newest pending verification, as ``check`` does.

        It is one for that purpose. Without a purpose it is one that was asked for without.

        Raises InvalidFieldError, CountryNotAllowedError, RateLimitExceededError, NotFoundError,
        VerificationEndedError and NumberLockedError.
        """
        recipient = parse_recipient(to, self.policy.countries)
        self._count(app, ip, rates, key_hash)
        hashes = self.keyring.number_hashes(recipient.identity)
        newest = verifications.newest_pending(self.db, app, hashes, self.clock(), purpose)
        if newest is None:
            of_that = " for this purpose" if purpose else ""
            raise NotFoundError(f"this number has no pending verification{of_that}")
        return self._judge(newest, code, app, payment)

    def approve(self, verification_id: str, app: str) -> Verification:
        """End a pending verification as approved at its app's word: the app knows otherwise that it is right.

        Raises NotFoundError and VerificationEndedError.
        """
        found = verifications.get(self.db, verification_id, app)
        if not verify.approve_unchecked(self.db, found, self.clock()):
            status = verifications.get(self.db, verification_id, app).status_at(self.clock())
            if status is not VerificationStatus.APPROVED:
                raise VerificationEndedError(found.id, status)
        return verifications.get(self.db, verification_id, app)

    def _count(self, app: str, ip: str | None, rates: LimitRates | None, key_hash: bytes | None) -> None:
        now = self.clock()
        self.limiter.take(f"check_{ULID()}", self.limits.on_check(app, ip, rates), now)
        if key_hash is not None and api_keys.find_key(self.db, key_hash, now) is None:
            raise api_keys.unknown_key()

    def _judge(self, verification_id: str, code: str, app: str, payment: Payment | None) -> CheckResult:
        judgement = verify.count_check(
            self.db,
            verification_id,
            app,
            self.keyring.number_hashes,
            self.clock(),
            is_linked=payment is not None,
        )
        if judgement is None:
            return self._not_judged(verification_id, app)
        try:
            pepper = self.keyring.pepper(judgement.key_id)
        except UnknownKeyError:
            # The operator has taken its root secret away: nobody can judge this code any more.
            raise VerificationEndedError(verification_id, VerificationStatus.EXPIRED) from None
        # bcrypt takes tens of milliseconds: no transaction is open meanwhile.
        # The hash covers the payment: with another amount or payee every code is wrong.
        given = linked(code, payment.link if payment else "")
        if code_matches(pepper, verification_id, given, judgement.code_hash):
            if not verify.approve(self.db, judgement, self.clock()):
                return self._not_judged(verification_id, app)
            return CheckResult(verification_id, VerificationStatus.APPROVED, True, judgement.checks_left)
        if verify.count_failure(self.db, judgement, self.clock()):
            return CheckResult(verification_id, VerificationStatus.MAX_CHECKS_REACHED, False, 0)
        return CheckResult(verification_id, VerificationStatus.PENDING, False, judgement.checks_left)

    def _not_judged(self, verification_id: str, app: str) -> CheckResult:
        found = verifications.get(self.db, verification_id, app)
        if found.channel == INBOUND:
            raise InvalidFieldError("code", "there is none: its person texts a token, and GET shows approved")
        status = _status(found.status_at(self.clock()), found.checks_left)
        if status is not VerificationStatus.PENDING:
            raise VerificationEndedError(found.id, status)
        # Nothing was sent yet: no code can be right, and the guess costs nothing.
        return CheckResult(found.id, status, False, found.checks_left)


def _status(status: VerificationStatus, checks_left: int) -> VerificationStatus:
    # All checks are handed out but not all judged yet: no more can be had.
    if status is VerificationStatus.PENDING and checks_left == 0:
        return VerificationStatus.MAX_CHECKS_REACHED
    return status
