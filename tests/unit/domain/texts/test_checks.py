"""What a text of the operator's may be."""

import pytest

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.texts.checks import check_template, check_text
from otp_worker.domain.texts.choice import Languages

PLAIN, RIGHT = Languages(), Languages(plain=False)


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("no code here", "must contain {code}"),
        ("valid {life}", "must contain {code}"),
        ("{code", "must contain {code}"),
        ("{Code}", "must contain {code}"),
        ("{code} for {user}", "no other field"),
        ("{code} {}", "no other field"),
        ("{code} {code!r}", "no other field"),
        ("{code}\rsecond", "single line"),
        ("{code}\r\nBcc: all", "single line"),
        ("{code}\nsecond", "single line"),
        ("{code}\fsecond", "single line"),
        ("{code} https://example.com", "link"),
        ("{code} see www.example", "link"),
        ("{code} at shop.example.org", "link"),
        ("{code} http://acme", "link"),
        ("{code} acme.dev", "link"),
        ("{code} t.me/x", "link"),
        ("{code}.info", "link"),
        ("{code} \u00e7", "GSM-7 alphabet: \u00e7"),
        ("{code}\t", "GSM-7"),
        ("{code}\u200b", "GSM-7"),
        ("{code}\u2028second", "GSM-7"),
        ("{code} ✓", "GSM-7"),
        ("{code} " + "x" * 150, "161 characters long in 'de'; one SMS holds 160"),
        ("{code} {life}" + "x" * 139, "161 characters long"),  # 59 seconds are longer than 10 minutes
        ("{code} " + "€" * 75, "161 characters long"),
    ],
)
def test_a_template_that_is_not_clean_is_refused_and_named(template: str, complaint: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        check_template("login", template, PLAIN)
    assert refused.value.field == "login"
    assert complaint in refused.value.detail


@pytest.mark.parametrize(
    "template",
    [
        "{code}",
        "z.B. {code}",
        "{{code}}",
        "{code} [boxed] €",
        "\u00a3\u00d8\u0394\u00a4\u00a7\u00bf {code}",
        "{code} " + "x" * 149,
        "{code} {life}" + "x" * 138,
    ],
)
def test_a_clean_template_is_taken(template: str) -> None:
    check_template("login", template, PLAIN)


def test_right_spelling_has_the_shorter_segment() -> None:
    check_template("login", "Votre code reçu: {code}", RIGHT)
    check_template("login", "ç{code}" + "x" * 59, RIGHT)
    with pytest.raises(InvalidFieldError, match="71 characters long in 'de'; one SMS holds 70"):
        check_template("login", "ç{code}" + "x" * 60, RIGHT)
    with pytest.raises(InvalidFieldError, match="GSM-7"):
        check_template("login", "{code}\u200b", RIGHT)


def test_a_template_must_fit_with_the_words_of_every_language_that_may_be_used() -> None:
    template = "{code} {life}" + "x" * 138
    check_template("login", template, PLAIN)
    with pytest.raises(InvalidFieldError, match="in 'ru'; one SMS holds 70"):
        check_template("login", template, Languages(named=frozenset({"ru"})))


@pytest.mark.parametrize("text", ["x" * 161, "ж", "two\nlines", "see acme.dev"])
def test_a_text_that_is_sent_as_it_is_fits_one_segment(text: str) -> None:
    check_text("OTP_CONFIRM_STOP", "x" * 160)
    with pytest.raises(InvalidFieldError):
        check_text("OTP_CONFIRM_STOP", text)
