"""A login API, with FastAPI."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from asgiref.wsgi import WsgiToAsgi
from falcon import App

from otp_worker.client import AsyncClient
from tests.api.examples.conftest import NUMBER, SECRET, code_of, load, wrong
from tests.api.service import Service

Visit = Callable[[Callable[[httpx.AsyncClient], Awaitable[None]]], None]


@pytest.fixture
def visit(app: "App[Any, Any]", service: Service) -> Visit:
    """Runs what somebody does in their browser."""
    key = service.key("shop")

    def run(act: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        async def inside() -> None:
            async with (
                httpx.AsyncClient(transport=httpx.ASGITransport(app=WsgiToAsgi(app))) as http,
                AsyncClient("http://otp.example.com", key, http=http) as otp,
            ):
                login = load("fastapi_login/app.py").create_app(otp, SECRET)
                shown = httpx.ASGITransport(app=login)
                async with httpx.AsyncClient(transport=shown, base_url="http://login.example.com") as browser:
                    await act(browser)

        asyncio.run(inside())

    return run


def test_who_enters_the_code_is_signed_in(visit: Visit, service: Service) -> None:
    async def act(browser: httpx.AsyncClient) -> None:
        sent = await browser.post("/login/send", json={"number": NUMBER})
        assert sent.json() == {"sent_to": "+44********56"}
        code = code_of(service)
        refused = await browser.post("/login/check", json={"code": wrong(code)})
        assert (refused.status_code, "4 tries" in refused.json()["message"]) == (422, True)
        signed_in = await browser.post("/login/check", json={"code": code})
        assert signed_in.json() == {"signed_in_as": NUMBER}

    visit(act)


def test_what_is_wrong_is_told_to_the_person(visit: Visit, service: Service) -> None:
    async def act(browser: httpx.AsyncClient) -> None:
        assert (await browser.post("/login/check", json={"code": "123456"})).status_code == 409
        assert (await browser.post("/login/send", json={"number": "+4420"})).status_code == 422
        await browser.post("/login/send", json={"number": NUMBER})
        code_of(service)
        too_soon = await browser.post("/login/send", json={"number": NUMBER})
        assert (too_soon.status_code, too_soon.json()["retry_at"] is not None) == (429, True)

    visit(act)


def test_it_shows_the_page(visit: Visit) -> None:
    async def act(browser: httpx.AsyncClient) -> None:
        assert 'autocomplete="one-time-code"' in (await browser.get("/")).text
        assert "navigator.credentials.get" in (await browser.get("/login.js")).text

    visit(act)
