"""One verification in the console: found, understood, and acted upon, each act with a row of the audit."""

import pytest

from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import audit, verifications
from tests.api.client import Caller
from tests.api.console.visitor import Visitor
from tests.api.service import Service
from tests.contract.service import NUMBER, OFFLINE, wrong

SCRIPT = "<script>alert(1)</script>"


def find(operator: Visitor, what: str) -> str:
    """Where the form leads to."""
    operator.get("/find")
    answer = operator.post("/find", what=what)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


@pytest.mark.parametrize("spelled", [NUMBER, "07400 123456", "0044 7400-123456", " +44 (7400) 123456 "])
def test_a_number_in_any_spelling_leads_to_its_verification(
    operator: Visitor, sent: str, spelled: str
) -> None:
    assert find(operator, spelled) == f"/verifications/{sent}"


def test_a_user_and_every_id_lead_to_their_verification(
    operator: Visitor, shop: Caller, service: Service
) -> None:
    verification_id = shop.sent(user="user-17")
    service.deliver_queued()
    for what in ("user-17", verification_id, f"{verification_id}.1", "msg_1"):
        assert find(operator, what) == f"/verifications/{verification_id}"


def test_a_reference_and_a_tag_lead_to_a_verification_that_shows_them(
    operator: Visitor, shop: Caller
) -> None:
    tags = {"campaign": SCRIPT}
    sent = shop.sent(user="user-17", purpose="payment", client_reference="order-1017", tags=tags)
    shop.sent(user="user-18")
    for what in ("order-1017", f"campaign:{SCRIPT}"):
        assert find(operator, what) == f"/verifications/{sent}"
    page = operator.get(f"/verifications/{sent}").text
    for shown in (
        "payment",
        "order-1017",
        "campaign:&lt;script&gt;",
        "purpose payment, reference order-1017",
    ):
        assert shown in page
    assert SCRIPT not in page


def test_several_are_a_masked_list_the_newest_first(
    operator: Visitor, shop: Caller, service: Service
) -> None:
    first = shop.sent()
    service.deliver_queued()
    service.clock.move(60)
    second = shop.sent(new=True)
    operator.get("/find")
    answer = operator.post("/find", what=NUMBER)
    assert answer.status_code == 200
    assert answer.text.index(second) < answer.text.index(first)
    assert "+44********56" in answer.text


@pytest.mark.parametrize("what", ["nobody", "+447400999999", SCRIPT, "", "\0", "x" * 2000, "ver_"])
def test_what_is_not_kept_is_said_without_repeating_it(operator: Visitor, what: str) -> None:
    operator.get("/find")
    answer = operator.post("/find", what=what)
    assert answer.status_code == 200
    assert "Nothing is kept under that" in answer.text
    assert not what or what not in answer.text.replace('name="', "")


def test_its_page_tells_the_cause_and_each_hop(operator: Visitor, sent: str, service: Service) -> None:
    page = operator.get(f"/verifications/{sent}").text
    assert "took the SMS over" in page
    assert "+44********56" in page
    assert all(code not in page for code in service.gateway.codes)


def test_a_user_who_is_called_like_a_script_is_text(
    operator: Visitor, shop: Caller, service: Service
) -> None:
    verification_id = shop.sent(user=SCRIPT)
    shop.sent(user=SCRIPT, new=True, to="+447400123457")
    operator.get("/find")
    for page in (operator.get(f"/verifications/{verification_id}"), operator.post("/find", what=SCRIPT)):
        assert page.status_code == 200
        assert SCRIPT not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


def test_a_user_who_is_called_like_a_number_is_starred(operator: Visitor, shop: Caller) -> None:
    verification_id = shop.sent(user="+447400999999")
    assert "7400999999" not in operator.get(f"/verifications/{verification_id}").text


def test_cancel_asks_first_and_is_written_down(operator: Visitor, sent: str, service: Service) -> None:
    page = f"/verifications/{sent}"
    assert f"{page}/cancel" in operator.get(page).text
    assert "Cancel this verification?" in operator.get(f"{page}/cancel").text
    assert status(service, sent) is VerificationStatus.PENDING
    service.clock.move(1)
    after = operator.act(f"{page}/cancel")
    assert "It is canceled." in after.text
    assert f"{page}/cancel" not in after.text
    assert status(service, sent) is VerificationStatus.CANCELED
    entry = audit.newest(service.db, 1)[0]
    assert (entry.login, entry.action, entry.subject, entry.outcome) == (
        "ann",
        "cancel",
        sent,
        "It is canceled.",
    )
    assert sent in operator.get("/audit").text


def test_what_is_refused_says_why_and_is_written_down(operator: Visitor, sent: str, service: Service) -> None:
    assert operator.act(f"/verifications/{sent}/cancel").status_code == 200
    service.clock.move(1)
    again = operator.act(f"/verifications/{sent}/resend")
    assert "canceled" in again.text
    entry = audit.newest(service.db, 1)[0]
    assert entry.action == "resend"
    assert entry.outcome is not None
    assert "canceled" in entry.outcome


def test_resend_sends_the_same_code_once_more(operator: Visitor, sent: str, service: Service) -> None:
    assert "resend" in operator.act(f"/verifications/{sent}/resend").text
    assert len(service.gateway.codes) == 1
    service.clock.move(60)
    assert "Another SMS is on its way." in operator.act(f"/verifications/{sent}/resend").text
    service.deliver_queued()
    assert len(service.gateway.codes) == 2
    assert len(set(service.gateway.codes)) == 1
    assert "2 SMS" in operator.get(f"/verifications/{sent}").text


def test_resend_of_what_waits_adds_none(operator: Visitor, shop: Caller, service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification_id = shop.sent()
    service.deliver_queued()
    said = operator.act(f"/verifications/{verification_id}/resend").text
    assert "Its SMS is still on its way; none is added." in said


def test_a_rehearsal_stays_one(operator: Visitor, rehearsing: Caller, service: Service) -> None:
    verification_id = rehearsing.sent()
    service.deliver_queued()
    service.clock.move(60)
    operator.act(f"/verifications/{verification_id}/resend")
    service.deliver_queued()
    assert service.gateway.codes == []


def test_a_locked_number_is_unlocked_even_after_it_is_forgotten(
    operator: Visitor, shop: Caller, service: Service
) -> None:
    verification_id = shop.sent()
    page = f"/verifications/{verification_id}"
    service.deliver_queued()
    assert f"{page}/unlock" not in operator.get(page).text
    for _ in range(10):
        if shop.read(verification_id).json["status"] != "pending":
            service.clock.move(31)
            verification_id = shop.sent(new=True)
            service.deliver_queued()
        shop.check(verification_id, wrong(service.gateway.codes[0]))
    page = f"/verifications/{verification_id}"
    assert f"{page}/unlock" in operator.get(page).text
    with service.db.write() as connection:
        connection.exec_driver_sql("UPDATE verifications SET number = NULL")
    assert "is unlocked" in operator.act(f"{page}/unlock").text
    assert f"{page}/unlock" not in operator.get(page).text


def test_an_act_that_there_is_not_is_not_there(operator: Visitor, sent: str) -> None:
    operator.get(f"/verifications/{sent}")
    assert operator.get(f"/verifications/{sent}/forget").status_code == 404
    assert operator.post(f"/verifications/{sent}/forget").status_code == 404


def status(service: Service, verification_id: str) -> VerificationStatus:
    found = verifications.find(service.db, verification_id)
    assert found is not None
    return found.status
