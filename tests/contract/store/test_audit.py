"""What operators did is written down before it is done, and forgotten with everything else."""

from datetime import timedelta

from otp_worker.service.purges import purges
from otp_worker.store import audit
from tests.contract.service import START, Service


def test_an_entry_is_there_before_its_outcome_is_known(service: Service) -> None:
    entry_id = audit.begin(service.db, "ann", "cancel", "ver_1", START)
    assert [each.outcome for each in audit.newest(service.db, 10)] == [None]
    audit.settle(service.db, entry_id, "It is canceled." + "x" * 200)
    (entry,) = audit.newest(service.db, 10)
    assert (entry.login, entry.action, entry.subject, entry.at) == ("ann", "cancel", "ver_1", START)
    assert entry.outcome is not None
    assert len(entry.outcome) == 120


def test_the_newest_comes_first_and_each_is_its_operators_own(service: Service) -> None:
    first = audit.begin(service.db, "a" * 70, "unlock", "s" * 70, START)
    audit.begin(service.db, "bob", "lift the pause", "GB", START + timedelta(seconds=1))
    assert [each.login for each in audit.newest(service.db, 10)] == ["bob", "a" * 64]
    mine = audit.of_login(service.db, first, "a" * 70)
    assert mine is not None
    assert mine.subject == "s" * 64
    assert audit.of_login(service.db, first, "bob") is None
    assert audit.of_login(service.db, "\0", "bob") is None


def test_what_was_done_is_kept_as_long_as_a_verification(service: Service) -> None:
    audit.begin(service.db, "ann", "cancel", "ver_1", START)
    audit.begin(service.db, "ann", "cancel", "ver_2", START + timedelta(days=30))
    for purge in purges(service.sims, 3600, 30):
        purge(service.db, START + timedelta(days=30, seconds=1))
    assert [each.subject for each in audit.newest(service.db, 10)] == ["ver_2"]
