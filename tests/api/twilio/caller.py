"""An app that calls in Twilio's shape, and looks at every answer it gets."""

import re
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

from falcon.testing import Result, TestClient

from otp_worker.domain.twilio_sids import service_sid
from tests.api.contract import HEADERS
from tests.contract.service import NUMBER

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class TwilioCaller(TestClient):
    """Calls with an account and a token, or with none."""

    __test__ = False

    def __init__(self, app: Any, pair: tuple[str, str] | None = None, name: str = "shop") -> None:
        given = {"Authorization": f"Basic {b64encode(':'.join(pair).encode()).decode()}"} if pair else {}
        super().__init__(app, headers={**given, **FORM})
        self.account_sid, self.token = pair or ("", "")
        self.service = f"/v2/Services/{service_sid(name, None)}"

    def simulate_request(self, *args: Any, **kwargs: Any) -> Result:
        """Every answer keeps the promises that hold for all of them."""
        answer: Result = super().simulate_request(*args, **kwargs)
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, name
        assert answer.headers["Cache-Control"] == "no-store"
        assert not self.token or self.token not in answer.text
        if answer.status_code >= 400:
            check_error(answer)
        return answer

    def ask(self, path: str, **parameters: object) -> Result:
        """Send a form."""
        return self.simulate_post(path, body=urlencode(parameters, doseq=True))

    def send(self, to: str = NUMBER, **parameters: object) -> Result:
        """Ask for a code."""
        return self.ask(f"{self.service}/Verifications", **{"To": to, "Channel": "sms", **parameters})

    def send_to(self, service: str) -> Result:
        """Ask for a code by some service."""
        return self.ask(f"{service}/Verifications", To=NUMBER, Channel="sms")

    def check(self, code: str, to: str = NUMBER, **parameters: object) -> Result:
        """Have a code judged."""
        return self.ask(f"{self.service}/VerificationCheck", **{"To": to, "Code": code, **parameters})


def check_error(answer: Result) -> None:
    """Fail unless an error is one that Twilio's clients raise as apps expect."""
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json.keys() == {"code", "message", "more_info", "status"}
    assert answer.json["status"] == answer.status_code
    assert answer.json["more_info"].endswith(f"/{answer.json['code']}")
    assert answer.json["message"]
    told = answer.json["message"].replace(f"such as {NUMBER}", "")
    assert not re.search(r"\d{7}|Input should|String should", told)


def error(answer: Result) -> tuple[int, int]:
    """The status and Twilio's number of an error."""
    return answer.status_code, int(answer.json["code"])
