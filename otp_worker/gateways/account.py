"""What an operator says of one account at a gateway; each adapter adds what its gateway needs."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from otp_worker.domain.gateway import Gateway


def _base(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("not an http:// or https:// URL")
    return value.rstrip("/")


def _plain(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if secret != secret.strip() or not secret.isprintable():
        raise ValueError("holds blanks at an end, a line break or an invisible character")
    if secret.startswith("v1,"):
        raise ValueError("begins with v1, which is no part of the secret; leave that out")
    return value


PlainSecret = Annotated[SecretStr, AfterValidator(_plain)]
"""A secret that is used as it is written: what was copied along with it would make another one of it."""

BaseUrl = Annotated[str, AfterValidator(_base)]
"""The base of a gateway's API, without a slash at its end."""


class Account(BaseModel):
    """One account: where the gateway is, and the key that it knows us by.

    ``kind`` is the adapter's module in this folder; ``webhook_secret`` is what the gateway signs with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: str
    url: BaseUrl
    key: PlainSecret
    webhook_secret: PlainSecret | None = None

    def open(self, name: str) -> Gateway:
        """The adapter for this account, which callbacks and operators know by ``name``."""
        raise NotImplementedError
