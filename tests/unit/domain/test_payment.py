"""Payments as they are given, compared, and written in each language."""

import re

import pytest

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.passcode import Derivation, derive_code
from otp_worker.domain.payment import Payment
from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.texts.compose import compose
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.wording import tags_in

PAYMENT = Payment("1234.50", "EUR", "Müller GmbH")


@pytest.mark.parametrize(
    ("amount", "payee"),
    [("1234.5", "Müller GmbH"), ("01234.50", " Müller\u00a0 GmbH"), ("1234.50", "Mu\u0308ller GmbH")],
)
def test_two_spellings_of_one_payment_are_equal(amount: str, payee: str) -> None:
    parsed = Payment.parse(amount, "EUR", payee)
    assert parsed == PAYMENT
    assert Payment.of_link(parsed.link) == PAYMENT


@pytest.mark.parametrize(
    ("field", "given"),
    [
        *(
            ("amount", (amount, "EUR", "x"))
            for amount in ("", "0", "0.00", "-1", "+1", "1,50", "1.234", "1e3", "NaN", "١٢", "1\n")
        ),
        ("amount", ("12.50", "JPY", "x")),
        *(("currency", ("1", currency, "x")) for currency in ("", "eur", "EURO", "ABC", "E\u00dcR")),
        *(
            ("payee", ("1", "EUR", payee))
            for payee in ("", "  ", "a\nb", "x" * 33, "evil.example", "\u202e", "a\x00b")
        ),
    ],
)
def test_what_is_no_payment_is_refused_by_the_name_of_the_field(
    field: str, given: tuple[str, str, str]
) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        Payment.parse(*given)
    assert refused.value.field == field


def test_a_code_is_specific_to_amount_currency_and_payee() -> None:
    others = [
        PAYMENT,
        Payment("1234.51", "EUR", "Müller GmbH"),
        Payment("1234.50", "USD", "Müller GmbH"),
        Payment("1234.50", "EUR", "Muller GmbH"),
    ]
    codes = {derive_code(b"key", b"seed", "ver_1", 10, Derivation.LINKED, each.link) for each in others}
    assert len(codes) == 4
    assert derive_code(b"key", b"seed", "ver_1", 10, Derivation.LINKED, PAYMENT.link) in codes


@pytest.mark.parametrize("tag", tags_in())
def test_every_language_tells_the_amount_in_western_digits_and_the_payee(tag: str) -> None:
    amount = PAYMENT.amount_in(tag)
    assert re.sub(r"[^0-9]", "", amount) == "123450"
    assert amount.isprintable()
    text = compose(Languages(), Content("402853", 300, "shop", payment=f"{amount}, Mueller GmbH"), tag)
    for told in ("402853", "Mueller GmbH", "50"):
        assert told in text


def test_a_payment_that_is_too_long_for_one_segment_is_told_all_the_same() -> None:
    told = f"€999,999,999,999.00, {'Ж' * 32}"
    text = compose(Languages(), Content("402853", 300, "shop", payment=told), "ja")
    assert told in text
    assert "402853" in text
