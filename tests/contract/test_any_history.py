"""Whatever is done in whatever order: the rules of a verification, over SQLite and over Postgres."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from otp_worker.domain.errors import (
    NotFoundError,
    NumberLockedError,
    RateLimitExceededError,
    TooSoonError,
    VerificationEndedError,
)
from otp_worker.domain.gateway import Outcome
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.policy import MAX_LIFE_SECONDS, Policy
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, number_guards, verifications
from tests.contract.service import ACCEPTED, LOST, OFFLINE, SHOP, Service, wrong

LIMITS = {Limit.NUMBER: parse_rates("1/30s,5/10m,10/h")}
AT_ONCE = 6
RESEND_AFTER_SECONDS = 60

# Mostly the newest.
chosen = st.sampled_from([1, 1, 1, 2, 3])
outcomes = st.sampled_from([ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, LOST, OFFLINE])


class History(RuleBasedStateMachine):
    """One person's number, and everything that an app, a guesser, the phone and the time can do to it."""

    db: Database

    def __init__(self) -> None:
        super().__init__()
        with self.db.write() as connection:
            connection.execute(delete(verifications))
            connection.execute(delete(number_guards))
        policy = Policy(
            countries=frozenset({"GB"}), bcrypt_rounds=4, resend_after_seconds=RESEND_AFTER_SECONDS
        )
        self.service = Service(self.db, policy, LIMITS)
        self.sends: list[datetime] = []
        self.asked: list[Verification] = []
        self.right: list[str] = []
        self.ends: dict[str, VerificationStatus] = {}

    @initialize()
    def have_an_sms(self) -> None:
        self.send(0, ACCEPTED)

    @rule(seconds=st.sampled_from([0, 31, 31, 121]), outcome=outcomes)
    def send(self, seconds: int, outcome: Outcome) -> None:
        self.service.clock.move(seconds)
        with suppress(RateLimitExceededError):
            self.asked.append(self.service.issue())
            self.sends.append(self.service.clock())
            self.deliver(outcome)

    @precondition(lambda self: self.asked)
    @rule(which=chosen)
    def resend(self, which: int) -> None:
        verification = self._asked(which)
        before = self._deliveries()
        try:
            self.service.resend(verification)
        except (TooSoonError, VerificationEndedError, RateLimitExceededError, NotFoundError):
            assert self._deliveries() == before
        else:
            self.sends += [self.service.clock()] * (self._deliveries() - before)

    @precondition(lambda self: self.asked)
    @rule(which=chosen, at_last=st.integers(1, 8).map(lambda drawn: drawn == 8))
    def cancel(self, which: int, at_last: bool) -> None:
        if not at_last:
            return
        verification = self._asked(which)
        try:
            self.service.issuer.cancel(verification.id, SHOP, self.service.clock())
        except (VerificationEndedError, NotFoundError):
            return
        assert self.service.read(verification).status is VerificationStatus.CANCELED

    @rule(outcome=outcomes)
    def deliver(self, outcome: Outcome) -> None:
        self.service.gateway.outcomes = [outcome]
        self.service.work()

    @rule(seconds=st.sampled_from([1, 5, 31, 61, 61, 240, 601]))
    def let_time_pass(self, seconds: int) -> None:
        self.service.clock.move(seconds)

    @precondition(lambda self: self.asked)
    @rule(which=chosen, good=st.booleans())
    def check(self, which: int, good: bool) -> None:
        verification = self._asked(which)
        code = self._code(verification)
        locked = self._locked()
        if self._is_right(verification, code if good else wrong(code)):
            assert good
            assert not locked
            self.right.append(verification.id)

    @precondition(lambda self: self.asked)
    @rule(which=chosen, good=st.booleans())
    def check_at_once(self, which: int, good: bool) -> None:
        verification = self._asked(which)
        code = self._code(verification)
        locked = self._locked()
        entered = code if good else wrong(code)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            right = sum(pool.map(lambda _: self._is_right(verification, entered), range(AT_ONCE)))
        assert right <= (good and not locked)
        self.right += [verification.id] * right

    @invariant()
    def a_code_is_right_once(self) -> None:
        assert len(self.right) == len(set(self.right))
        assert {self.ends.get(each, VerificationStatus.APPROVED) for each in self.right} <= {
            VerificationStatus.APPROVED
        }

    @invariant()
    def no_more_checks_are_judged_than_allowed(self) -> None:
        with self.db.read() as connection:
            checks = list(connection.execute(select(verifications.c.checks)).scalars())
        assert all(each <= self.service.policy.max_checks for each in checks)

    @invariant()
    def what_has_ended_stays_ended_and_holds_nothing_to_judge_by(self) -> None:
        with self.db.read() as connection:
            for row in connection.execute(select(verifications)):
                if row.status == VerificationStatus.PENDING:
                    assert row.id not in self.ends
                    assert row.seed is not None
                    continue
                assert (row.seed, row.code_hash) == (None, None)
                assert self.ends.setdefault(row.id, row.status) == row.status

    @invariant()
    def one_verification_has_one_code_and_one_sms_for_each_send(self) -> None:
        codes: dict[str, set[str]] = {}
        messages = zip(self.service.gateway.messages, self.service.gateway.codes, strict=True)
        for message, code in messages:
            codes.setdefault(message.reference.rpartition(".")[0], set()).add(code)
        assert all(len(each) == 1 for each in codes.values())
        assert self._deliveries() == len(self.sends)

    @invariant()
    def a_resend_waits_its_time(self) -> None:
        with self.db.read() as connection:
            sends = connection.execute(
                select(deliveries.c.verification_id, deliveries.c.created_at).order_by(
                    deliveries.c.created_at
                )
            ).all()
        last: dict[str, datetime] = {}
        for verification_id, at in sends:
            assert (at - last.get(verification_id, datetime.min.replace(tzinfo=UTC))) >= timedelta(
                seconds=RESEND_AFTER_SECONDS
            )
            last[verification_id] = at

    @invariant()
    def nobody_is_flooded(self) -> None:
        for rate in LIMITS[Limit.NUMBER]:
            for first in self.sends:
                window = [at for at in self.sends if first <= at < first + timedelta(seconds=rate.seconds)]
                assert len(window) <= rate.count

    def teardown(self) -> None:
        """When the time is over, everything has come to an end."""
        self.service.clock.move(MAX_LIFE_SECONDS + 1)
        self.service.work()
        with self.db.read() as connection:
            left = connection.execute(
                select(verifications.c.status).where(verifications.c.status == VerificationStatus.PENDING)
            ).all()
        assert left == []

    def _asked(self, which: int) -> Verification:
        return self.asked[-min(which, len(self.asked))]

    def _deliveries(self) -> int:
        with self.db.read() as connection:
            return len(connection.execute(select(deliveries.c.id)).all())

    def _code(self, verification: Verification) -> str:
        """The newest code on the phone for it, or any where it got none."""
        messages = zip(self.service.gateway.messages, self.service.gateway.codes, strict=True)
        codes = [code for message, code in messages if message.reference.startswith(verification.id)]
        return codes[-1] if codes else "123456"

    def _is_right(self, verification: Verification, code: str) -> bool:
        try:
            return self.service.check(verification, code).valid
        except (VerificationEndedError, NumberLockedError, NotFoundError):
            return False

    def _locked(self) -> bool:
        with self.db.read() as connection:
            until = connection.execute(select(number_guards.c.locked_until)).scalar()
        return until is not None and until > self.service.clock()


def test_the_rules_hold_in_any_history(db: Database) -> None:
    class OverThisDatabase(History):
        pass

    OverThisDatabase.db = db
    run_state_machine_as_test(
        OverThisDatabase,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            # The same histories each time: what fails here fails for everybody.
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
