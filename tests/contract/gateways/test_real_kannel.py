"""The Kannel adapter against Kannel itself, with fakesmsc in the carrier's place."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.kannel import (
    QUEUE_LIMIT,
    UNROUTABLE,
    CarriedSms,
    EmbeddedKannel,
    is_installed,
)
from otp_worker.domain.gateway import OutcomeKind, PhoneState, ReceiptKind, Reply
from otp_worker.gateways.kannel import Kannel
from tests.contract.gateways.adapter import CODE_TEXT, SIM_NUMBER
from tests.contract.gateways.real_kannel import carried, message, opened, receipts, told
from tests.contract.gateways.test_kannel import GET_URL_FIELDS
from tests.devtools.simulator.rehearsal import ListeningApp
from tests.waiting import awaited

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="Kannel is not installed: apt-get install kannel kannel-extras"
)
_NUMBERS = count(447400100000)


@pytest.fixture(scope="module")
def app() -> Iterator[ListeningApp]:
    """Where Kannel's receipts and replies go; it answers as our intake answers a GET."""
    with closing(ListeningApp(usual=200)) as listening:
        yield listening


@pytest.fixture(scope="module")
def kannel(app: ListeningApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKannel]:
    """Kannel, running for all of these tests; its link is up."""
    folder: Path = tmp_path_factory.mktemp("kannel")
    with Fleet(folder, cwd=folder, env=child_environment({})) as fleet:
        started = EmbeddedKannel(fleet, folder, f"{app.url}/inbound?{GET_URL_FIELDS}")
        started.start()
        yield started


@pytest.fixture
def offline(kannel: EmbeddedKannel) -> Iterator[EmbeddedKannel]:
    """Kannel while its link is down."""
    kannel.disconnect()
    yield kannel
    if not kannel.is_connected:
        kannel.connect()


@pytest.fixture
def gateway(kannel: EmbeddedKannel) -> Kannel:
    """The adapter, opened at it."""
    return opened(kannel)


@pytest.fixture
def number() -> str:
    """A number of the test's own."""
    return f"+{next(_NUMBERS)}"


@pytest.mark.parametrize(
    ("text", "ucs2"),
    [
        (CODE_TEXT, False),
        ("Il tuo codice è 123456, 5 minuti: ÄÖÜß@£$Δ_ΦΓ & + % #", False),
        ("two  blanks and 123456", False),
        ("Ваш код 123456", True),
        ("ç is not è 123456", True),
    ],
)
def test_a_text_comes_to_the_carrier_as_it_was_sent(
    kannel: EmbeddedKannel, gateway: Kannel, number: str, text: str, ucs2: bool
) -> None:
    outcome = gateway.send(message(number, text))
    assert (outcome.kind, outcome.message_id) == (OutcomeKind.ACCEPTED, None)
    assert awaited(lambda: bool(carried(kannel, number)))
    assert carried(kannel, number) == [CarriedSms(SIM_NUMBER, number, text, ucs2)]


def test_receipts_come_in_whatever_order_and_are_sent_and_delivered(
    gateway: Kannel, app: ListeningApp, number: str
) -> None:
    gateway.send(message(number, app=app))
    assert sorted(receipts(gateway, told(app, f"/receipts/{number[1:]}", 2))) == ["delivered", "sent"]


def test_a_receipt_that_is_answered_204_is_told_again(
    gateway: Kannel, app: ListeningApp, number: str
) -> None:
    app.answers = [204, 204]
    gateway.send(message(number, app=app))
    again = receipts(gateway, told(app, f"/receipts/{number[1:]}", 4))
    assert sorted(again) == ["delivered", "delivered", "sent", "sent"]


def test_while_the_link_is_down_a_message_is_kept_and_leaves_on_its_return(
    offline: EmbeddedKannel, gateway: Kannel, number: str
) -> None:
    outcome = gateway.send(message(number))
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert "kept" in outcome.reason
    assert carried(offline, number) == []
    offline.connect()
    assert awaited(lambda: len(carried(offline, number)) == 1)


def test_a_full_queue_takes_no_more_until_the_link_is_back(
    offline: EmbeddedKannel, gateway: Kannel, number: str
) -> None:
    outcomes = [gateway.send(message(number)) for _ in range(QUEUE_LIMIT + 3)]
    taken = [outcome for outcome in outcomes if outcome.kind is OutcomeKind.ACCEPTED]
    assert QUEUE_LIMIT - 1 <= len(taken) <= QUEUE_LIMIT + 2
    assert outcomes[-1].kind is OutcomeKind.UNAVAILABLE
    offline.connect()
    assert awaited(lambda: len(carried(offline, number)) == len(taken))
    assert gateway.send(message(number)).kind is OutcomeKind.ACCEPTED


def test_a_number_without_a_route_is_refused_without_alarm(
    kannel: EmbeddedKannel, gateway: Kannel, app: ListeningApp
) -> None:
    number = f"{UNROUTABLE}00900123"
    outcome = gateway.send(message(number, app=app))
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.REFUSED, False)
    assert "not routable" in outcome.reason
    assert receipts(gateway, told(app, f"/receipts/{number[1:]}", 1)) == [ReceiptKind.UNDELIVERED]
    assert carried(kannel, number) == []


def test_a_sim_that_kannel_does_not_know_is_refused(kannel: EmbeddedKannel, number: str) -> None:
    outcome = opened(kannel, smsc="SIM9").send(message(number))
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.REFUSED, False)


def test_a_number_with_other_characters_is_refused_without_alarm(gateway: Kannel) -> None:
    outcome = gateway.send(message("+44740x"))
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.REFUSED, False)
    assert "black-list" in outcome.reason


def test_a_wrong_password_is_the_operators_to_mend(kannel: EmbeddedKannel, number: str) -> None:
    outcome = opened(kannel, key="otp:wrong").send(message(number))
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
    assert carried(kannel, number) == []


def test_a_sender_that_nobody_names_is_the_operators_to_mend(
    kannel: EmbeddedKannel, gateway: Kannel, number: str
) -> None:
    outcome = gateway.send(message(number, sender=None))
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)
    assert "set sender" in outcome.reason
    assert opened(kannel, sender="Acme").send(message(number, sender=None)).kind is OutcomeKind.ACCEPTED


def test_an_address_that_is_not_sendsms_is_the_operators_to_mend(kannel: EmbeddedKannel, number: str) -> None:
    outcome = opened(kannel, url=f"{kannel.url}/v1").send(message(number))
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.MISCONFIGURED, True)


def test_the_probe_tells_a_good_password_from_a_bad_one_and_sends_nothing(kannel: EmbeddedKannel) -> None:
    before = len(kannel.carried)
    assert opened(kannel).probe().kind is OutcomeKind.ACCEPTED
    bad = opened(kannel, key="otp:wrong").probe()
    assert (bad.kind, bad.alarm) == (OutcomeKind.MISCONFIGURED, True)
    assert len(kannel.carried) == before


def test_the_status_page_says_whether_the_link_is_up(kannel: EmbeddedKannel, offline: EmbeddedKannel) -> None:
    asking = {"admin_url": kannel.admin_url, "status_password": kannel.password}
    assert opened(kannel, **asking).phone_state() == PhoneState(online=False)
    offline.connect()
    assert opened(kannel, **asking).phone_state() == PhoneState(online=True)
    assert opened(kannel, **{**asking, "status_password": "wrong"}).phone_state() is None


@pytest.mark.parametrize("text", ["who are  you? 50% & + #", "Кто вы? \N{GRINNING FACE}"])
@pytest.mark.parametrize(
    ("written", "read"), [("+{}", "+{}"), ("{}", "{}"), ("00{}", "+{}")], ids=["plus", "digits", "zeros"]
)
def test_an_sms_that_comes_in_is_one_reply_however_often_it_is_told(
    kannel: EmbeddedKannel,
    gateway: Kannel,
    app: ListeningApp,
    number: str,
    text: str,
    written: str,
    read: str,
) -> None:
    app.answers = [500]
    before = len(told(app, "/inbound", 0))
    kannel.hand_in(written.format(number[1:]), SIM_NUMBER[1:], text)
    first, again = told(app, "/inbound", before + 2)[before:]
    (reply,) = gateway.read_callback(first)
    assert isinstance(reply, Reply)
    assert gateway.read_callback(again) == [reply]
    assert (reply.number, reply.text, reply.to) == (read.format(number[1:]), text, SIM_NUMBER[1:])
    assert reply.received_at is not None
    assert abs(reply.received_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_kannel_texts_no_answer_of_its_own_to_whoever_writes(
    kannel: EmbeddedKannel, gateway: Kannel, app: ListeningApp, number: str
) -> None:
    kannel.hand_in(number, SIM_NUMBER, "hello")
    assert awaited(lambda: any(number[1:] in heard.path for heard in app.wait_for(0)))
    # What Kannel sends, it sends in turn: once this is there, its own answer would be too.
    later = f"+{next(_NUMBERS)}"
    gateway.send(message(later))
    assert awaited(lambda: bool(carried(kannel, later)))
    assert carried(kannel, number) == []
