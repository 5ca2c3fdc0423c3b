"""People who ask for codes and enter them without a pause, by way of several ``web`` processes in turns."""

import json
import re
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from types import TracebackType
from typing import Any, Self

from otp_worker.devtools.processes.ports import LOOPBACK
from otp_worker.devtools.simulator import Message, Simulator
from tests.acceptance.shop import WITHIN_SECONDS
from tests.contract.service import wrong

_ANSWER_SECONDS = 15
PEOPLE = 4


def long_code_in(message: Message) -> str:
    """The code of ten digits in an SMS: the versions derive short ones alike anyway."""
    found: str = re.findall(r"\b\d{10}\b", message.text)[0]
    return found


class RoundRobin:
    """Asks each ``web`` in turns, as a balancer does, but for one that is taken out."""

    def __init__(self, ports: Sequence[int], api_key: str) -> None:
        self._ports = deque(ports)
        self._asked: Counter[int] = Counter()
        self._changed = threading.Condition()
        self._api_key = api_key
        self.answered: Counter[int] = Counter()
        self.dropped: list[str] = []

    @contextmanager
    def without(self, port: int) -> Iterator[None]:
        """Ask this one no more, and wait for its last answer; afterwards it has its turns again."""
        with self._changed:
            self._ports.remove(port)
            assert self._changed.wait_for(lambda: not self._asked[port], _ANSWER_SECONDS)
        yield
        with self._changed:
            self._ports.append(port)

    def post(self, path: str, body: object, key: str | None = None) -> dict[str, Any]:
        """The body of a 2xx; whatever else comes of a request is noted as dropped, and raised."""
        with self._turn() as port:
            try:
                status, answer = self._ask(port, path, json.dumps(body), key)
            except (OSError, HTTPException) as error:
                self.dropped.append(f"{path}: {error!r}")
                raise
        if not 200 <= status < 300:
            self.dropped.append(f"{path}: {status} {answer}")
            raise AssertionError(self.dropped[-1])
        self.answered[port] += 1
        return answer

    @contextmanager
    def _turn(self) -> Iterator[int]:
        with self._changed:
            port = self._ports[0]
            self._ports.rotate(-1)
            self._asked[port] += 1
        try:
            yield port
        finally:
            with self._changed:
                self._asked[port] -= 1
                self._changed.notify_all()

    def _ask(self, port: int, path: str, body: str, key: str | None) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        with closing(HTTPConnection(LOOPBACK, port, timeout=_ANSWER_SECONDS)) as connection:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())


@dataclass
class Crowd:
    """People at work from the ``with`` block's start to its end; ``served`` are the numbers of those done."""

    webs: RoundRobin
    phone: Simulator
    served: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _leave: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(PEOPLE))
    _people: list[Future[None]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._people = [self._pool.submit(self._come_in_turn) for _ in range(PEOPLE)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave.set()
        self._pool.shutdown()
        if error is None:
            self.raise_failure()

    def raise_failure(self) -> None:
        """Raise what went wrong for one of them, if anything did."""
        for person in self._people:
            if person.done():
                person.result()

    def _come_in_turn(self) -> None:
        while not self._leave.is_set():
            self._be_verified(f"+447400{next(self._numbers):06d}")

    def _be_verified(self, number: str) -> None:
        """Ask for a code twice with one key, and once more when it has come; enter a wrong one, and it."""
        asked = [self.webs.post("/v1/verifications", {"to": number}, key=f"key-{number}") for _ in range(2)]
        assert asked[0]["id"] == asked[1]["id"]
        sms = self.phone.messages.wait_for(lambda message: message.to == number, WITHIN_SECONDS)
        code = long_code_in(sms)
        self.webs.post(f"/v1/verifications/{asked[0]['id']}/resend", {})
        check = f"/v1/verifications/{asked[0]['id']}/check"
        failed = self.webs.post(check, {"code": wrong(code)})
        assert (failed["valid"], failed["checks_left"]) == (False, 4)
        passed = self.webs.post(check, {"code": code})
        assert (passed["valid"], passed["status"]) == (True, "approved")
        self.served.append(number)
