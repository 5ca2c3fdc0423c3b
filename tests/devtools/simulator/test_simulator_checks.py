"""Checking a code from the phone: where a demo gave the key, on this machine, and the key stays inside."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator.checks import App
from otp_worker.devtools.simulator.exchange import ValidationError
from tests.devtools.simulator.rehearsal import Client
from tests.devtools.simulator.test_simulator_cli import run, serving

KEY = "otp_live_the_key_of_the_demo"
VERIFICATION = "ver_01ARZ3NDEKTSV4RRFFQ69G5FAV"
APPROVED = {"id": VERIFICATION, "status": "approved", "checks_left": 4}


class Service:
    """A service that answers every check alike, and keeps what it was asked."""

    def __init__(self) -> None:
        service = self
        self.status, self.body = 200, json.dumps(APPROVED).encode()
        self.asked: list[tuple[str, str, object]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append((self.path, self.headers["Authorization"], body))
                self.send_response(service.status)
                self.send_header("Content-Length", str(len(service.body)))
                self.end_headers()
                self.wfile.write(service.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def running_service() -> Iterator[Service]:
    service = Service()
    thread = Thread(target=service.server.serve_forever, args=(0.02,))
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Simulator(app=App(service.url, KEY)) as simulator:
        client = Client(simulator)
        with client.session:
            yield client


def sent(client: Client, text: str = "Your code is 123456", ref: str | None = f"{VERIFICATION}.1") -> str:
    answer = client.send(text=text) if ref is None else client.send(text=text, ref=ref)
    return str(answer.json()["id"])


def test_the_code_of_a_message_is_checked_with_the_key_of_the_demo(client: Client, service: Service) -> None:
    answer = client.control("POST", "/sim/checks", {"message": sent(client)})
    assert (answer.status_code, answer.json()) == (200, {"answered": 200, "body": APPROVED})
    assert service.asked == [
        (f"/v1/verifications/{VERIFICATION}/check", f"Bearer {KEY}", {"code": "123456"}),
    ]


def test_another_code_can_be_tried_in_its_place(client: Client, service: Service) -> None:
    client.control("POST", "/sim/checks", {"message": sent(client), "code": "000000"})
    assert service.asked[0][2] == {"code": "000000"}


def test_what_the_service_says_against_it_is_told(client: Client, service: Service) -> None:
    service.status, service.body = 409, b'{"title": "over"}'
    answer = client.control("POST", "/sim/checks", {"message": sent(client)})
    assert answer.json() == {"answered": 409, "body": {"title": "over"}}


def test_a_service_that_answers_nothing_readable_is_told(client: Client, service: Service) -> None:
    service.body = b"<html>"
    assert client.control("POST", "/sim/checks", {"message": sent(client)}).status_code == 502


@pytest.mark.parametrize(
    ("text", "ref"), [("hello", f"{VERIFICATION}.1"), ("Your code is 123456", None), ("123456", "canary.1")]
)
def test_a_message_without_a_code_of_a_verification_is_no_check(
    client: Client, service: Service, text: str, ref: str | None
) -> None:
    assert client.control("POST", "/sim/checks", {"message": sent(client, text, ref)}).status_code == 400
    assert service.asked == []


@pytest.mark.parametrize("asked", [{}, {"message": "msg_of_nobody"}, {"message": None, "code": "123456"}])
def test_an_unknown_message_is_no_check(client: Client, service: Service, asked: dict[str, object]) -> None:
    assert client.control("POST", "/sim/checks", asked).status_code == 400
    assert service.asked == []


def test_a_code_that_is_a_number_is_no_check(client: Client, service: Service) -> None:
    message = sent(client)
    assert client.control("POST", "/sim/checks", {"message": message, "code": 1234}).status_code == 400
    assert service.asked == []


def test_the_key_is_in_no_answer(client: Client) -> None:
    message = sent(client)
    client.control("POST", "/sim/checks", {"message": message})
    for path in ("/", "/sim/state", "/sim/health", "/sim/requests", "/sim/messages", "/sim/knobs"):
        assert KEY not in client.control("GET", path).text
    assert client.control("GET", "/sim/state").json()["checks"] is True


def test_without_a_key_nothing_is_checked() -> None:
    with Simulator() as simulator:
        client = Client(simulator)
        answer = client.control("POST", "/sim/checks", {"message": sent(client)})
        assert (answer.status_code, answer.json()) == (409, {"error": "no_app_key"})
        client.session.close()


@pytest.mark.parametrize(
    "url", ["http://otp.example.com", "http://192.0.2.1:8000", "ftp://127.0.0.1", "http://127.0.0.1.example"]
)
def test_the_key_leaves_this_machine_for_nobody(url: str) -> None:
    with pytest.raises(ValidationError, match="app-url"):
        App(url, KEY)


def test_who_listens_on_the_network_is_given_no_key(service: Service) -> None:
    with pytest.raises(ValidationError, match="loopback"):
        Simulator(host="0.0.0.0", app=App(service.url, KEY))


def test_the_process_takes_the_key_from_its_environment(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMULATOR_APP_URL", service.url)
    monkeypatch.setenv("SIMULATOR_APP_KEY", KEY)
    monkeypatch.setenv("SIMULATOR_CONSOLE_URL", "http://127.0.0.1:5556/")
    with serving("--port", "0", "--key", "sk_live_x") as (process, (_, _, page)):
        arguments = Path(f"/proc/{process.pid}/cmdline").read_text()
        client = Client(Simulator(port=int(page.rstrip("/").rpartition(":")[2]), key="sk_live_x"))
        checked = client.control("POST", "/sim/checks", {"message": sent(client)}).json()
        state = client.control("GET", "/sim/state").json()
        client.session.close()
    assert checked["body"] == APPROVED
    assert KEY not in arguments
    assert (state["checks"], state["console_url"]) == (True, "http://127.0.0.1:5556")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--app-key", KEY], "app-key"),
        (["--app-url", "http://127.0.0.1:1"], "app-key"),
        (["--app-url", "http://otp.example", "--app-key", KEY], "app-url"),
        (["--console-url", "javascript:alert(1)"], "console-url"),
    ],
)
def test_a_wrong_option_stops_the_start_with_its_name(options: list[str], named: str) -> None:
    done = run("--port", "0", *options)
    assert done.returncode == 1
    assert named in done.stderr
    assert KEY not in done.stderr
