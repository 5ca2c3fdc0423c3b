"""The words of the SMS."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.sms_text import LANGUAGES, SEGMENT, check_template, compose, language_of

# What the built-in sentences are made of; every one of these is in the GSM-7 alphabet.
PLAIN = set(string.ascii_letters + string.digits + " .:()" + "\u00fc\u00e8")


def test_it_says_what_the_code_is_and_how_long_it_lives() -> None:
    assert compose("123456", 300, "en") == "Your code is 123456 (valid 5 minutes)."


@pytest.mark.parametrize(
    ("seconds", "life"),
    [(600, "10 minutes"), (299.9, "4 minutes"), (119, "1 minute"), (60, "1 minute"), (59.9, "59 seconds")],
)
def test_the_life_is_named_in_whole_minutes_and_never_overstated(seconds: float, life: str) -> None:
    assert compose("123456", seconds, "en").endswith(f"(valid {life}).")


@given(seconds=st.floats(0, 600), language=st.sampled_from(sorted(LANGUAGES)))
def test_no_life_is_longer_than_what_is_left_nor_a_minute_shorter(seconds: float, language: str) -> None:
    number, unit = compose("1", seconds, language, "{life}{code}").rstrip("1").split(" ")
    stated = int(number) * (1 if unit[0] in "sS" else 60)
    assert stated <= seconds < stated + 60


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Your code is 012345 (valid 1 minute)."),
        ("de", "Ihr Code ist 012345 (1 Minute g\u00fcltig)."),
        ("es", "Su codigo es 012345 (valido 1 minuto)."),
        ("fr", "Votre code est 012345 (valable 1 minute)."),
        ("it", "Il tuo codice \u00e8 012345 (valido 1 minuto)."),
        ("nl", "Uw code is 012345 (1 minuut geldig)."),
        ("pt", "O seu codigo: 012345 (valido 1 minuto)."),
    ],
)
def test_every_language_has_its_sentence_and_its_singular(language: str, text: str) -> None:
    assert compose("012345", 60, language) == text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seconds", [600, 300, 60, 59])
def test_every_language_is_one_clean_segment_with_the_longest_code(language: str, seconds: float) -> None:
    check_template("built-in", LANGUAGES[language][0])
    text = compose("0123456789", seconds, language)
    assert "0123456789" in text
    assert len(text) <= SEGMENT == 160
    assert set(text) <= PLAIN


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
        ("{code} https://example.com", "link"),
        ("{code} see www.example", "link"),
        ("{code} at shop.example.org", "link"),
        ("{code} http://acme", "link"),
        ("{code} acme.dev", "link"),
        ("{code} t.me/x", "link"),
        ("{code}.info", "link"),
        ("{{code}}", "GSM-7 alphabet: { }"),
        ("{code} \u20ac \u00e7", "GSM-7 alphabet: \u00e7 \u20ac"),
        ("{code}\t", "GSM-7"),
        ("{code}\u200b", "GSM-7"),
        ("{code}\u2028second", "GSM-7"),
        ("{code} ✓", "GSM-7"),
        ("{code} [boxed]", "GSM-7"),
        ("{code} " + "x" * 150, "161 characters long; one SMS holds 160"),
        ("{code} {life}" + "x" * 139, "161 characters long"),  # 59 seconds are longer than 10 minutes
    ],
)
def test_a_template_that_is_not_clean_is_refused_and_named(template: str, complaint: str) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        check_template("login", template)
    assert refused.value.field == "login"
    assert complaint in refused.value.detail


@pytest.mark.parametrize(
    "template",
    [
        "{code}",
        "z.B. {code}",
        "\u00a3\u00d8\u0394\u00a4\u00a7\u00bf {code}",
        "{code} " + "x" * 149,
        "{code} {life}" + "x" * 138,
    ],
)
def test_a_clean_template_is_taken(template: str) -> None:
    check_template("login", template)


def test_a_template_speaks_of_the_life_in_the_language_of_the_locale() -> None:
    assert compose("0042", 300, "de", "Acme: {code}, {life}") == "Acme: 0042, 5 Minuten"


def test_a_template_takes_the_code_and_the_life() -> None:
    template = "Acme: {code}. Good for {life}."
    check_template("login", template)
    assert compose("0042", 300, "en", template) == "Acme: 0042. Good for 5 minutes."


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("deutsch", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("FR_ca", "fr"),
        ("tlh", "en"),
    ],
)
def test_a_locale_names_a_language_or_english_is_spoken(locale: str | None, language: str) -> None:
    assert language_of(locale) == language
