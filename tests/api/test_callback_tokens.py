"""What the token in a callback's URL opens: one gateway, and of a delivery its receipts alone."""

from collections.abc import Callable

import pytest
from falcon.testing import Result

from otp_worker.domain.keyring import Keyring
from otp_worker.inbound.callbacks import callback_url, inbound_subject, inbound_url
from otp_worker.store import expire
from tests.api.client import Caller, problem
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import GATEWAY, MODEM, WEBHOOK_SECRET, Service
from tests.contract.service import NUMBER, ROOT_SECRET

MakeToken = Callable[[Service, str], str]

STOP = {**REPLY, "text": "STOP"}
DAY_SECONDS = 86_400


def token_of(service: Service, verification_id: str, gateway: str = GATEWAY) -> str:
    """The token in the URL for the receipts of the first SMS."""
    url = callback_url("http://us", service.keyring, gateway, f"{verification_id}.1") or ""
    return url.rpartition("/")[2]


def token_at_the_modem(service: Service, verification_id: str) -> str:
    """The same where the modem sends the SMS."""
    return token_of(service, verification_id, MODEM)


def older_token(service: Service, verification_id: str) -> str:
    """The token that the version before put there: it names no gateway."""
    delivery_id = f"{verification_id}.1"
    return f"{delivery_id}.{service.keyring.callback_token(delivery_id)}"


def test_while_an_older_web_may_run_the_token_is_one_that_it_takes(service: Service) -> None:
    url = callback_url("http://us", service.keyring, GATEWAY, "ver_1.1", for_older_versions=True)
    assert url == f"http://us/v1/callbacks/{GATEWAY}/{older_token(service, 'ver_1')}"


def texts_stop_to_the_modem(stranger: Caller, token: str) -> Result:
    """A STOP in another person's name, as Kannel would tell of it."""
    return stranger.simulate_get(
        f"/v1/callbacks/{MODEM}/{token}", params={"from": NUMBER, "text": "STOP", "at": "2026-03-01T12:00:00"}
    )


@pytest.mark.parametrize("make", [token_of, older_token])
def test_a_token_seen_in_one_gateways_url_posts_no_stop_as_another(
    shop: Caller, stranger: Caller, service: Service, sent: str, make: MakeToken
) -> None:
    answer = texts_stop_to_the_modem(stranger, make(service, sent))
    assert problem(answer) == (401, "unauthenticated")
    service.clock.move(31)
    assert shop.sent()


def test_where_nothing_is_signed_the_forward_all_token_is_what_lets_replies_in(
    shop: Caller, stranger: Caller, service: Service
) -> None:
    token = service.keyring.callback_token(inbound_subject(MODEM))
    assert texts_stop_to_the_modem(stranger, token).status_code == 200
    assert problem(shop.send()) == (403, "opted_out")


@pytest.mark.parametrize("make", [token_at_the_modem, older_token])
def test_a_deliverys_token_is_no_door_for_replies_at_its_own_gateway_either(
    shop: Caller, stranger: Caller, service: Service, make: MakeToken
) -> None:
    """Where nothing is signed, whoever sees the URL of one receipt could opt anybody out."""
    verification_id = shop.sent()
    answer = texts_stop_to_the_modem(stranger, make(service, verification_id))
    assert problem(answer) == (401, "unauthenticated")
    service.clock.move(31)
    assert shop.sent()


def test_not_even_a_signed_reply_comes_in_by_a_deliverys_token(
    service: Service, gateway: CallingGateway, sent: str
) -> None:
    assert problem(gateway.tell(gateway.path_of(sent), STOP, WEBHOOK_SECRET)) == (401, "unauthenticated")
    assert service.count("replies") == 0


def test_another_gateways_name_in_the_url_makes_a_token_wrong(
    shop: Caller, stranger: Caller, service: Service, sent: str
) -> None:
    path = f"/v1/callbacks/{MODEM}/{token_of(service, sent)}"
    assert problem(stranger.simulate_get(path, params={"d": "1"})) == (401, "unauthenticated")
    assert shop.read(sent).json["delivery"]["status"] == "sent"


def test_a_token_of_the_version_before_still_takes_its_receipts(
    shop: Caller, gateway: CallingGateway, service: Service, sent: str
) -> None:
    path = f"/v1/callbacks/{GATEWAY}/{older_token(service, sent)}"
    assert gateway.tell(path, {"status": "delivered"}).status_code == 204
    assert shop.read(sent).json["delivery"]["status"] == "delivered"


def test_a_token_of_the_version_before_is_good_for_the_gateway_of_its_row_alone(
    shop: Caller, stranger: Caller, service: Service, sent: str
) -> None:
    path = f"/v1/callbacks/{MODEM}/{older_token(service, sent)}"
    assert problem(stranger.simulate_get(path, params={"d": "1"})) == (401, "unauthenticated")
    assert shop.read(sent).json["delivery"]["status"] == "sent"


@pytest.mark.parametrize("make", [token_of, older_token])
def test_a_token_ends_with_the_retention_of_its_row(
    shop: Caller, gateway: CallingGateway, service: Service, sent: str, make: MakeToken
) -> None:
    path = f"/v1/callbacks/{GATEWAY}/{make(service, sent)}"
    shop.cancel(sent)
    service.clock.move(29 * DAY_SECONDS)
    assert gateway.tell(path, {"status": "delivered"}).status_code == 204
    service.clock.move(DAY_SECONDS)
    expire.purge(service.db, service.clock())
    assert problem(gateway.tell(path, {"status": "delivered"})) == (401, "unauthenticated")


def test_the_forward_all_token_keeps_the_value_that_operators_registered() -> None:
    url = inbound_url("https://otp.example.com", Keyring([ROOT_SECRET]), "mobile_api_connect")
    token = "5951a694d67b6cda39ca6578a40b5a34ed1eec4d"
    assert url == f"https://otp.example.com/v1/callbacks/mobile_api_connect/{token}"


def test_the_forward_all_token_never_expires(gateway: CallingGateway, service: Service, sent: str) -> None:
    service.clock.move(400 * DAY_SECONDS)
    assert gateway.tell(gateway.inbound, {"status": "delivered"}, WEBHOOK_SECRET).status_code == 204


@pytest.mark.parametrize("of", [GATEWAY, MODEM])
def test_the_forward_all_mac_behind_a_dot_is_no_delivery_s(
    stranger: Caller, service: Service, sent: str, of: str
) -> None:
    mac = service.keyring.callback_token(inbound_subject(of))
    for name in (GATEWAY, MODEM):
        for token in (f"{inbound_subject(of)}.{mac}", f".{mac}", f"{sent}.1.{mac}"):
            answer = stranger.simulate_get(f"/v1/callbacks/{name}/{token}", params={"d": "1"})
            assert problem(answer) == (401, "unauthenticated")


def test_a_deliverys_new_mac_is_no_older_token_of_another_subject(
    stranger: Caller, service: Service, sent: str
) -> None:
    mac = token_of(service, sent).rpartition(".")[2]
    token = f"delivery:{GATEWAY}:{sent}.1.{mac}"
    answer = stranger.simulate_get(f"/v1/callbacks/{GATEWAY}/{token}", params={"d": "1"})
    assert problem(answer) == (401, "unauthenticated")


@pytest.mark.parametrize("public_url", [None, ""])
def test_where_nobody_outside_reaches_us_no_receipts_are_asked_for(public_url: str | None) -> None:
    assert callback_url(public_url, Keyring([ROOT_SECRET]), GATEWAY, "ver_1.1") is None
