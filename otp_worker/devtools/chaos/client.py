"""An app that asks for codes, and records what it asked and what it was told."""

import threading
from typing import Any

import requests

from otp_worker.devtools.chaos.history import History
from otp_worker.devtools.chaos.records import Request, Resend

TIMEOUT_SECONDS = 5.0


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

    def send(self, number: str, user: str | None = None) -> Request:
        """Ask for a code to be sent; no error is ever raised, it is part of the answer."""
        asked_at = self._write("invoke", "send", {"number": number})
        body = {"to": number} if user is None else {"to": number, "user": user}
        answer = self.post("/v1/verifications", body)
        if answer is not None and answer.status_code == 202:
            verification_id = answer.json()["id"]
            accepted_at = self._write("ok", "send", {"number": number, "id": verification_id})
            request = Request(number, asked_at, accepted_at, verification_id)
        elif answer is not None and answer.status_code < 500:
            self._write("fail", "send", {"number": number, "status": answer.status_code})
            request = Request(number, asked_at, refused=answer.status_code)
        else:
            self._write("info", "send", {"number": number, "status": _status(answer)})
            request = Request(number, asked_at, failed=_status(answer))
        self.requests.append(request)
        return request

    def ask(self, what: str, verification_id: str) -> None:
        """Ask for a ``resend`` or a ``cancel``; whatever is answered is only recorded."""
        asked_at = self._write("invoke", what, {"id": verification_id})
        answer = self.post(f"/v1/verifications/{verification_id}/{what}", None)
        kind = "info" if answer is None or answer.status_code >= 500 else "ok" if answer.ok else "fail"
        at = self._write(kind, what, {"id": verification_id, "status": _status(answer)})
        if what == "resend" and kind != "fail":
            self.resends.append(Resend(verification_id, asked_at, at if kind == "ok" else None))

    def check(self, verification_id: str, code: str) -> bool | None:
        """Whether intake takes the code for right; None where it says that it is over, or says nothing."""
        answer = self.post(f"/v1/verifications/{verification_id}/check", {"code": code})
        valid = answer.json()["valid"] if answer is not None and answer.status_code == 200 else None
        self._write("ok", "check", {"id": verification_id, "valid": valid})
        return valid

    def post(self, path: str, body: object) -> requests.Response | None:
        """One request; None where no whole answer came."""
        headers = {"Authorization": f"Bearer {self._api_key}"}
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
