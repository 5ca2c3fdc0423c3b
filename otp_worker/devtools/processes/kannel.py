"""A Kannel of our own, all on loopback: bearerbox, smsbox, and fakesmsc in a carrier's place."""

import os
import re
import secrets
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import requests

from otp_worker.devtools.processes.errors import NoKannelError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports

PROGRAMS = {
    "bearerbox": Path("/usr/sbin/bearerbox"),
    "smsbox": Path("/usr/sbin/smsbox"),
    "fakesmsc": Path("/usr/lib/kannel/test/fakesmsc"),
}
"""Where Debian's packages kannel and kannel-extras put them."""

SMSC = "SIM1"
"""The smsc-id of the one link, which a message must choose."""
UNROUTABLE = "+4479"
"""The link takes no number that begins so."""
QUEUE_LIMIT = 5
"""About so many messages are kept while the link is down."""

_USER = "otp"
_READY_SECONDS = 20
_ANSWER_SECONDS = 2
_CARRIED = re.compile(r"Got message \d+: <(\S+) (\S+) (text|ucs-2) (.*)>$", re.MULTILINE)
_CONFIGURATION = """\
group = core
admin-port = {admin}
admin-interface = {host}
admin-password = {password}
status-password = {password}
smsbox-port = {boxes}
smsbox-interface = {host}
box-allow-ip = {host}
box-deny-ip = *.*.*.*
sms-resend-freq = 1
sms-outgoing-queue-limit = {limit}

group = smsc
smsc = fake
smsc-id = {smsc}
allowed-smsc-id = {smsc}
port = {carrier}
our-host = {host}
connect-allow-ip = {host}
denied-prefix = {unroutable}

group = smsbox
bearerbox-host = {host}
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = {host}
mo-recode = true
http-request-retry = 5
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}

group = sms-service
keyword = default
catch-all = true
get-url = "{get_url}"
max-messages = 0
"""


@dataclass(frozen=True, slots=True)
class CarriedSms:
    """An SMS as it came to the carrier; ``ucs2`` tells that it was not sent in the GSM alphabet."""

    sender: str
    to: str
    text: str
    ucs2: bool


class EmbeddedKannel:
    """Kannel among a fleet's processes, and the carrier that its link is to."""

    def __init__(self, fleet: Fleet, folder: Path, get_url: str) -> None:
        """Write the configuration into ``folder``; nothing runs yet. Raises NoKannelError.

        ``get_url``, with Kannel's escapes in it, is where it passes on what comes in.
        """
        if not is_installed():
            raise NoKannelError("no Kannel on this machine: install kannel and kannel-extras")
        self._fleet = fleet
        self.password = secrets.token_urlsafe(24)
        self._admin, self._boxes, self._carrier, self._sendsms = free_ports(None, None, None, None)
        self._configuration = self._write_configuration(folder, get_url)

    @property
    def url(self) -> str:
        """Smsbox's base."""
        return f"http://{LOOPBACK}:{self._sendsms}"

    @property
    def admin_url(self) -> str:
        """Bearerbox's base, whose status page asks for ``password``."""
        return f"http://{LOOPBACK}:{self._admin}"

    @property
    def key(self) -> str:
        """The user and password that it knows an account by."""
        return f"{_USER}:{self.password}"

    @property
    def carried(self) -> list[CarriedSms]:
        """Every SMS that came to the carrier, oldest first."""
        log = self._fleet.log("fakesmsc").read_text(encoding="utf-8")
        return [
            CarriedSms(sender, to, _utf16(text) if kind == "ucs-2" else text, kind == "ucs-2")
            for sender, to, kind, text in _CARRIED.findall(log)
        ]

    @property
    def is_connected(self) -> bool:
        """Whether the link is up, or coming up."""
        return "fakesmsc" in self._fleet

    def start(self) -> None:
        """Start it and wait until its link is up. Raises EndedEarlyError and NotReadyError."""
        for box, ready in (("bearerbox", "running"), ("smsbox", "<type>smsbox</type>")):
            command = [str(PROGRAMS[box]), "-v", "0", str(self._configuration)]
            self._fleet.start(box, f"exec {shlex.join(command)}")
            self._await_status(box, ready)
        self.connect()

    def connect(self) -> None:
        """Bring the link up."""
        self._connect("-m", "0", "nothing")

    def disconnect(self) -> None:
        """Take the link down, as a modem without signal would."""
        self._fleet.stop("fakesmsc")
        self._await_status("bearerbox", "<status>re-connecting</status>")

    def hand_in(self, sender: str, to: str, text: str) -> None:
        """Let somebody's SMS come in, over a link that is brought up anew."""
        self._fleet.stop("fakesmsc")
        kind, written = ("text", text) if text.isascii() else ("ucs2", quote(text.encode("utf-16-be")))
        self._connect("-m", "1", f"{sender} {to} {kind} {written}")

    def _connect(self, *arguments: str) -> None:
        link = ["-v", "0", "-H", LOOPBACK, "-r", str(self._carrier), *arguments]
        self._fleet.start("fakesmsc", f"exec {shlex.join([str(PROGRAMS['fakesmsc']), *link])}")
        self._await_status("fakesmsc", "<status>online")

    def _await_status(self, name: str, words: str) -> None:
        self._fleet.await_ready(name, lambda: words in self._status(), _READY_SECONDS)

    def _status(self) -> str:
        with requests.Session() as session:
            session.trust_env = False
            try:
                asked = {"password": self.password}
                return session.get(f"{self.admin_url}/status.xml", params=asked, timeout=_ANSWER_SECONDS).text
            except requests.RequestException:
                return ""

    def _write_configuration(self, folder: Path, get_url: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        # A folder that only we can read, because the password is in the file.
        configuration = Path(tempfile.mkdtemp(prefix="kannel-", dir=folder.absolute())) / "kannel.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                host=LOOPBACK,
                admin=self._admin,
                boxes=self._boxes,
                carrier=self._carrier,
                sendsms=self._sendsms,
                user=_USER,
                password=self.password,
                smsc=SMSC,
                unroutable=UNROUTABLE,
                limit=QUEUE_LIMIT,
                get_url=get_url,
            )
        )
        return configuration


def is_installed() -> bool:
    """Whether its programs are on this machine."""
    return all(os.access(program, os.X_OK) for program in PROGRAMS.values())


def _utf16(quoted: str) -> str:
    return unquote_to_bytes(quoted.replace("+", " ")).decode("utf-16-be")
