"""What several bodies have: fields with what they allow, and what OpenAPI says of them."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from otp_worker.domain.passcode import MAX_LENGTH, MIN_LENGTH
from otp_worker.domain.payment import Payment
from otp_worker.domain.recipient import LONGEST_ADDRESS
from otp_worker.issue.payments import read_payment

LOCALES = r"^[A-Za-z0-9*][A-Za-z0-9*_.;=, -]*$"
"""The characters of a language tag, or of a list of them as in Accept-Language."""

# People type codes as they are printed: in groups, with spaces and dashes of every kind. What is copied from
# an SMS may bring invisible marks along, such as those of the direction of writing.
_BETWEEN_DIGITS = (
    r"[ \u00a0\u2000-\u200a\u202f\u205f\u3000"
    r"\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d\-"
    r"\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


class Incoming(BaseModel):
    """What a body from outside may not do: hold unknown fields, or values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def _digits_of(value: str) -> str:
    return re.sub(_BETWEEN_DIGITS, "", value)


Code = Annotated[
    str,
    StringConstraints(
        pattern=rf"^{_BETWEEN_DIGITS}*[0-9]({_BETWEEN_DIGITS}*[0-9]){{{MIN_LENGTH - 1},{MAX_LENGTH - 1}}}"
        rf"{_BETWEEN_DIGITS}*$",
        max_length=4 * MAX_LENGTH,
    ),
    AfterValidator(_digits_of),
    Field(
        description="The digits as the person typed them; spaces and dashes do no harm.", examples=["123456"]
    ),
]
GivenCode = Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{MIN_LENGTH},{MAX_LENGTH}}}$")]


class GivenPayment(Incoming):
    """The payment that a code is for (PSD2): the three go together."""

    amount: Annotated[str, StringConstraints(max_length=20)] | None = Field(
        None,
        description="What is paid, as text: the SMS says it, and the code is good for it alone.",
        examples=["12.50"],
    )
    currency: Annotated[str, StringConstraints(max_length=3)] | None = Field(
        None, description="ISO 4217.", examples=["EUR"]
    )
    payee: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        None, description="Who is paid: the SMS says it.", examples=["Corner Shop"]
    )

    @property
    def payment(self) -> Payment | None:
        """The payment, if there is one. Raises InvalidFieldError."""
        return read_payment(self.amount, self.currency, self.payee)


To = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_ADDRESS),
    Field(
        description="A mobile number in international form; for what goes by e-mail an address.",
        examples=["+447400123456"],
    ),
]


def _parse_address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("this is not an IP address") from None


Ip = Annotated[
    # No zone, as in fe80::1%eth0: that is free text, and each one would be a new address to the limits.
    Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f.:]{2,45}$"), AfterValidator(_parse_address)]
    | None,
    Field(description="The end user's IP address, for limits.", examples=["203.0.113.7"]),
]
