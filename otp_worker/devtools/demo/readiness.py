"""How to ask the parts of a service whether they are ready."""

from http import HTTPStatus

import requests
from kombu.exceptions import OperationalError

from otp_worker.service.celery_app import make_celery

_ASK_SECONDS = 2
_REPLIES_SECONDS = 0.5


def local_session() -> requests.Session:
    """A session for this machine, about which neither a proxy nor a .netrc has a say."""
    session = requests.Session()
    session.trust_env = False
    return session


class HttpProbe:
    """Asks a URL on this machine; ``seen`` is the last answer, for a person."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen = "no answer"
        self._session = local_session()

    def __call__(self) -> bool:
        """Whether the answer is 200."""
        try:
            answer = self._session.get(self.url, timeout=_ASK_SECONDS)
        except requests.RequestException:
            return False
        self.seen = f"{answer.status_code} {answer.text[:300]}"
        return answer.status_code == HTTPStatus.OK


class WorkersProbe:
    """Asks Celery's workers over the broker; ``names`` are those to hear from, without slot and host."""

    def __init__(self, broker_url: str, names: list[str]) -> None:
        self._names = names
        self._control = make_celery(broker_url).control

    def __call__(self) -> bool:
        """Whether every one of them answers."""
        try:
            replies: list[dict[str, object]] | None = self._control.broadcast(
                "ping", reply=True, timeout=_REPLIES_SECONDS, limit=len(self._names)
            )
        except OperationalError:
            return False
        nodes = [node for reply in replies or [] for node in reply]
        # Each adds the slot that it has taken: see service/node_name.py.
        return all(any(node.startswith(f"{name}-") for node in nodes) for name in self._names)
