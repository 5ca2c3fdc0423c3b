"""The phone and the webhook fail as they do in the world, and are as before when it is healed."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from otp_worker.devtools.chaos.families import Family
from otp_worker.devtools.chaos.hook import REPLIES, Hook, HookInjector
from otp_worker.devtools.chaos.injectors import TLS_MODES, KnobInjector, LinkInjector
from otp_worker.devtools.chaos.insides import Insides
from otp_worker.devtools.chaos.plan import GATEWAY, WEBHOOK, Kind
from otp_worker.devtools.chaos.proxy import Mode
from otp_worker.devtools.chaos.tls import HOST, TlsFront, tls_front
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.simulator import Simulator
from tests.devtools.chaos.faults import fault

KEY = "sk_live_" + "a" * 40
MESSAGE = {"to": "+447400123456", "text": "123456", "ref": "ver_1.1"}


@pytest.fixture
def phone() -> Iterator[Simulator]:
    with Simulator(key=KEY) as running:
        yield running


@pytest.fixture
def front(tmp_path: Path, phone: Simulator) -> Iterator[TlsFront]:
    with tls_front(tmp_path, phone.port) as running:
        yield running


def post(front: TlsFront) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(
            f"https://{HOST}:{front.outer.port}/v1/messages",
            json=MESSAGE,
            headers={"Authorization": f"Bearer {KEY}"},
            verify=str(front.certificate),
            timeout=(0.5, 5),
        )


def test_the_phone_is_reached_over_tls(front: TlsFront, phone: Simulator) -> None:
    assert post(front).status_code == 202
    assert len(phone.messages) == 1


def test_a_handshake_that_never_ends_reaches_nothing(front: TlsFront, phone: Simulator) -> None:
    injector = LinkInjector(front.outer, Mode.STALL)
    stall = fault(Kind.TLS_HANDSHAKE, GATEWAY)
    assert injector.inject(stall)
    with pytest.raises(requests.RequestException):
        post(front)
    assert len(phone.messages) == 0
    assert injector.heal(stall)
    assert post(front).status_code == 202


@pytest.mark.parametrize(("kind", "mode"), TLS_MODES.items())
def test_a_request_that_was_read_gets_no_answer(
    kind: Kind, mode: Mode, front: TlsFront, phone: Simulator
) -> None:
    injector = LinkInjector(front.inner, mode)
    lost = fault(kind, GATEWAY)
    assert injector.inject(lost)
    with pytest.raises(requests.ConnectionError) as raised:
        post(front)
    # What is garbled is an error of TLS, and a reset one of the connection.
    assert isinstance(raised.value, requests.exceptions.SSLError) is (kind is Kind.TLS_GARBLE)
    assert len(phone.messages) == 1
    assert injector.heal(lost)
    assert post(front).status_code == 202


def test_nobody_else_trusts_the_certificate(front: TlsFront) -> None:
    context = ssl.create_default_context()
    with (
        socket.create_connection((HOST, front.outer.port), 5) as raw,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(raw, server_hostname=HOST)


def test_a_process_of_the_service_trusts_it(front: TlsFront, tmp_path: Path) -> None:
    insides = Insides(tmp_path, [Family.TLS], 4)
    insides.trusted = front.certificate
    ask = (
        "import requests; s = requests.Session(); s.trust_env = False; "
        f"print(s.get('https://{HOST}:{front.outer.port}/sim/health', timeout=5).status_code)"
    )
    environment = child_environment(insides.environment("worker.1"))
    told = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=False
    )
    assert told.stdout.strip() == "200", told.stderr


def test_a_phone_that_was_long_away_is_back(phone: Simulator) -> None:
    injector = KnobInjector(phone.knobs, {"offline": True})
    away = fault(Kind.LONG_OUTAGE, GATEWAY)
    assert injector.inject(away)
    assert phone.knobs.offline
    assert injector.heal(away)
    assert not phone.knobs.offline


def tell(hook: Hook, notice: str, seconds: float) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(hook.url, json={}, headers={"webhook-id": notice}, timeout=seconds).status_code


def test_a_webhook_that_hangs_tells_nothing_and_is_written_to_by_many() -> None:
    written: list[str] = []
    phone = cast(Any, SimpleNamespace(reply=lambda number, text: written.append(number)))
    hanging = fault(Kind.HOOK_HANG, WEBHOOK)
    with Hook() as hook:
        injector = HookInjector(hook, phone)
        assert tell(hook, "one", 5) == 204
        assert injector.inject(hanging)
        assert len(set(written)) == REPLIES
        with pytest.raises(requests.ReadTimeout):
            tell(hook, "two", 0.1)
        assert injector.heal(hanging)
        # The one that hung was answered too late: nobody was told of it.
        assert tell(hook, "three", 5) == 204
        assert hook.told == 2
