"""What a payment's code is for: an amount and a payee, which its payer sees and its check repeats.

RTS (EU) 2018/389, article 5: the payer is made aware of both, the code is specific to both, and a change of
either makes it invalid.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.texts.links import holds_link
from otp_worker.domain.texts.spelling import visible

LONGEST_PAYEE = 32
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Payment:
    """An amount in a currency, to a payee; two that mean the same are equal.

    ``amount`` has as many decimals as its currency, and no sign. ``currency`` is an ISO 4217 code.
    """

    amount: str
    currency: str
    payee: str

    @classmethod
    def parse(cls, amount: str, currency: str, payee: str) -> "Payment":
        """A payment as it is given. Raises InvalidFieldError, which names the field and the fix."""
        _refuse_unknown(currency)
        return cls(_amount(amount, currency), currency, _payee(payee))

    @property
    def link(self) -> str:
        """What a code is made specific to: one text for each payment, and no other's."""
        return json.dumps([self.amount, self.currency, self.payee], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_link(cls, link: str) -> "Payment":
        """The payment that a link stands for."""
        return cls(*json.loads(link))

    def amount_in(self, tag: str) -> str:
        """The amount as it is written in a language (CLDR), its digits western, without marks unseen."""
        from babel.numbers import format_currency

        locale = tag.replace("-", "_")
        return visible(format_currency(Decimal(self.amount), self.currency, locale=locale))


def _amount(amount: str, currency: str) -> str:
    from babel.numbers import get_currency_precision

    if not _AMOUNT.fullmatch(amount) or not Decimal(amount):
        raise InvalidFieldError("amount", "give a number above 0 as text, such as 12.50")
    decimals = get_currency_precision(currency)
    exact = Decimal(amount).quantize(Decimal(1).scaleb(-decimals))
    if exact != Decimal(amount):
        raise InvalidFieldError("amount", f"{currency} has {decimals} decimals")
    return str(exact)


def _refuse_unknown(currency: str) -> None:
    from babel.numbers import is_currency

    if not _CURRENCY.fullmatch(currency) or not is_currency(currency):
        raise InvalidFieldError("currency", "give an ISO 4217 code, such as EUR")


def _payee(payee: str) -> str:
    shown = re.sub(" {2,}", " ", unicodedata.normalize("NFC", visible(payee)).strip(" "))
    if not 0 < len(shown) <= LONGEST_PAYEE or not shown.isprintable():
        raise InvalidFieldError("payee", f"give 1 to {LONGEST_PAYEE} printable characters on one line")
    if holds_link(shown):
        raise InvalidFieldError(
            "payee", "leave out what a phone takes for a link, such as a dot between two words"
        )
    return shown
