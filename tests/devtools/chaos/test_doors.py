"""The load asks through every door there is, and each SMS must say what it was asked for with."""

import random
from collections import Counter
from typing import Any

import pytest

from api.schemas.messages import BatchBody, MessageBody
from api.schemas.verifications import CheckBody, SendBody
from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.doors import Door, Wish, draw_wish, shapes
from otp_worker.devtools.chaos.load import plan_errands
from otp_worker.devtools.chaos.records import Records, Terms
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from tests.devtools.chaos.judging import judged
from tests.devtools.chaos.records import (
    DELIVERY,
    NUMBER,
    VERIFICATION,
    after,
    delivery,
    line,
    records,
    request,
    verification,
)

TEXT = "Your parcel comes today."
MESSAGE = Wish(Door.MESSAGE, {"text": TEXT})
NOTICE = Wish(Door.NOTICE, {"text": TEXT, "priority": "notice", "expires_in_seconds": 90})
PAYMENT = Wish(Door.PAYMENT, {"amount": "12.50", "currency": "GBP", "payee": "Corner Shop"})
GIVEN = Wish(Door.GIVEN, {"code": "402853"})
ORDER = Wish(Door.TEMPLATE, {"template": "order", "fields": {"order": "A-17"}})
STEADY = Terms(deadline_seconds=60)


@pytest.mark.parametrize("seed", range(5))
def test_a_fixed_share_goes_through_each_door(seed: int) -> None:
    errands = plan_errands(seed, 100, 60, 120)
    assert Counter(wish.door for errand in errands for _, wish in errand.wishes) == {
        Door.CODE: 36,
        Door.GIVEN: 14,
        Door.PAYMENT: 14,
        Door.TEMPLATE: 12,
        Door.MESSAGE: 20,
        Door.NOTICE: 4,
    }
    assert sorted(len(errand.wishes) for errand in errands if len(errand.wishes) > 1) == [7, 7]


def test_a_short_run_has_every_door_and_a_batch_too() -> None:
    assert {door for doors in shapes(13) for door in doors} == set(Door)
    assert [len(doors) for doors in shapes(9)] == [1, 1, 1, 1, 1, 1, 3]


@pytest.mark.parametrize("door", Door)
def test_what_is_asked_for_is_what_the_api_takes(door: Door) -> None:
    for seed in range(50):
        wish = draw_wish(door, random.Random(seed), 120)
        assert wish.door is door
        body = {"to": NUMBER, **wish.fields}
        if wish.is_message:
            MessageBody.model_validate(body).refuse_too_long()
            BatchBody.model_validate({"messages": [body]})
        else:
            SendBody.model_validate(body)
            CheckBody.model_validate({"code": "123456", **wish.payment})


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (MESSAGE, TEXT),
        (NOTICE, TEXT),
        (PAYMENT, "£12.50, Corner Shop: your code is 402853."),
        (GIVEN, "Your code is 402853."),
        (ORDER, "shop: your code for order A-17 is 402853."),
    ],
)
def test_an_sms_that_says_something_else_differs(wish: Wish, text: str) -> None:
    def saying(says: str) -> Records:
        row = verification(is_message=wish.is_message)
        return records(requests=[request(wish=wish)], verifications=[row], journal=[line(text=says)])

    assert judged(saying(text), terms=STEADY) == []
    for spoilt in ("Your code is 402854.", text[:-1] + " 402853" if wish.is_message else "402 853"):
        assert judged(saying(spoilt), terms=STEADY) == [(Breach.DIFFERING, DELIVERY)]


def message(row: dict[str, Any], **sms: Any) -> Records:
    """A message that the phone took."""
    return records(
        requests=[request(wish=MESSAGE)],
        verifications=[verification(is_message=True, **row)],
        deliveries=[delivery(**sms)],
        journal=[line(text=TEXT)],
    )


def test_a_message_has_a_deadline_and_no_codes_life() -> None:
    found = message({"status": VerificationStatus.APPROVED, "expires_at": after(0.5)})
    assert judged(found, terms=STEADY) == []
    assert judged(found) == []
    late = message({"status": VerificationStatus.APPROVED}, deadline_at=after(0.9))
    assert judged(late, terms=STEADY) == [(Breach.LATE, DELIVERY)]


def test_a_notice_may_wait_for_as_long_as_any_message_must() -> None:
    assert Terms(deadline_seconds=20).notice_seconds == 30
    assert Terms(deadline_seconds=20).deadline_of(NOTICE) == 30
    assert Terms(deadline_seconds=20).deadline_of(MESSAGE) == 20
    assert Terms(deadline_seconds=90).deadline_of(NOTICE) == 90
    found = records(requests=[request(wish=NOTICE)], journal=[line(text=TEXT, taken_at=after(29))])
    terms = Terms(deadline_seconds=20, clocks_differ_by=0.1)
    assert judged(found, terms=terms) == []
    spoilt = records(requests=[request(wish=MESSAGE)], journal=[line(text=TEXT, taken_at=after(29))])
    assert judged(spoilt, terms=terms) == [(Breach.LATE, DELIVERY)]


def test_a_message_that_is_said_to_be_over_unsent_must_not_be_on_the_phone() -> None:
    for status in (VerificationStatus.FAILED, VerificationStatus.EXPIRED):
        over: dict[str, Any] = {"status": status}
        unsent: dict[str, Any] = {"status": DeliveryStatus.EXPIRED, "gateway_message_id": None}
        assert judged(message(over, **unsent), terms=STEADY) == [(Breach.DISOWNED, VERIFICATION)]
        assert judged(message(over, **unsent, uncertain=1), terms=STEADY) == []
        assert judged(message(over, **unsent, abandoned=1), terms=STEADY) == []
        never_back = "not sent in time: its worker never came back"
        assert judged(message(over, **unsent, reason=never_back), terms=STEADY) == []


def test_a_message_is_asked_for_once_however_often_it_is_repeated() -> None:
    other = verification(id="msg_2", is_message=True)
    unknown = request(wish=MESSAGE, accepted_at=None, verification_id=None)
    found = records(
        requests=[unknown, request(wish=MESSAGE)],
        verifications=[verification(is_message=True), other],
        journal=[line(text=TEXT)],
    )
    assert judged(found, terms=STEADY) == [(Breach.UNEXPECTED, NUMBER)]


def test_what_an_app_gave_goes_with_the_end() -> None:
    assert judged(message({"is_sealed": True}), terms=STEADY) == []
    found = message({"is_sealed": True, "status": VerificationStatus.APPROVED})
    assert judged(found, terms=STEADY) == [(Breach.KEPT, VERIFICATION)]


def test_a_lost_message_is_lost() -> None:
    waits = message({}, status=DeliveryStatus.WAITING)
    assert judged(waits, terms=STEADY) == [(Breach.LOST, DELIVERY)]


@pytest.mark.parametrize(
    ("wish", "waited", "breaches"),
    [
        (NOTICE, 40, []),
        (NOTICE, 20, [(Breach.LOST, DELIVERY)]),
        (NOTICE, 2, [(Breach.LOST, DELIVERY)]),
        (MESSAGE, 40, [(Breach.LOST, DELIVERY)]),
    ],
)
def test_a_notice_may_expire_untried_where_codes_stood_in_a_queue_for_half_its_time(
    wish: Wish, waited: float, breaches: list[tuple[Breach, str]]
) -> None:
    code = request(number="+447400000009", verification_id="ver_9", accepted_at=after(10))
    untried = delivery(status=DeliveryStatus.EXPIRED, gateway=None, gateway_message_id=None, attempts=0)
    sent = delivery(id="ver_9.1", verification_id="ver_9", deadline_at=after(70))
    found = records(
        requests=[request(wish=wish), code],
        verifications=[
            verification(is_message=True, status=VerificationStatus.FAILED),
            verification(id="ver_9", number=code.number),
        ],
        deliveries=[untried, sent],
        journal=[line(ref="ver_9.1", to=code.number, taken_at=after(10 + waited))],
    )
    assert judged(found, terms=STEADY) == breaches
