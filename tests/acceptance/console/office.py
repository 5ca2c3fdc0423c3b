"""An operator's service with two SIMs, which can be brought into each state that the console must tell."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from otp_worker.devtools.processes.ports import LOOPBACK
from otp_worker.devtools.processes.stack import GATEWAY_KEY, WEBHOOK_SECRET, Stack, planned_stack
from otp_worker.domain.pumping import Figures, PumpedKind, Usual
from otp_worker.store import pauses
from otp_worker.store.pauses import Suspect
from otp_worker.store.sweeps import SWEEP
from tests.acceptance.shop import Shop, code_in, eventually, fresh_number

PER_DAY = 60
_SETTINGS = {
    "OTP_COUNTRIES": "GB,DE,FR",
    "OTP_REPLY_WEBHOOK_SECRET": "whsec_b3VyIG93biBzZWNyZXQgb2YgdGhpcyBydW4=",
    "OTP_REPLY_WEBHOOK_PRIVATE": "true",
    "OTP_LIMIT_IP": "3/h",
}
_SIMS = """
[gateways.office]
kind = "mobile_api_connect"
url = "{url}"
key = "{key}"
webhook_secret = "{secret}"

[[gateways.office.sims]]
name = "gb1"
number = "+447400900001"
countries = ["GB"]
per_day = {per_day}
recipients_per_month = 400

[[gateways.office.sims]]
name = "eu1"
number = "+447400900002"
countries = ["DE", "FR"]
pace_per_minute = 600
per_day = 400
"""


@dataclass
class Office:
    """The running service, an app of it, and whoever is told of events; ``numbers`` are those it sent to."""

    shop: Shop
    webhook: "Webhook"
    numbers: set[str] = field(default_factory=set)

    @property
    def stack(self) -> Stack:
        """The service."""
        return self.shop.stack

    def send(self, number: str, **fields: object) -> str:
        """Ask for a code; the verification's id."""
        answer = self.shop.call("POST", "/v1/verifications", {"to": number, **fields})
        assert answer.status_code == 202, answer.text
        self.numbers.add(number)
        return str(answer.json()["id"])

    def approve(self, number: str, verification_id: str) -> None:
        """The person reads the code and enters it."""
        code = code_in(self.shop.sms(number))
        self.shop.call("POST", f"/v1/verifications/{verification_id}/check", {"code": code})

    def is_handed_over(self, verification_id: str) -> bool:
        """Whether a gateway took it."""
        found = self.shop.read({"id": verification_id})
        return found["delivery"]["status"] in ("sent", "delivered")


class Webhook:
    """Whoever is told of events; takes them, or fails as often as it is wanted to."""

    def __init__(self) -> None:
        webhook = self
        self.status = 200

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._server.server_port}/events"

    def __enter__(self) -> "Webhook":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def running_office(folder: Path) -> Iterator[Office]:
    """The whole service on SQLite, fresh and empty."""
    with (
        Webhook() as webhook,
        planned_stack(
            folder, f"sqlite:///{folder}/otp.db", settings=_SETTINGS, copies={"flower": 0}
        ) as stack,
    ):
        file = folder / "gateways.toml"
        file.write_text(
            _SIMS.format(url=stack.phone.url, key=GATEWAY_KEY, secret=WEBHOOK_SECRET, per_day=PER_DAY)
        )
        for name in ("OTP_GATEWAY_URL", "OTP_GATEWAY_KEY", "OTP_GATEWAY_WEBHOOK_SECRET"):
            del stack.settings[name]
        stack.settings |= {"OTP_GATEWAYS_FILE": str(file), "OTP_REPLY_WEBHOOK_URL": webhook.url}
        stack.prepare()
        stack.phone.webhook_url = stack.command("callback-url", "office").stdout.strip()
        stack.start()
        stack.await_ready()
        yield Office(Shop(stack), webhook)


def busy(office: Office) -> None:
    """Codes to several countries arrive, most are entered; some requests are refused."""
    ids = {number: office.send(number, user=f"user-{number[-2:]}") for number in _numbers(24)}
    for number, verification_id in list(ids.items())[:20]:
        # Who types a code before the gateway's answer is written down makes its SMS one that was not needed.
        eventually(partial(office.is_handed_over, verification_id))
        office.approve(number, verification_id)
    eventually(lambda: all(map(office.is_handed_over, ids.values())))
    for _ in range(6):
        office.shop.call("POST", "/v1/verifications", {"to": fresh_number(), "ip": "192.0.2.7"})
    office.shop.call("POST", "/v1/verifications", {"to": "+12015550123"})
    office.stack.phone.reply(next(iter(ids)), "Who is this?")
    eventually(lambda: office.shop.command("replies", "--json").stdout.count("received_at") > 0)


def webhook_fails(office: Office) -> None:
    """Nobody takes the events any more."""
    office.webhook.status = 503
    number = fresh_number()
    office.approve(number, office.send(number))
    for text in ("Hello?", "I did not ask for this", "Please call me", "Anybody there?"):
        office.stack.phone.reply(number, text)
    _await_row(office, "SELECT count(*) FROM notice_channels WHERE failures >= 3")


def offline(office: Office) -> None:
    """The phone is offline, and codes wait."""
    office.stack.phone.knobs.set(offline=True)
    for number in _numbers(18):
        office.send(number, user="somebody")
    _await_row(office, "SELECT count(*) FROM gateways WHERE failures >= 3")
    _await_row(office, "SELECT count(*) >= 15 FROM deliveries WHERE status = 'waiting'")


def online_again(office: Office) -> None:
    """The phone is back, and what waited is sent."""
    office.stack.phone.knobs.set(offline=False)
    _await_row(office, "SELECT count(*) = 0 FROM deliveries WHERE status IN ('waiting', 'queued')", 90)


def used_up(office: Office) -> None:
    """A SIM has sent its SMS of today, and codes wait for tomorrow."""
    for _ in range(PER_DAY):
        office.send(fresh_number())
    _await_row(office, "SELECT count(*) >= 5 FROM deliveries WHERE status = 'waiting'")


def paused(office: Office) -> None:
    """A country is paused for what looks like SMS pumping."""
    database = office.shop.database()
    usual = Usual(3.0, 0.86)
    for kind, place, label in (
        (PumpedKind.COUNTRY, b"FR", "FR"),
        (PumpedKind.BLOCK, b"b" * 32, "+49151234****"),
    ):
        suspect = Suspect(kind, "shop", place, label, Figures(184, 3), usual)
        pauses.pause(database, suspect, 3600, ["webhook"], datetime.now(UTC))
    pauses.exempt(database, PumpedKind.COUNTRY, b"DE", "DE", datetime.now(UTC) + timedelta(hours=20))
    database.close()


def beat_dead(office: Office) -> None:
    """Nothing sweeps any more."""
    office.stack.stop("beat")
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    office.shop.change(f"UPDATE sweeps SET swept_at = '{long_ago:%Y-%m-%d %H:%M:%S}' WHERE name = '{SWEEP}'")


STATES: dict[str, Callable[[Office], None]] = {
    "empty": lambda office: None,
    "busy": busy,
    "offline": offline,
    "back": online_again,
    "webhook": webhook_fails,
    "used-up": used_up,
    "paused": paused,
    "beat-dead": beat_dead,
}
"""The states in an order in which each can follow the one before."""


def _numbers(many: int) -> list[str]:
    """Numbers of three countries that nobody used yet."""
    found = []
    for each in range(many):
        number = fresh_number()
        ending = number[-6:]
        found.append((number, f"+4915123{ending}", f"+33612{ending}", number)[each % 4])
    return found


def _await_row(office: Office, statement: str, seconds: float = 60) -> None:
    """Wait until a query of the service's database answers with something true."""

    def look() -> bool:
        database = office.shop.database()
        try:
            with database.read() as connection:
                return bool(connection.exec_driver_sql(statement).scalar())
        finally:
            database.close()

    eventually(look, seconds)
