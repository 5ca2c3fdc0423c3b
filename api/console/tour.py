"""What the demo tells the console for the page of the first five minutes."""

import hmac
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from otp_worker.domain.errors import ConfigurationError

VARIABLE = "OTP_WELCOME_FILE"
WELCOME = "/welcome"
"""Where the page is."""


class Tour(BaseModel):
    """Where the demo's parts are, the key of its app, and whom its ticket signs in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_url: str
    api_key: str
    phone_url: str
    login: str


def read_tour(file: Path) -> Tour:
    """Read what the demo wrote. Raises ConfigurationError, also for an API or a phone on another machine."""
    try:
        tour = Tour.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{VARIABLE}: cannot be read ({error.strerror})") from None
    except ValidationError:
        raise ConfigurationError(f"{VARIABLE}: is not what the demo writes; only the demo sets it") from None
    if not (is_loopback_url(tour.api_url) and is_loopback_url(tour.phone_url)):
        raise ConfigurationError(f"{VARIABLE}: names another machine; only a demo on this one has the page")
    return tour


def is_loopback_url(url: str) -> bool:
    """Whether a URL leads to this machine by its loopback address."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


class Ticket:
    """A link that signs in once: a secret in a file, which is gone when it was used."""

    def __init__(self, tour_file: Path) -> None:
        self._file = tour_file.with_suffix(".ticket")

    def use(self, given: str) -> bool:
        """Whether it is the ticket, for the first time."""
        try:
            known = self._file.read_bytes()
            if not known or not hmac.compare_digest(given.encode(), known):
                return False
            # Of two at once one finds the file gone.
            self._file.unlink()
        except FileNotFoundError:
            return False
        return True
