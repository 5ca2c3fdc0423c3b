"""What an operator does to pauses, gateways and events: each is asked first, and each is written down."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from otp_worker.domain.pumping import Figures, PumpedKind, Usual
from otp_worker.store import audit, notice_log, notifications, pauses
from otp_worker.store.pauses import Suspect
from tests.api.client import Caller
from tests.api.console.visitor import Visitor
from tests.api.service import Service
from tests.contract.service import START, fail_gateway

LABEL = "+44740012****"
_Prepare = Callable[[Service], str]


def a_pause(service: Service) -> str:
    """A paused block; where it is looked at."""
    suspect = Suspect(PumpedKind.BLOCK, "shop", b"b" * 32, LABEL, Figures(184, 3), Usual(3.0, 0.86))
    paused = pauses.pause(service.db, suspect, 3600, [], service.clock())
    assert paused is not None
    return f"/countries/{paused[0].name}/lift"


def an_exemption(service: Service) -> str:
    return a_pause(service).replace("/lift", "/exempt")


def an_event(service: Service) -> str:
    """An event that was given up."""
    with service.db.write() as connection:
        (notice_id,) = notifications.insert_notices(connection, ["webhook"], "phone.silent", {}, START)
    notifications.settle_notice(service.db, notice_id, None)
    return f"/webhooks/{notice_id}/again"


def a_gateway(service: Service) -> str:
    """A gateway that is away."""
    for _ in range(3):
        fail_gateway(service.db, "obedient", service.clock(), "no paired phone is online")
    return "/sims/obedient/retry"


@pytest.mark.parametrize(
    ("prepare", "action", "said"),
    [
        (a_pause, "lift the pause", f"{LABEL} is not paused for a day."),
        (an_exemption, "exempt", f"{LABEL} is never paused."),
        (an_event, "send again", "It is told once more."),
        (a_gateway, "try at once", "The next message that waits for obedient is tried at once."),
    ],
)
def test_it_asks_first_says_what_came_of_it_and_writes_it_down(
    operator: Visitor, service: Service, prepare: _Prepare, action: str, said: str
) -> None:
    path = prepare(service)
    page = path.rsplit("/", 2)[0]
    assert path in operator.get(page).text
    service.clock.move(1)
    assert said in operator.act(path).text
    entry = audit.newest(service.db, 1)[0]
    assert (entry.login, entry.action, entry.outcome) == ("ann", action, said)
    assert action in operator.get("/audit").text


def test_a_lifted_pause_is_over_for_a_day(operator: Visitor, service: Service) -> None:
    operator.act(a_pause(service))
    known = pauses.known_pauses(service.db)
    assert {each.state(service.clock()) for each in known} == {"exempt"}
    assert {each.state(service.clock() + timedelta(days=1, seconds=1)) for each in known} == {"watched"}


def test_an_event_that_is_sent_again_waits_to_be_told(operator: Visitor, service: Service) -> None:
    event = an_event(service)
    service.clock.move(1)
    operator.act(event)
    again, first = notice_log.newest(service.db, 10)
    assert again.id != first.id
    assert again.due_at is not None
    assert first.due_at is None


def test_another_operators_outcome_is_not_mine(operator: Visitor, service: Service) -> None:
    entry_id = audit.begin(service.db, "bob", "exempt", "GB", service.clock())
    audit.settle(service.db, entry_id, "GB is never paused.")
    assert "GB is never paused." not in operator.get(f"/countries?done={entry_id}").text


def test_no_page_shows_a_key(operator: Visitor, shop: Caller) -> None:
    page = operator.get("/keys").text
    assert shop.key is not None
    assert "shop" in page
    assert shop.key not in page
    assert shop.key[13:-4] not in page


def test_the_first_page_goes_back_as_far_as_is_wanted(operator: Visitor, sent: str) -> None:
    for window in ("15m", "24h", "30d", "nonsense", "%00"):
        for path in ("/", "/fragments/overview"):
            answer = operator.get(f"{path}?window={window}")
            assert answer.status_code == 200
            assert ("<html" in answer.text) == (path == "/")


def test_instants_are_told_in_the_browsers_zone(operator: Visitor) -> None:
    for zone, shown in {
        "Europe/Berlin": "13:00:00",
        "America/New_York": "07:00:00",
        "nowhere": "12:00:00",
        "../../etc/passwd": "12:00:00",
        "": "12:00:00",
    }.items():
        operator.cookies["otp_zone"] = zone
        assert f"1 Mar {shown}" in operator.get("/audit").text, zone
