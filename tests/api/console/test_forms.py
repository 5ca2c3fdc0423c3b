"""A form is taken only from our own page, and only as a form."""

import pytest
from falcon.testing import TestClient

from otp_worker.store import audit
from tests.api.console.visitor import Visitor
from tests.api.service import Service

_FORM = "application/x-www-form-urlencoded"


def test_a_form_without_its_pages_token_is_refused(operator: Visitor) -> None:
    for path in ("/find", "/logout", "/login"):
        for token in ("", "wrong", "\u00e9"):
            answer = operator.post(path, csrf=token, what="anything")
            assert answer.status_code == 403, path
            assert "open for too long" in answer.text


def test_another_sessions_token_is_refused(operator: Visitor, console: TestClient) -> None:
    other = Visitor(console)
    other.sign_in("bob")
    other.get("/find")
    assert operator.post("/find", csrf=other.csrf, what="anything").status_code == 403


def test_nothing_is_done_without_the_token(operator: Visitor, service: Service, sent: str) -> None:
    operator.get("/")
    assert operator.post(f"/verifications/{sent}/cancel", csrf="").status_code == 403
    assert service.issuer.db is service.db
    assert [entry.action for entry in audit.newest(service.db, 10)] == ["sign in"]
    assert "Canceled" not in operator.get(f"/verifications/{sent}").text


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", "{}", 400),
        ("", "csrf=x", 400),
        ("multipart/form-data; boundary=x", "--x--", 400),
        (_FORM, "&".join(f"a{each}=1" for each in range(50)), 400),
        (_FORM, "what=%ff", 400),
        (_FORM, b"what=\xff", 400),
        (_FORM, "what=" + "x" * 5000, 413),
        (f"{_FORM}; charset=utf-8", "what=x", 403),
    ],
)
def test_what_is_no_form_is_refused(
    operator: Visitor, content_type: str, body: str | bytes, status: int
) -> None:
    operator.get("/find")
    headers = {"Content-Type": content_type} if content_type else {}
    answer = operator.client.simulate_post("/find", body=body, headers=headers, cookies=operator.cookies)
    assert answer.status_code == status, answer.text


NOT_THERE = (
    ("GET", "/nowhere", 404),
    ("GET", "/find/", 404),
    ("GET", "/static/../app.py", 404),
    ("GET", "/static/console.py", 404),
    ("GET", "/verifications/ver_nonsense", 404),
    ("GET", "/verifications/%00", 404),
    ("GET", "/verifications/ver_01ARZ3NDEKTSV4RRFFQ69G5FAV", 404),
    ("GET", "/verifications/ver_01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel", 404),
    ("GET", "/countries/GB/lift", 404),
    ("GET", "/sims/nobody/retry", 404),
    ("GET", "/webhooks/ntc_unknown/again", 404),
    ("GET", "/webhooks/%00/again", 404),
    ("GET", "/logout", 405),
    ("PUT", "/find", 405),
    ("DELETE", "/keys", 405),
)


def test_what_is_not_there_is_said_in_a_page(operator: Visitor) -> None:
    for method, path, status in NOT_THERE:
        answer = operator.client.simulate_request(method, path, cookies=operator.cookies)
        assert answer.status_code == status, path
        assert "text/html" in answer.headers["content-type"]
        assert "To the overview" in answer.text


def test_a_made_up_outcome_is_not_shown(operator: Visitor) -> None:
    for made_up in ("aud_01ARZ3NDEKTSV4RRFFQ69G5FAV", "%00", "<script>", "a" * 2000):
        answer = operator.get(f"/sims?done={made_up}")
        assert answer.status_code == 200
        assert 'role="status"' not in answer.text
