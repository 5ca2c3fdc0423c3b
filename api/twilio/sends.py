"""What a request for a code says, in our words."""

import re
from typing import Any

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.policy import Policy
from otp_worker.domain.twilio_sids import template_sid

from ..request_body import read_object
from ..schemas.verifications import SendBody
from .errors import PaymentMissingError
from .forms import Form
from .services import Service

PARAMETERS = {
    "android_hash": "AppHash",
    "code": "CustomCode",
    "currency": "Amount",
    "fields": "TemplateCustomSubstitutions",
    "ip": "DeviceIp",
    "limits": "RateLimits",
    "template": "TemplateSid",
}
"""What Twilio calls our fields, where that is another word."""
IGNORED = (
    *("ChannelConfiguration", "CustomFriendlyName", "CustomMessage", "EnableSnaClientToken", "RiskCheck"),
    "SendDigits",
)
"""What nothing comes of here."""
CHANNELS = ("sms", "auto")

_AMOUNT = re.compile(r"(?P<before>[A-Z]{3}|[€£])? ?(?P<amount>[0-9.]{1,20}) ?(?P<after>[A-Z]{3}|[€£])?")
_SIGNS = {"€": "EUR", "£": "GBP"}


def read_send(form: Form, service: Service, policy: Policy) -> SendBody:
    """The code that is asked for. Raises InvalidFieldError."""
    channel = form.text("Channel")
    if channel not in CHANNELS:
        raise InvalidFieldError("channel", f"give one of {', '.join(CHANNELS)}; codes go by SMS alone here")
    form.ignore(*IGNORED)
    given = {
        "to": read_to(form),
        "locale": form.text("Locale"),
        "code": form.text("CustomCode"),
        "code_length": form.number("CodeLength"),
        "android_hash": form.text("AppHash"),
        "ip": form.text("DeviceIp"),
        "tags": form.object("Tags"),
        "limits": form.object("RateLimits"),
        "template": _template(form.text("TemplateSid"), service, policy),
        "fields": form.object("TemplateCustomSubstitutions"),
        "purpose": service.purpose,
        **read_payment(form),
    }
    return read_object({name: value for name, value in given.items() if value is not None}, SendBody)


def read_to(form: Form) -> str | None:
    """The number: a blank before it is a plus that a form was not told to keep. Raises InvalidFieldError."""
    to = form.text("To")
    return f"+{to[1:]}" if to is not None and to.startswith(" ") else to


def read_payment(form: Form) -> dict[str, Any]:
    """Amount, currency and payee, where there are any. Raises InvalidFieldError."""
    amount, payee = form.text("Amount"), form.text("Payee")
    if amount is None and payee is None:
        return {}
    if amount is None or payee is None:
        missing = "amount" if amount is None else "payee"
        raise PaymentMissingError(missing, "is required where one of Amount and Payee is given")
    written = _AMOUNT.fullmatch(amount)
    currency = (written["before"] or written["after"]) if written else None
    if written is None or currency is None or (written["before"] and written["after"]):
        raise InvalidFieldError("amount", "give a number with its currency, such as EUR 12.50 or £12.50")
    return {"amount": written["amount"], "currency": _SIGNS.get(currency, currency), "payee": payee}


def _template(sid: str | None, service: Service, policy: Policy) -> str | None:
    """The template of a sid, which is the app's or the operator's. Raises InvalidFieldError."""
    if sid is None:
        return None
    for name in (*service.app.templates, *policy.templates):
        if template_sid(name) == sid:
            return name
    raise InvalidFieldError("template", "this account has no such template")
