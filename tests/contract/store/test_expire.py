"""The sweeps' statements: what they find, end and forget; each condition by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import claims, expire
from otp_worker.store.database import Database
from otp_worker.store.expire import Lane
from otp_worker.store.schema import deliveries, sim_recipients, verifications
from tests.contract.service import START, Service

NUMBERS = ("+447400123456", "+447400123457")
GB = Lane(["GB"], "a")
ENDED = [status for status in DeliveryStatus if status not in ("queued", "waiting", "sending")]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@dataclass
class One:
    """A delivery whose row the test writes."""

    db: Database
    id: str

    @property
    def verification_id(self) -> str:
        return self.id.partition(".")[0]

    def be(self, **values: object) -> None:
        with self.db.write() as connection:
            connection.execute(update(deliveries).where(deliveries.c.id == self.id).values(values))

    def verification(self, **values: object) -> None:
        with self.db.write() as connection:
            mine = verifications.c.id == self.verification_id
            connection.execute(update(verifications).where(mine).values(values))

    def row(self) -> Any:
        with self.db.read() as connection:
            return connection.execute(select(deliveries).where(deliveries.c.id == self.id)).one()


@pytest.fixture
def one(service: Service) -> One:
    return One(service.db, f"{service.issue().id}.1")


@pytest.fixture
def waiting(one: One) -> One:
    one.be(status=DeliveryStatus.WAITING, published_at=None, due_at=START, deadline_at=at(120))
    return one


class TestStalled:
    """What is on the queue, as far as anybody knows, and does not move."""

    @pytest.mark.parametrize(
        ("values", "is_stalled"),
        [
            ({"status": "queued", "due_at": at(0), "published_at": at(0)}, True),
            ({"status": "waiting", "due_at": at(0), "published_at": at(0)}, True),
            ({"status": "queued", "due_at": at(1), "published_at": at(0)}, False),
            ({"status": "queued", "due_at": at(0), "published_at": at(1)}, False),
            ({"status": "queued", "due_at": at(0), "published_at": None}, False),
            ({"status": "sent", "due_at": at(0), "published_at": at(0)}, False),
            ({"status": "sending", "lease_until": at(3), "published_at": at(0)}, True),
            ({"status": "sending", "lease_until": at(4), "published_at": at(0)}, False),
            # It was published again a moment ago, and nobody has taken it up yet.
            ({"status": "sending", "lease_until": at(3), "published_at": at(1)}, False),
            ({"status": "sending", "lease_until": at(3), "published_at": None}, True),
        ],
    )
    def test_it_is_found_when_it_is_due_and_was_published_long_ago(
        self, one: One, values: dict[str, object], is_stalled: bool
    ) -> None:
        one.be(**values)
        assert expire.stalled(one.db, at(3), at(0)) == ([one.id] if is_stalled else [])

    def test_the_one_that_stands_still_longest_comes_first(self, service: Service) -> None:
        both = [One(service.db, f"{service.issue(number).id}.1") for number in NUMBERS]
        for each, seconds in zip(both, (2, 1), strict=True):
            each.be(due_at=at(0), published_at=at(seconds))
        assert expire.stalled(service.db, at(9), at(3)) == [both[1].id, both[0].id]


class TestLane:
    """What a SIM may take of what waits in the database."""

    def found(self, one: One, lane: Lane = GB) -> bool:
        found = expire.not_published(one.db, at(3), lane, 10)
        probed = expire.probe(one.db, at(3), lane, 1)
        assert found == probed
        return [each for each, _ in found] == [one.id]

    @pytest.mark.parametrize("status", ["queued", "waiting"])
    def test_what_is_due_and_on_no_queue_is_found(self, waiting: One, status: str) -> None:
        waiting.be(status=status)
        assert self.found(waiting)

    @pytest.mark.parametrize(
        "values",
        [
            *[{"status": status} for status in ("sending", *ENDED)],
            {"published_at": at(0)},
            {"route": "US"},
            {"due_at": at(3.001)},
            {"deadline_at": at(3)},
            {"uncertain": 1, "sim": "b"},
        ],
    )
    def test_what_is_not_is_left_alone(self, waiting: One, values: dict[str, object]) -> None:
        waiting.be(**values)
        assert not self.found(waiting)

    @pytest.mark.parametrize(
        "values",
        [
            {"due_at": at(3)},
            {"deadline_at": at(3.001)},
            {"sim": "b"},
            {"uncertain": 1, "sim": "a"},
            {"uncertain": 1, "sim": None},
        ],
    )
    def test_what_may_have_been_sent_is_its_own_sims_alone(
        self, waiting: One, values: dict[str, object]
    ) -> None:
        waiting.be(**values)
        assert self.found(waiting)

    @pytest.mark.parametrize(
        ("sim", "month", "own_number", "is_found"),
        [
            ("a", "2026-03", True, True),
            ("b", "2026-03", True, False),
            ("a", "2026-02", True, False),
            ("a", "2026-03", False, False),
        ],
    )
    def test_with_a_month_only_whom_this_sim_wrote_to_in_it(
        self, service: Service, waiting: One, sim: str, month: str, own_number: bool, is_found: bool
    ) -> None:
        another = service.sent(NUMBERS[1])[0].id
        whose = waiting.verification_id if own_number else another
        with waiting.db.write() as connection:
            number = select(verifications.c.number_hash).where(verifications.c.id == whose)
            hashed = connection.execute(number).scalar_one()
            connection.execute(insert(sim_recipients).values(sim=sim, month=month, number_hash=hashed))
        assert self.found(waiting, Lane(["GB"], "a", "2026-03")) is is_found

    def test_the_nearest_deadline_comes_first_and_a_probe_outlives_a_gateway_that_hangs(
        self, service: Service
    ) -> None:
        late, soon = (One(service.db, f"{service.issue(number).id}.1") for number in NUMBERS)
        for each, seconds in ((late, 100), (soon, 12)):
            each.be(status="waiting", published_at=None, due_at=START, deadline_at=at(seconds))
        released = [each for each, _ in expire.not_published(service.db, at(3), GB, 10)]
        assert released == [soon.id, late.id]
        assert expire.not_published(service.db, at(3), GB, 1) == [(soon.id, at(12))]
        assert expire.probe(service.db, at(3), GB, 1) == [(late.id, at(100))]
        soon.be(deadline_at=at(50))
        assert expire.probe(service.db, at(3), GB, 1) == [(soon.id, at(50))]
        soon.be(deadline_at=at(12))
        late.be(deadline_at=at(11))
        assert expire.probe(service.db, at(3), GB, 1) == [(soon.id, at(12))]
        assert expire.not_published(service.db, at(3), GB, 0) == expire.probe(service.db, at(3), GB, 0) == []


class TestOverdue:
    """What was not sent by its deadline."""

    @pytest.mark.parametrize(
        ("values", "ends"),
        [
            ({"status": "queued"}, True),
            ({"status": "waiting"}, True),
            ({"status": "sending", "lease_until": at(60)}, True),
            ({"status": "sending", "lease_until": at(60.001)}, False),
            *[({"status": status}, False) for status in ENDED],
            ({"status": "queued", "deadline_at": at(60.001)}, False),
        ],
    )
    def test_it_ends_unless_a_worker_has_it_in_hand(
        self, one: One, values: dict[str, object], ends: bool
    ) -> None:
        one.be(**({"deadline_at": at(60)} | values))
        before = one.row()
        assert expire.fail_overdue(one.db, at(60)) == ends
        assert (one.row() == before) is not ends
        why = "its worker never came back" if values["status"] == "sending" else "no worker took it up"
        assert not ends or (one.row().status, one.row().reason, one.row().lease_until) == (
            "expired",
            f"not sent in time: {why}",
            None,
        )

    @pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
    def test_what_a_worker_takes_at_the_last_moment_is_its_own(
        self, one: One, request: pytest.FixtureRequest
    ) -> None:
        """On Postgres: SQLite has one writer, and nobody comes between."""
        one.be(deadline_at=at(60))
        worker = Database(one.db.url)
        request.addfinalizer(worker.close)
        moments = iter([at(60)])

        def take(*of: Any) -> None:
            if of[2].startswith("UPDATE deliveries"):
                for now in moments:
                    with worker.write() as connection:
                        assert claims.take(connection, one.id, now, at(90))

        event.listen(one.db.engine, "before_cursor_execute", take)
        assert expire.fail_overdue(one.db, at(60)) == 0
        assert one.row().status == "sending"


@pytest.mark.parametrize(
    ("values", "purged"),
    [
        ({"status": "approved"}, True),
        ({"status": "pending"}, False),
        ({"status": "approved", "created_at": at(0.001)}, False),
    ],
)
def test_what_is_old_and_over_is_deleted(one: One, values: dict[str, object], purged: bool) -> None:
    one.verification(**values)
    assert expire.purge(one.db, at(0)) == purged


@pytest.mark.parametrize(
    ("values", "forgotten"),
    [
        ({"ended_at": at(0)}, True),
        ({"ended_at": at(0.001)}, False),
        ({"ended_at": None}, False),
        ({"ended_at": at(0), "number": None}, False),
    ],
)
def test_the_number_of_what_ended_is_forgotten(one: One, values: dict[str, object], forgotten: bool) -> None:
    one.verification(**values)
    assert expire.forget_numbers(one.db, at(0)) == forgotten


@pytest.mark.parametrize("status", list(VerificationStatus))
@pytest.mark.parametrize(("expires", "over"), [(60, True), (60.001, False)])
def test_what_time_has_ended_is_written_down(
    one: One, status: VerificationStatus, expires: float, over: bool
) -> None:
    one.verification(status=status, expires_at=at(expires))
    assert expire.end_expired(one.db, at(60)) == (over and status is VerificationStatus.PENDING)
