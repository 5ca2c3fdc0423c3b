"""The part of the environment that is about e-mail: to support, and with codes in it."""

from ipaddress import ip_address
from typing import Any

from pydantic import BaseModel, model_validator

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import EMAIL_ROUTE
from otp_worker.gateways.email import NAME, EmailGateway
from otp_worker.gateways.smtp.server import SmtpServer, parse_smtp_url
from otp_worker.service.setting_types import Email, SmtpUrl


class EmailSettings(BaseModel):
    """The mail server and what goes over it; each field is the variable ``OTP_<FIELD>``."""

    support_email: Email | None = None
    smtp_url: SmtpUrl | None = None
    smtp_from: Email | None = None
    email_codes: bool = False

    def with_email(self, sims: Sims) -> Sims:
        """The SIMs, and where codes may go by e-mail the mail server as one more gateway with one more SIM.

        Raises ConfigurationError.
        """
        server = self.smtp_server
        if not self.email_codes or server is None or not self.smtp_from:
            return sims
        if NAME in sims.gateways or any(sim.name == NAME for sim in sims.all):
            raise ConfigurationError(
                f"OTP_EMAIL_CODES: a gateway or a SIM in OTP_GATEWAYS_FILE is called {NAME} too; "
                "name it otherwise"
            )
        sim = Sim(NAME, NAME, countries=frozenset({EMAIL_ROUTE}))
        return Sims((*sims.all, sim), {**sims.gateways, NAME: EmailGateway(server, self.smtp_from)})

    @property
    def smtp_server(self) -> SmtpServer | None:
        """The server that takes our e-mail, if there is one."""
        return parse_smtp_url(self.smtp_url.get_secret_value()) if self.smtp_url else None

    @model_validator(mode="after")
    def _email_is_whole(self) -> Any:
        needs = {"OTP_SUPPORT_EMAIL": self.support_email, "OTP_EMAIL_CODES": self.email_codes}
        for variable, value in (("OTP_SMTP_URL", self.smtp_url), ("OTP_SMTP_FROM", self.smtp_from)):
            needing = [name for name, is_set in needs.items() if is_set]
            if needing and not value:
                raise ValueError(f"{variable}: is not set, and {needing[0]} needs it")
        return self

    @model_validator(mode="after")
    def _codes_are_not_read_on_their_way(self) -> Any:
        server = self.smtp_server
        if self.email_codes and server and server.scheme == "smtp" and not _is_loopback(server.host):
            raise ValueError(
                "OTP_EMAIL_CODES: OTP_SMTP_URL must be smtp+starttls:// or smtps://; "
                "smtp:// is for a mail server on this machine alone"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
