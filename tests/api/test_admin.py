"""What keys with the scope admin do, and what the guard's pauses look like from outside."""

import pytest

from otp_worker.domain.app import KeyScope
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.pumping import Figures, PumpedKind, Usual
from otp_worker.store import pauses
from otp_worker.store.pauses import Suspect
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER, wrong

PAUSES = "/v1/admin/pauses"


@pytest.fixture
def _paused(service: Service) -> None:
    block = service.limits.block_hash(NUMBER)
    suspect = Suspect(PumpedKind.BLOCK, "shop", block, "+44740012****", Figures(30, 0), Usual(4.0, 0.75))
    pauses.pause(service.db, suspect, 3600, [], service.clock())


@pytest.mark.usefixtures("_paused")
def test_a_send_to_a_paused_block_is_told_until_when(shop: Caller, service: Service) -> None:
    answer = shop.send()
    assert problem(answer) == (429, "sends_paused")
    assert answer.headers["Retry-After"] == "3600"
    assert "block are paused" in answer.json["detail"]
    assert service.count("verifications") == 0


@pytest.mark.usefixtures("_paused")
def test_a_pause_is_shown_with_its_figures(admin: Caller) -> None:
    (pause,) = admin.simulate_get(PAUSES).json["pauses"]
    assert (pause["kind"], pause["label"], pause["state"]) == ("block", "+44740012****", "paused")
    assert pause["app"] == "shop"
    assert pause["reason"] == "0 of 30 codes entered in an hour; usually 75% of 4.0 are"
    assert pause["paused_until"] == "2026-03-01T13:00:00Z"


@pytest.mark.usefixtures("_paused")
def test_metrics_count_what_is_paused(stranger: Caller) -> None:
    text = stranger.simulate_get("/metrics").text
    assert 'otp_guard_paused{kind="block"} 1.0' in text
    assert 'otp_guard_paused{kind="country"} 0.0' in text


@pytest.mark.usefixtures("_paused")
@pytest.mark.parametrize("by_name", [True, False])
def test_an_admin_lifts_a_pause(admin: Caller, service: Service, by_name: bool) -> None:
    target = admin.simulate_get(PAUSES).json["pauses"][0]["name"] if by_name else NUMBER
    answer = admin.simulate_post(f"{PAUSES}/exempt", json={"target": target, "hours": 2})
    assert (answer.status_code, answer.json["state"]) == (200, "exempt")
    assert answer.json["exempt_until"] == "2026-03-01T14:00:00Z"
    assert pauses.active_pauses(service.db, service.clock()) == []


def test_a_target_that_is_a_number_but_no_mobile_is_not_told_back(admin: Caller) -> None:
    answer = admin.simulate_post(f"{PAUSES}/exempt", json={"target": "+442079460000"})
    assert problem(answer) == (404, "not_found")
    assert "2079460000" not in answer.text


def test_what_no_sender_can_be_is_an_invalid_field(admin: Caller) -> None:
    answer = admin.simulate_post("/v1/admin/numbers/forget", json={"to": "ab\0c"})
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["errors"][0]["field"] == "to"


def test_a_target_that_is_nothing_is_not_found(admin: Caller) -> None:
    answer = admin.simulate_post(f"{PAUSES}/exempt", json={"target": "nowhere"})
    assert problem(answer) == (404, "not_found")


def test_an_admin_unlocks_a_number(admin: Caller, shop: Caller, service: Service) -> None:
    for _ in range(2):
        verification = shop.sent()
        service.deliver_queued()
        code = service.gateway.codes[-1]
        for _ in range(5):
            shop.check(verification, wrong(code))
    verification = shop.sent()
    service.deliver_queued()
    assert problem(shop.check(verification, service.gateway.codes[-1])) == (429, "number_locked")
    answer = admin.simulate_post("/v1/admin/numbers/unlock", json={"to": NUMBER})
    assert (answer.status_code, answer.json) == (200, {"to": "+44********56"})
    assert shop.check(verification, service.gateway.codes[-1]).json["valid"]
    assert problem(admin.simulate_post("/v1/admin/numbers/unlock", json={"to": NUMBER})) == (404, "not_found")


def test_an_admin_erases_a_person(admin: Caller, shop: Caller, service: Service) -> None:
    shop.sent()
    answer = admin.simulate_post("/v1/admin/numbers/forget", json={"to": NUMBER})
    assert answer.json == {"to": "+44********56", "verifications": 1, "replies": 0}
    assert service.count("verifications") == 0


def test_a_key_for_rehearsals_is_no_admins(service: Service) -> None:
    keys = service.intake().api_keys
    with pytest.raises(InvalidFieldError, match="leave out admin"):
        keys.create("shop", service.clock(), test=True, scopes=frozenset(KeyScope))
