"""The simulator as a whole: one phone, both sides of its API, one port."""

import errno
import secrets
import string
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from .checks import App, is_loopback
from .control import Control
from .desk import Desk
from .exchange import Answer, Issue, Request, ValidationError, error_answer
from .exchanges import Exchanges
from .feed import Feed
from .handler import Server
from .journal import Journal
from .knobs import Knobs
from .messages import Messages
from .phone import NUMBER, Phone, Webhook
from .profiles import PROFILES
from .scenarios import Scenarios
from .schedule import Schedule

POLL_SECONDS = 0.02


def new_key() -> str:
    """A key of the vendor's form: `sk_live_` and 40 characters."""
    return "sk_live_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(40))


class PortTakenError(OSError):
    """Somebody else listens on the port."""


class Simulator:
    """A phone gateway on a local port; start and stop it, or use it as a context manager.

    `profile` is the kind of gateway that it stands for. Port 0 takes a free one. Once stopped it starts again
    on the same port, with its messages and knobs. `app` lets the page check codes, on a loopback address
    alone, and `console_url` leads from it to trails.
    `start` raises PortTakenError when the port is taken; a journal that cannot be written raises it at once.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str | None = None,
        webhook_secret: str | None = None,
        *,
        profile: str = "mobile_api_connect",
        number: str = NUMBER,
        webhook_url: str | None = None,
        knobs: Knobs | None = None,
        journal: Path | None = None,
        app: App | None = None,
        console_url: str | None = None,
    ) -> None:
        if app is not None and not is_loopback(host):
            raise ValidationError(Issue("host", "must be a loopback address where codes can be checked"))
        self.host = host
        self.port = port
        self.key = key or new_key()
        self.knobs = knobs or Knobs()
        self._feed = Feed()
        self.messages = Messages(self._feed.note)
        self._schedule = Schedule()
        kept_in = Journal(journal) if journal else None
        self._phone = Phone(self.messages, self._schedule, kept_in, self.knobs, number)
        self._profile = PROFILES[profile](self._phone, self.knobs, self.key, webhook_secret)
        self._phone.voice = self._profile
        self.webhook_url = webhook_url
        self.scenarios = Scenarios(self.knobs)
        self._exchanges = Exchanges(self.knobs.clock, lambda asked: not _is_ours(asked), self._feed.note)
        self._control = Control(self._desk(profile, app, console_url))
        self._server: Server | None = None
        self._listener: Thread | None = None

    @property
    def origin(self) -> str:
        """Where the page and `/sim` are; known once started when the port was 0."""
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # nosec B104 # noqa: S104

    @property
    def url(self) -> str:
        """The gateway's base URL, as an app is given it."""
        return self.origin + self._profile.base

    @property
    def webhook_url(self) -> str | None:
        """Where what comes in is posted to."""
        return self._phone.webhook.url if self._phone.webhook else None

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._phone.webhook = None if url is None else Webhook(url, enabled=True)

    def start(self) -> Self:
        """Listen; connections are answered once this returns."""
        self._server = self._listening()
        self.port = self._server.server_port
        self._schedule.start()
        self._feed.open()
        self._listener = Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="simulator", daemon=True
        )
        self._listener.start()
        return self

    def stop(self) -> None:
        """Hang up on everybody and drop what was still to be posted; harmless when not started.

        A post under way is let finish, which takes four seconds at most.
        """
        if self._server is None or self._listener is None:
            return
        self._feed.close()
        self._server.hang_up()
        self._listener.join()
        self._schedule.stop()
        self._phone.close()
        self._server = self._listener = None

    def reply(self, number: str, text: str) -> None:
        """Let a person answer by SMS; it is forwarded to the webhook if there is one."""
        self._phone.reply(number, text)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _listening(self) -> Server:
        try:
            return Server((self.host, self.port), self._route, self._exchanges.watching)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            taken = f"port {self.port} of {self.host} is taken by another program"
            raise PortTakenError(f"--port: {taken}; end that one, or choose another port") from None

    def _desk(self, profile: str, app: App | None, console_url: str | None) -> Desk:
        return Desk(
            profile=profile,
            gateway_path=self._profile.base,
            tells_of_phone=self._profile.tells_of_phone,
            phone=self._phone,
            schedule=self._schedule,
            scenarios=self.scenarios,
            exchanges=self._exchanges,
            feed=self._feed,
            app=app,
            console_url=console_url,
        )

    def _route(self, request: Request, peer: str) -> Answer:
        if _is_ours(request):
            return self._control.answer(request, peer)
        if request.path.startswith(f"{self._profile.base}/"):
            return self._profile.answer(request)
        return error_answer(404, "not_found")


def _is_ours(request: Request) -> bool:
    """Whether a request is for the simulator's own side."""
    return request.path == "/" or request.path.startswith("/sim/")
