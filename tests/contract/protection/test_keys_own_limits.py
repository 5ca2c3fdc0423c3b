"""Test keys, live keys and keys with limits of their own, each counted with the others of its name."""

from otp_worker.domain.app import App
from otp_worker.domain.limits import Limit
from tests.contract.protection.limited import Making, rates, refused, send
from tests.contract.service import SHOP


def test_test_keys_and_live_keys_do_not_use_up_each_others_limits(making: Making) -> None:
    service = making(rates(number="1/h", total="2/h", key="3/h"))
    rehearsing = App("test:shop", test=True)
    for _ in range(3):
        send(service, app=rehearsing)
    assert refused(service, app=rehearsing).limit is Limit.KEY
    send(service)
    assert refused(service).limit is Limit.NUMBER


def test_a_keys_own_limit_holds_for_it_and_counts_what_every_key_of_its_name_sends(making: Making) -> None:
    service = making(rates(key="4/h"))
    small, large = App("shop", rates=rates(key="2/h")), App("shop", rates=rates(key="6/h"))
    send(service, app=SHOP)
    send(service, app=small)
    assert refused(service, app=small).limit is Limit.KEY
    send(service, app=SHOP)
    send(service, app=SHOP)
    assert refused(service, app=SHOP).limit is Limit.KEY
    send(service, app=large)
    send(service, app=large)
    assert refused(service, app=large).limit is Limit.KEY
    send(service, app=App("bank", rates=rates(key="1/h")))


def test_a_key_without_a_limit_is_never_refused_and_counts_for_the_others(making: Making) -> None:
    service = making(rates(key="2/h", total="100/h"))
    unlimited = App("shop", rates=rates(key=""))
    for _ in range(3):
        send(service, app=unlimited)
    assert refused(service, app=SHOP).limit is Limit.KEY
    send(service, app=unlimited)


def test_a_key_with_a_short_window_does_not_shorten_what_another_one_counts(making: Making) -> None:
    service = making(rates(key="50/10m"))
    patient, brisk = App("shop", rates=rates(key="3/2h")), App("shop", rates=rates(key="9/m"))
    send(service, app=patient)
    for app in (brisk, SHOP):
        service.clock.move(1800)
        send(service, app=app)
    service.clock.move(1800)
    assert (refused(service, app=patient).retry_at - service.clock()).total_seconds() == 1800
