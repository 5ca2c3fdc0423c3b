"""An app's HTTP client, which looks at every answer it gets."""

from typing import Any

from falcon import App
from falcon.testing import Result, TestClient

from tests.api.contract import check_answer
from tests.contract.service import NUMBER

ONE = "/v1/verifications"


class Caller(TestClient):
    """Calls with one API key, or with none."""

    __test__ = False

    def __init__(self, app: "App[Any, Any]", key: str | None = None) -> None:
        super().__init__(app, headers={"Authorization": f"Bearer {key}"} if key else None)
        self.key = key

    def simulate_request(self, *args: Any, **kwargs: Any) -> Result:
        """Every answer keeps the promises that hold for all of them."""
        answer: Result = super().simulate_request(*args, **kwargs)
        method, path = args
        check_answer(method, path, answer, kwargs.get("json") or kwargs.get("body"), self.key)
        return answer

    def send(self, to: str = NUMBER, **fields: object) -> Result:
        """Ask for a code."""
        return self.simulate_post(ONE, json={"to": to, **fields})

    def sent(self, to: str = NUMBER, **fields: object) -> str:
        """Ask for a code; the id of what was accepted."""
        answer = self.send(to, **fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def check(self, verification_id: str, code: object) -> Result:
        return self.simulate_post(f"{ONE}/{verification_id}/check", json={"code": code})

    def check_number(self, to: str, code: str) -> Result:
        return self.simulate_post(f"{ONE}/check", json={"to": to, "code": code})

    def read(self, verification_id: str) -> Result:
        return self.simulate_get(f"{ONE}/{verification_id}")

    def resend(self, verification_id: str) -> Result:
        return self.simulate_post(f"{ONE}/{verification_id}/resend")

    def cancel(self, verification_id: str) -> Result:
        return self.simulate_post(f"{ONE}/{verification_id}/cancel")


def problem(answer: Result) -> tuple[int, str]:
    """The status and the kind of a problem."""
    return answer.status_code, str(answer.json["type"]).removeprefix("urn:otp-worker:problem:")
