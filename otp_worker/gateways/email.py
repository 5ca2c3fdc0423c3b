"""The way of codes that go by e-mail: the operator's SMTP server, as one gateway with one SIM.

So it has a circuit breaker, is asked how it is, and is shown as the others are. A mail server sends no
receipts: what it took is sent.
"""

from otp_worker.domain.gateway import HEALTH_SECONDS, Capabilities, Gateway, Message, Outcome
from otp_worker.gateways.parsing import health_of
from otp_worker.gateways.smtp.server import SmtpServer

PROBE_SECONDS = 10.0
NAME = "email"
"""What the gateway, and its one SIM, are called."""


class EmailGateway(Gateway):
    """Hands codes to a server that takes e-mail; ``sender`` is whom they are from."""

    capabilities = Capabilities()

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self.name = NAME
        self._server = server
        self._sender = sender

    def send(self, message: Message) -> Outcome:
        """Hand a message in."""
        # Not sooner: every process knows the gateways, and only a worker asks them.
        from otp_worker.gateways.smtp.transaction import hand_in

        return hand_in(self._server, self._sender, message)

    def probe(self) -> Outcome:
        """Connect and log in, and hand nothing in."""
        return self._ask_nothing(PROBE_SECONDS)

    def health(self) -> bool | None:
        """Whether the server answers and takes our login."""
        return health_of(self._ask_nothing(HEALTH_SECONDS))

    def _ask_nothing(self, seconds: float) -> Outcome:
        from otp_worker.gateways.smtp.transaction import ask_nothing

        return ask_nothing(self._server, seconds)
