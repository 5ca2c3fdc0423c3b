"""A link, statement by statement: one browser, one outcome, one redemption, however many ask at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from otp_worker.domain.entry_link import RESULT_SECONDS, EntryLink, Outcome
from otp_worker.store import backups, entry_links
from otp_worker.store.entry_links import MOST_ACTS
from tests.contract.service import START, Service

LINK_ID = "lnk_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"
MINE, THEIRS = b"m" * 32, b"t" * 32
AT_ONCE = 4
LIFE = timedelta(minutes=15)


def given(service: Service) -> None:
    """A link that nobody has used."""
    link = EntryLink(LINK_ID, "shop", b"k" * 32, b"n" * 32, b"sealed", START, START + LIFE)
    entry_links.insert_link(service.db, link)


def together(act: Callable[[int], bool]) -> int:
    """How many of several at the same moment were let."""
    gate = Barrier(AT_ONCE, timeout=30)

    def asked(each: int) -> bool:
        gate.wait()
        return act(each)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(asked, range(AT_ONCE), timeout=60))


def test_of_browsers_that_act_at_once_one_has_the_link(service: Service) -> None:
    given(service)
    sessions = [bytes([each]) * 32 for each in range(AT_ONCE)]
    assert together(lambda each: entry_links.take_act(service.db, LINK_ID, sessions[each], START)) == 1
    found = entry_links.find(service.db, LINK_ID)
    assert found is not None
    assert found.session_hash in sessions
    assert found.acts == 1


def test_a_browser_acts_so_often_and_only_while_the_link_lives(service: Service) -> None:
    given(service)
    assert not entry_links.take_act(service.db, LINK_ID, MINE, START + LIFE)
    for _ in range(MOST_ACTS):
        assert entry_links.take_act(service.db, LINK_ID, MINE, START)
    assert not entry_links.take_act(service.db, LINK_ID, MINE, START)
    assert not entry_links.take_act(service.db, LINK_ID, THEIRS, START)


def test_a_link_has_one_outcome_and_does_nothing_after_it(service: Service) -> None:
    given(service)
    outcomes = [Outcome.APPROVED, Outcome.NOT_MY_NUMBER] * (AT_ONCE // 2)
    assert together(lambda each: entry_links.finish(service.db, LINK_ID, outcomes[each], START)) == 1
    assert not entry_links.take_act(service.db, LINK_ID, MINE, START)


def test_a_result_is_redeemed_once_and_in_time(service: Service) -> None:
    given(service)
    assert not entry_links.redeem(service.db, LINK_ID, START)
    entry_links.finish(service.db, LINK_ID, Outcome.APPROVED, START)
    assert not entry_links.redeem(service.db, LINK_ID, START + timedelta(seconds=RESULT_SECONDS))
    assert together(lambda _: entry_links.redeem(service.db, LINK_ID, START)) == 1
    found = entry_links.find(service.db, LINK_ID)
    assert found is not None
    assert not found.has_result(START)


def test_a_link_is_purged_when_it_is_over(service: Service) -> None:
    given(service)
    assert entry_links.purge(service.db, START) == 0
    assert entry_links.purge(service.db, START + LIFE) == 1
    assert entry_links.find(service.db, LINK_ID) is None


def test_a_link_that_was_backed_up_is_good_for_nothing_once_it_is_restored(service: Service) -> None:
    given(service)
    entry_links.finish(service.db, LINK_ID, Outcome.APPROVED, START)
    backups.end_pending(service.db, "restored from a backup", START)
    assert not entry_links.redeem(service.db, LINK_ID, START)
