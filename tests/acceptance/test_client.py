"""The client for apps over real HTTP, both kinds of it."""

import asyncio

import pytest

from otp_worker.client import AsyncClient, Client, NoAnswerError, NotFoundError, Retry
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from tests.acceptance.shop import Shop, code_in, fresh_number


def test_a_code_is_sent_and_checked_by_the_client(shop: Shop) -> None:
    number = fresh_number()
    with Client(shop.stack.url, shop.stack.api_key) as otp:
        sent = otp.send(number)
        assert otp.check(sent.id, code_in(shop.sms(number))).valid
        assert otp.get(sent.id).approved


def test_a_code_is_sent_and_checked_by_the_asynchronous_client(shop: Shop) -> None:
    async def sign_in(number: str) -> bool:
        async with AsyncClient(shop.stack.url, shop.stack.api_key) as otp:
            sent = await otp.send(number)
            code = code_in(await asyncio.to_thread(shop.sms, number))
            with pytest.raises(NotFoundError):
                await otp.get("ver_" + "0" * 26)
            return (await otp.check(sent.id, code)).valid

    assert asyncio.run(sign_in(fresh_number()))


def test_a_service_that_is_away_is_told_as_such() -> None:
    (port,) = free_ports(None)
    with Client(f"http://{LOOPBACK}:{port}", "otp_live_any", retry=Retry(first_pause_seconds=0)) as otp:
        with pytest.raises(NoAnswerError) as raised:
            otp.send(fresh_number())
        assert not raised.value.may_have_happened
