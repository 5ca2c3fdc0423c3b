"""Conversion: a code that was sent counts once, in each way of looking at it, whoever sums up and when."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.sent_codes import SETTLED_AFTER, Dimension
from otp_worker.domain.verification import VerificationStatus
from otp_worker.service.purges import purges
from otp_worker.store import conversion_sums, schema, sweeps
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications
from tests.contract.operations.sent import asked, told, write
from tests.contract.service import START, Service, wrong

HOUR = timedelta(hours=1)
CELLS = (Dimension.APP, Dimension.COUNTRY, Dimension.TEMPLATE, Dimension.SIM)


def test_a_code_is_seen_at_once_and_counts_the_same_when_it_is_settled(service: Service) -> None:
    first, code = service.sent()
    service.check(first, wrong(code))
    service.check(first, code)
    service.sent("+447400654321")
    before = asked(service.db, service.clock())
    assert told(before) == {"GB": (2, 0, 1)}
    service.clock.move(SETTLED_AFTER.total_seconds() + 3600)
    assert conversion_sums.sum_up(service.db, service.clock()) > 0
    after = asked(service.db, service.clock())
    assert told(after) == told(before)
    with service.db.write() as connection:
        connection.execute(delete(verifications))
    assert told(asked(service.db, service.clock())) == told(before)


def test_a_code_that_was_never_sent_and_one_of_a_test_key_count_for_nothing(service: Service) -> None:
    service.issue()
    service.deliver(service.issue("+447400654321", App("shop", test=True)))
    assert asked(service.db, service.clock()).total.sent == 0


def test_each_way_of_looking_adds_up_to_the_same_total(db: Database) -> None:
    chance = random.Random(7)
    expected: dict[Dimension, Counter[str | datetime | None]] = {by: Counter() for by in Dimension}
    for n in range(60):
        at = START - timedelta(minutes=chance.randrange(20 * 60))
        sim, app, country = chance.choice(["gb1", "gb2"]), chance.choice("ab"), chance.choice(["GB", "US"])
        template = chance.choice([None, "bank"])
        write(db, f"{n:026}", at, sims=(sim,), app=app, country=country, template=template)
        expected[Dimension.APP][app] += 1
        expected[Dimension.COUNTRY][country] += 1
        expected[Dimension.SIM][sim] += 1
        expected[Dimension.TEMPLATE][template or "default"] += 1
        expected[Dimension.HOUR][at.replace(minute=0)] += 1
    for now in (START, START, START + HOUR, START + 2 * HOUR):
        since = START - timedelta(hours=20)
        for by in (*CELLS, Dimension.HOUR):
            report = asked(db, now, by=by, since=since)
            found = Counter({value: figures[0] for value, figures in told(report).items() if figures[0]})
            assert found == expected[by]
            assert report.total.sent == report.total.approved == 60
        [block] = asked(db, now, by=Dimension.BLOCK, since=since, country="GB").groups
        assert block.codes.sent == expected[Dimension.COUNTRY]["GB"]


def test_any_number_of_processes_may_sum_up_and_look_at_once(db: Database) -> None:
    for n in range(40):
        write(db, f"{n:026}", START - timedelta(minutes=10 * n))

    def look(n: int) -> set[int]:
        now = START + timedelta(seconds=20 * n)
        conversion_sums.sum_up(db, now)
        return {asked(db, now, by=by).total.sent for by in (*CELLS, Dimension.BLOCK)}

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(look, range(24))) == {40}
    assert asked(db, START + timedelta(hours=3)).total.sent == 40


def test_a_code_that_is_sent_again_counts_once_and_for_the_sim_of_its_last_sms(db: Database) -> None:
    write(db, f"{1:026}", START - HOUR, sims=("gb1", "gb2"))
    write(db, f"{2:026}", START - HOUR, sims=("gb1",), status=VerificationStatus.EXPIRED)
    write(db, f"{3:026}", START - HOUR, sims=())
    assert told(asked(db, START, by=Dimension.SIM)) == {"gb1": (1, 1, 0), "gb2": (1, 1, 1), None: (1, 0, 1)}


def test_an_sms_that_arrives_when_its_code_is_over_was_not_delivered_in_time(db: Database) -> None:
    for n, seconds in enumerate((1, 600, 601)):
        write(db, f"{n:026}", START - HOUR, delivered_after=seconds)
    write(db, f"{4:026}", START - HOUR, delivered_after=None)
    for now in (START, START + HOUR):
        assert told(asked(db, now)) == {"GB": (4, 2, 4)}


def test_apps_whose_names_differ_in_capitals_alone_are_two_apps(db: Database) -> None:
    for n, app in enumerate(("shop", "Shop", "shop_", "shopX")):
        write(db, f"{n:026}", START - HOUR, app=app)
    for now in (START, START + 2 * HOUR):
        for app in ("shop", "Shop", "shop_"):
            assert told(asked(db, now, by=Dimension.APP, app=app)) == {app: (1, 1, 1)}


def test_days_stay_when_everything_else_is_purged(service: Service) -> None:
    write(service.db, f"{1:026}", START - 2 * HOUR)
    conversion_sums.sum_up(service.db, START)
    later = START + timedelta(days=60)
    for purge in purges(service.sims, 3600, 30):
        purge(service.db, later)
    with service.db.read() as connection:
        assert connection.execute(schema.conversion_blocks.select()).first() is None
        assert connection.execute(verifications.select()).first() is None
    found = asked(service.db, later, by=Dimension.DAY, since=START - timedelta(days=1))
    assert {value: codes for value, codes in told(found).items() if codes[0]} == {
        START.replace(hour=0): (1, 1, 1)
    }
    assert len(found.groups) == 62


def test_what_is_summed_up_after_a_clock_was_set_back_goes_on_from_then(db: Database) -> None:
    write(db, f"{1:026}", START - 2 * HOUR)
    conversion_sums.sum_up(db, START + timedelta(days=2), most=1_000)
    write(db, f"{2:026}", START + timedelta(minutes=1))
    conversion_sums.sum_up(db, START)
    assert sweeps.last_sweep(db, conversion_sums.SUMMED) == START
    conversion_sums.sum_up(db, START + HOUR)
    assert asked(db, START + HOUR).total.sent == 2


def test_whoever_asks_again_and_again_writes_nothing(db: Database) -> None:
    write(db, f"{1:026}", START - 2 * HOUR)
    asked(db, START)
    summed = sweeps.last_sweep(db, conversion_sums.SUMMED)
    asked(db, START + timedelta(seconds=10))
    assert sweeps.last_sweep(db, conversion_sums.SUMMED) == summed


def test_a_window_is_of_whole_hours_or_days_and_says_which(db: Database) -> None:
    now = START + timedelta(minutes=20)
    today = asked(db, now, by=Dimension.HOUR)
    assert (today.since, today.until) == (START - timedelta(hours=24), now)
    assert len(today.groups) == 25
    past = asked(db, now, since=START - timedelta(hours=3, minutes=5), until=START - HOUR)
    assert (past.since, past.until) == (START - timedelta(hours=4), START - HOUR)
    month = asked(db, now, since=START - timedelta(days=30))
    assert month.since == START.replace(hour=0) - timedelta(days=30)
    with pytest.raises(InvalidFieldError, match="kept for 8 days"):
        asked(db, now, by=Dimension.HOUR, since=START - timedelta(days=30))
    with pytest.raises(InvalidFieldError, match="template"):
        asked(db, now, by=Dimension.BLOCK, template="bank")


def test_only_so_many_groups_are_told_and_the_total_is_of_all(db: Database) -> None:
    for n in range(6):
        write(db, f"{n:026}", START - HOUR, app=f"app{n % 3}", block_hash=bytes([n % 3]) * 32)
    for by in (Dimension.APP, Dimension.BLOCK):
        report = asked(db, START, by=by, limit=2)
        assert (len(report.groups), report.more, report.total.sent) == (2, True, 6)
        assert not asked(db, START, by=by, limit=3).more
