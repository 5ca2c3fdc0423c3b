"""The page of the first five minutes: only in a demo, only on its machine, for whoever has its ticket."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from falcon.testing import TestClient

from api.app import create_app
from api.console.app import create_console
from api.console.sessions import Sessions
from otp_worker.domain.errors import ConfigurationError
from tests.api.console.visitor import LOGINS, Visitor
from tests.api.service import Service

TICKET = "the-ticket-of-the-demo"
PHONE = "http://127.0.0.1:8025"
NUMBER = "+447400555019"
"""Shown in full, where it was typed."""
LOCAL = {"Host": "127.0.0.1:5556"}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def api_url(service: Service) -> Iterator[str]:
    """The service's own API, over HTTP."""
    with make_server("127.0.0.1", 0, create_app(service.intake()), handler_class=_Quiet) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def tour_file(tmp_path: Path, api_url: str, service: Service) -> Path:
    """What a demo writes."""
    file = tmp_path / "welcome.json"
    tour = {"api_url": api_url, "api_key": key_of(service), "phone_url": PHONE, "login": "ann"}
    file.write_text(json.dumps(tour))
    file.with_suffix(".ticket").write_text(TICKET)
    return file


def key_of(service: Service) -> str:
    return service.intake().api_keys.create("demo", service.clock())


def visitor_of(service: Service, tour_file: Path) -> Visitor:
    sessions = Sessions(service.keyring, LOGINS)
    return Visitor(TestClient(create_console(service.intake(), sessions, tour_file), headers=LOCAL))


@pytest.fixture
def visitor(service: Service, tour_file: Path) -> Visitor:
    """Somebody who has started the demo and opened nothing yet."""
    return visitor_of(service, tour_file)


def test_a_ticket_signs_in_once(service: Service, tour_file: Path, visitor: Visitor) -> None:
    answer = visitor.get(f"/welcome?ticket={TICKET}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome")
    assert "Signed in as ann." in visitor.get("/welcome").text
    assert visitor.get("/").status_code == 200

    # Neither a second browser nor a second process takes it again.
    for second in (Visitor(visitor.client), visitor_of(service, tour_file)):
        answer = second.get(f"/welcome?ticket={TICKET}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/welcome&link=over")
        page = second.get(answer.headers["location"]).text
        assert "This link was used already" in page
        assert "start the demo again for a new link" in page
        assert second.get("/welcome").headers["location"] == "/login?next=/welcome"


def test_who_has_no_link_is_told_of_none(visitor: Visitor) -> None:
    assert "This link" not in visitor.get("/login?next=/welcome").text


def test_who_is_signed_in_needs_no_other_link(visitor: Visitor) -> None:
    for _ in range(2):
        assert visitor.get(f"/welcome?ticket={TICKET}").headers["location"] == "/welcome"


@pytest.mark.parametrize("given", ["", "another", TICKET[:-1], "%C3%A9"])
def test_a_wrong_ticket_opens_nothing_and_spends_nothing(visitor: Visitor, given: str) -> None:
    answer = visitor.get(f"/welcome?ticket={given}")
    assert answer.headers["location"] == "/login?next=/welcome" + ("&link=over" if given else "")
    assert visitor.get("/welcome").status_code == 303
    assert visitor.get(f"/welcome?ticket={TICKET}").headers["location"] == "/welcome"


def test_an_empty_ticket_file_opens_nothing(visitor: Visitor, tour_file: Path) -> None:
    tour_file.with_suffix(".ticket").write_text("")
    assert visitor.get("/welcome?ticket=").headers["location"] == "/login?next=/welcome"


def test_a_ticket_under_another_host_name_is_refused_and_not_spent(visitor: Visitor) -> None:
    assert visitor.get(f"/welcome?ticket={TICKET}", Host="console.example.com").status_code == 403
    assert visitor.get(f"/welcome?ticket={TICKET}").headers["location"] == "/welcome"


def test_outside_a_demo_there_is_no_such_page(operator: Visitor) -> None:
    assert operator.get("/welcome").status_code == 404


def test_nobody_sends_without_a_session(visitor: Visitor) -> None:
    assert visitor.post("/welcome/send", number=NUMBER).status_code == 401


def test_a_code_is_sent_and_checked_by_the_api(service: Service, visitor: Visitor) -> None:
    visitor.get(f"/welcome?ticket={TICKET}")
    visitor.get("/welcome")
    sent = visitor.post("/welcome/send", number=NUMBER)
    assert "202 Accepted" in sent.text
    assert f"frame-src {PHONE};" in sent.headers["content-security-policy"]
    verification_id = str(sent.text.partition('name="verification" value="')[2].partition('"')[0])
    service.work()

    wrong = visitor.post("/welcome/check", verification=verification_id, number=NUMBER, code="000000")
    assert "That was not the code. 4 checks are left." in wrong.text
    [code] = service.gateway.codes
    right = visitor.post("/welcome/check", verification=verification_id, number=NUMBER, code=code)
    assert "Approved." in right.text
    assert f"/verifications/{verification_id}/check" in right.text


def test_a_refusal_is_shown_in_the_apis_own_words(visitor: Visitor) -> None:
    visitor.get(f"/welcome?ticket={TICKET}")
    visitor.get("/welcome")
    answer = visitor.post("/welcome/send", number="12")
    assert "422 Unprocessable" in answer.text
    assert 'name="verification"' not in answer.text


@pytest.mark.parametrize("verification", ["", "../../v1/admin", "ver_1/cancel?", "a b"])
def test_a_form_that_names_no_verification_is_refused(visitor: Visitor, verification: str) -> None:
    visitor.get(f"/welcome?ticket={TICKET}")
    visitor.get("/welcome")
    assert visitor.post("/welcome/check", verification=verification, code="123456").status_code == 400


def test_an_api_that_is_away_is_said(service: Service, tour_file: Path) -> None:
    tour = json.loads(tour_file.read_text()) | {"api_url": "http://127.0.0.1:1"}
    tour_file.write_text(json.dumps(tour))
    visitor = visitor_of(service, tour_file)
    visitor.get(f"/welcome?ticket={TICKET}")
    visitor.get("/welcome")
    assert "The API does not answer." in visitor.post("/welcome/send", number=NUMBER).text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not what the demo writes"),
        (None, "cannot be read"),
        ('{"api_url": "http://203.0.113.9", "api_key": "k", "phone_url": "http://127.0.0.1:1", "login": "a"}',
         "names another machine"),
    ],
)  # fmt: skip
def test_what_no_demo_wrote_stops_the_start(
    service: Service, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "other.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=f"OTP_WELCOME_FILE: {said}"):
        create_console(service.intake(), Sessions(service.keyring, LOGINS), file)


def test_the_apis_own_first_page_leads_to_it_in_a_demo(service: Service) -> None:
    url = "http://127.0.0.1:5556/welcome"
    assert f'href="{url}"' in TestClient(create_app(service.intake(), url)).simulate_get("/").text
    elsewhere = TestClient(create_app(service.intake())).simulate_get("/").text
    assert "welcome" not in elsewhere
    assert "<!--" not in elsewhere
