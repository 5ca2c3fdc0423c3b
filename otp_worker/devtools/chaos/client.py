"""An app that asks for codes, and records what it asked and what it was told."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests

from otp_worker.devtools.chaos.doors import PLAIN, Wish, Wishes
from otp_worker.devtools.chaos.history import History
from otp_worker.devtools.chaos.records import Request, Resend
from otp_worker.domain.message import ID_PREFIX

TIMEOUT_SECONDS = 5.0
IN_FLIGHT = 409
"""The same request is being answered elsewhere: it may take place, and is to be repeated for its answer."""


class Client:
    """Talks to intake from any number of threads; ``requests`` and ``resends`` are those so far."""

    def __init__(self, url: str, api_key: str, history: History) -> None:
        self.requests: list[Request] = []
        self.resends: list[Resend] = []
        self._url = url
        self._api_key = api_key
        self._history = history
        self._thread = threading.local()
        self._sessions: list[requests.Session] = []

    def send(self, number: str, user: str | None = None, wish: Wish = PLAIN) -> Request:
        """Ask for an SMS to be sent; no error is ever raised, it is part of the answer."""
        asked_at = self._write("invoke", "send", {"number": number, "door": wish.door})
        body = {"to": number, **wish.fields} if user is None else {"to": number, "user": user, **wish.fields}
        # A repeated code is told by its person; of a message only its key says that it is asked for again.
        answer = self.post(
            *(("/v1/messages", body, number) if wish.is_message else ("/v1/verifications", body))
        )
        accepted = answer.json()["id"] if answer is not None and answer.status_code == 202 else None
        return self._note(number, wish, asked_at, accepted, _status(answer))

    def send_batch(self, wishes: Wishes) -> list[Request]:
        """Ask for messages to several numbers at once; one request for each is recorded."""
        numbers = [number for number, _ in wishes]
        asked_at = self._write("invoke", "send", {"numbers": numbers, "door": "batch"})
        messages = [{"to": number, **wish.fields} for number, wish in wishes]
        answer = self.post("/v1/messages/batch", {"messages": messages}, numbers[0])
        if answer is None or answer.status_code != 202:
            return [self._note(*each, asked_at, None, _status(answer)) for each in wishes]
        results = [(each["message"] or {}, each["problem"] or {}) for each in answer.json()["results"]]
        return [
            self._note(*each, asked_at, message.get("id"), problem.get("status"))
            for each, (message, problem) in zip(wishes, results, strict=True)
        ]

    def _note(
        self, number: str, wish: Wish, asked_at: datetime, accepted: str | None, status: int | None
    ) -> Request:
        """What became of one: the id under which it is ``accepted``, or the ``status`` of the answer."""
        if accepted is not None:
            accepted_at = self._write("ok", "send", {"number": number, "id": accepted})
            request = Request(number, asked_at, accepted_at, accepted, wish=wish)
        elif status is None or status == IN_FLIGHT or status >= 500:
            self._write("info", "send", {"number": number, "status": status})
            failed = None if status == IN_FLIGHT else status
            request = Request(number, asked_at, failed=failed, wish=wish)
        else:
            self._write("fail", "send", {"number": number, "status": status})
            request = Request(number, asked_at, refused=status, wish=wish)
        self.requests.append(request)
        return request

    def ask(self, what: str, verification_id: str) -> None:
        """Ask for a ``resend`` or a ``cancel``; whatever is answered is only recorded."""
        asked_at = self._write("invoke", what, {"id": verification_id})
        room = "messages" if verification_id.startswith(ID_PREFIX) else "verifications"
        answer = self.post(f"/v1/{room}/{verification_id}/{what}", None)
        kind = "info" if answer is None or answer.status_code >= 500 else "ok" if answer.ok else "fail"
        at = self._write(kind, what, {"id": verification_id, "status": _status(answer)})
        if what == "resend" and kind != "fail":
            self.resends.append(Resend(verification_id, asked_at, at if kind == "ok" else None))

    def check(self, verification_id: str, code: str, payment: Mapping[str, str]) -> bool | None:
        """Whether intake takes the code for right; None where it says that it is over, or says nothing.

        ``payment`` is what a code for a payment is good for alone; empty for any other.
        """
        answer = self.post(f"/v1/verifications/{verification_id}/check", {"code": code, **payment})
        valid = answer.json()["valid"] if answer is not None and answer.status_code == 200 else None
        self._write("ok", "check", {"id": verification_id, "valid": valid})
        return valid

    def post(self, path: str, body: object, key: str | None = None) -> requests.Response | None:
        """One request, with an Idempotency-Key if there is one; None where no whole answer came."""
        headers = {"Authorization": f"Bearer {self._api_key}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            return self._session().post(self._url + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except requests.RequestException:
            return None

    def close(self) -> None:
        """Close the connections, once no thread uses them any more."""
        for session in self._sessions:
            session.close()

    def _write(self, kind: str, what: str, value: dict[str, Any]) -> Any:
        return self._history.write(threading.current_thread().name, kind, what, value)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._thread, "session", None)
        if session is None:
            session = self._thread.session = requests.Session()
            session.trust_env = False
            self._sessions.append(session)
        return session


def _status(answer: requests.Response | None) -> int | None:
    # A response that is an error is false, so that asking for its truth would hide it.
    return None if answer is None else answer.status_code
