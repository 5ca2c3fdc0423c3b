"""What is posted to a hook is one message for each meaning, whoever writes it first."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, update

from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.hook import Hook, HookAuth
from otp_worker.domain.keyring import Keyring
from otp_worker.issue.hooked import HookMessenger
from otp_worker.issue.messages import MessageRequest
from otp_worker.store.idempotency_keys import purge
from otp_worker.store.schema import idempotency_keys, verifications
from tests.contract.messaging import messenger
from tests.contract.service import NUMBER, ROOT_SECRET, Service

TWINS = 4
TEXT = "Your code is 402853"
HOOK = Hook("kratos", "shop", HookAuth.BEARER, ("secret",), number=("to",), text=("text",))


def hooked(service: Service) -> HookMessenger:
    return HookMessenger(messenger(service), {HOOK.name: HOOK})


def send(
    hooks: HookMessenger, service: Service, text: str = TEXT, to: str = NUMBER, hook: Hook = HOOK
) -> str:
    return hooks.send(hook, hooks.app(hook), MessageRequest(to, text), service.clock())


def twins(hooks: HookMessenger, service: Service) -> set[str]:
    """The ids that the same request is answered with, made at once by several threads."""
    together = Barrier(TWINS)

    def one(_: int) -> str:
        together.wait(30)
        return send(hooks, service)

    with ThreadPoolExecutor(TWINS) as pool:
        return set(pool.map(one, range(TWINS), timeout=60))


def count(service: Service) -> int:
    with service.db.read() as connection:
        return connection.execute(select(func.count()).select_from(verifications)).scalar_one()


def test_twins_are_one_message_then_and_again_when_the_first_is_forgotten(service: Service) -> None:
    hooks = hooked(service)
    (first,) = twins(hooks, service)
    service.clock.move(HOOK.repeat_seconds - 1)
    assert send(hooks, service) == first
    service.clock.move(1)
    (second,) = twins(hooks, service)
    assert second != first
    assert count(service) == 2


def test_what_is_the_same_is_number_and_text_and_hook(service: Service) -> None:
    hooks = hooked(service)
    first = send(hooks, service)
    assert send(hooks, service, to="+44 7400 123456") == first
    others = [
        send(hooks, service, text="Your code is 402854"),
        send(hooks, service, to="+447400123457"),
        send(hooks, service, hook=Hook("second", "shop", HOOK.auth, HOOK.secrets, HOOK.number, HOOK.text)),
    ]
    assert len({first, *others}) == 4


def test_it_is_the_same_after_the_root_secret_is_rotated(service: Service) -> None:
    hooks = hooked(service)
    first = send(hooks, service)
    rotated = Service(service.db, roots=("another root secret, long enough too", ROOT_SECRET))
    assert send(hooked(rotated), rotated) == first


def test_its_key_tells_neither_code_nor_number(service: Service) -> None:
    send(hooked(service), service)
    with service.db.read() as connection:
        (row,) = connection.execute(select(idempotency_keys)).all()
    kept = repr(tuple(row))
    assert "402853" not in kept
    assert NUMBER[1:] not in kept
    # A keyed hash of the text alone would be guessed by who has the key: codes are few.
    quick = Keyring([ROOT_SECRET]).hashes("hooked message", f"kratos {NUMBER} {TEXT}")
    assert row.key_hash not in quick


def test_a_message_whose_web_died_before_it_answered_is_answered_as_accepted(service: Service) -> None:
    hooks = hooked(service)
    first = send(hooks, service)
    with service.db.write() as connection:
        connection.execute(update(idempotency_keys).values(answer=None))
    assert send(hooks, service) == first
    assert purge(service.db, service.clock() + timedelta(seconds=1)) == 1


def test_a_hook_that_there_is_not_is_not_found(service: Service) -> None:
    with pytest.raises(NotFoundError):
        hooked(service).find("another")
