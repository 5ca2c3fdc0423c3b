"""Bearerbox's status page: whether Kannel's links to its SMSCs are up."""

import re
from urllib.parse import urlencode

from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.parsing import told_by

_SECONDS = 5.0
# An SMSC's id and how it is: `online 12s`, `connecting`, `re-connecting`, `disconnected` or `dead`. The page
# quotes nothing, so that a parser of XML could stumble over an id; a box's id has no status beside it.
_LINK = re.compile(r"<id>([^<]*)</id>\s*<status>([^<]*)</status>")


class KannelStatus:
    """The page of one bearerbox; ``password`` is its status-password, where it has one."""

    def __init__(self, admin_url: str, password: str | None) -> None:
        query = urlencode({"password": password}) if password else ""
        self._url = f"{admin_url}/status.xml?{query}"
        self._client = BoundedClient()

    def is_online(self, smsc: str | None) -> bool | None:
        """Whether a link is up, of that smsc-id where there are some; None where the page does not say."""
        return told_by(lambda: _is_online(self._client.get(self._url, {}, _SECONDS).text, smsc))


def _is_online(page: str, smsc: str | None) -> bool | None:
    links = _LINK.findall(page)
    named = [status for name, status in links if name == smsc]
    stati = named or [status for _, status in links]
    return any(status.startswith("online") for status in stati) if stati else None
