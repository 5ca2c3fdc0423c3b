"""Templates of apps: what is refused when they are defined, and what they say."""

from dataclasses import replace

import pytest

from otp_worker.domain.errors import InvalidFieldError, InvalidFieldsError
from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.texts.autofill import Autofill
from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.texts.compose import compose
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.template import Spelling, Template, read_template
from otp_worker.domain.texts.template_checks import check_app_template, judge_fields

LANGUAGES = Languages()
SHOP = Content("0123456789", 300, "shop", "Corner Shop")
LINES = replace(SHOP, autofill=Autofill("https://shop.example", "FA+9qCX9VSu"))


def template(text: str = "{name}: {code}", tag: str = "en", **more: object) -> Template:
    return Template({tag: text}, tag, **more)  # type: ignore[arg-type]


def problems(given: Template, content: Content = SHOP) -> list[tuple[str, str]]:
    try:
        check_app_template(given, LANGUAGES, content)
    except InvalidFieldsError as error:
        return list(error.errors)
    return []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("no code", "must contain {code}"),
        ("{code} {amount}", "no other fields than code, life, name, order"),
        ("{code} {code}", "{code} once"),
        ("{{code}}", "braces around fields alone"),
        ("{code}\nsecond", "a second line"),
        ("{code}\rsecond", "a second line"),
        ("{code}\u2028second", "a second line"),
        ("{code}\u200b", "nobody sees"),
        ("{code}\u3164", "nobody sees"),
        ("{code} shop.example", "a link"),
        ("{code} shop\u3002example", "a link"),
        ("{name}.com {code}", "a link"),
        ("{code} or 123456", "takes for the code"),
        ("{code} or 12-34", "takes for the code"),
        ("{code} or \u0661\u0662\u0663\u0664", "takes for the code"),
        ("@shop #{code}", "@ and #"),
        ("Your @shop #{code}", "@ and #"),
        ("P\u0430ypal {code}", "two scripts in one word"),
        ("\uff30aypal {code}", "in disguise"),
        ("{code} \u2713", "GSM-7 alphabet: \u2713"),
        ("{code}" + "x" * 151, "161 characters long; one SMS holds 160"),
        ("{code} {order}" + "x" * 130, "161 characters long"),
        ("{code} {life}" + "x" * 140, "161 characters long"),
    ],
)
def test_a_text_that_is_not_clean_is_refused_with_its_language(text: str, complaint: str) -> None:
    given = Template({"de": "{code} {order}", "en": text}, "de", fields={"order": 20})
    ((field, detail),) = problems(given)
    assert field == "texts"
    assert detail.startswith("en: ")
    assert complaint in detail


@pytest.mark.parametrize(
    ("given", "field", "complaint"),
    [
        (Template({}, "en"), "texts", "at least one language"),
        (template(tag="xx"), "texts", "no words for the life"),
        (template(tag="de_AT"), "texts", "such as de-AT"),
        (Template({"de": "{code}"}, "en"), "default_locale", "give one of"),
        (Template({"de": "{code}", "DE": "{code}"}, "de"), "texts", "once"),
        (template("{code} {Order}", fields={"Order": 5}), "fields", "small letters"),
        (template(fields={"name": 5}), "fields", "not code, life or name"),
        (template("{code} {order}", fields={"order": 0}), "fields", "from 1 to 64"),
        (template(fields={"order": 5}), "fields", "no text uses it"),
        (template(fields={f"f{n}": 5 for n in range(6)}), "fields", "at most 5"),
    ],
)
def test_what_is_declared_must_hold_together(given: Template, field: str, complaint: str) -> None:
    found = problems(given)
    assert any(name == field and complaint in detail for name, detail in found), found


@pytest.mark.parametrize(
    "given",
    [
        template("{name}: {code} ({life})"),
        template("{code}" + "x" * 150),
        template("Ihr Code f\u00fcr {order}: {code}", "de-AT", fields={"order": 20}),
        template("Tw\u00f3j kod: {code}", "pl"),
        template("{code} " + "\u0416" * 59, "ru", alphabet=Spelling.AUTO),
        template(
            "\u06a9\u062f \u0634\u0645\u0627 \u0645\u06cc\u200c\u0628\u0627\u0634\u062f: {code}",
            "fa",
            alphabet=Spelling.AUTO,
        ),
    ],
)
def test_a_clean_template_is_taken(given: Template) -> None:
    assert problems(given) == []


def test_plain_letters_are_one_gsm7_segment_and_right_spelling_one_of_ucs2() -> None:
    plain = template("Tw\u00f3j kod: {code}" + "\u0142" * 140, "pl")
    assert problems(plain) == []
    assert "Twoj kod" in plain.filled(LANGUAGES, SHOP, "pl")
    right = replace(plain, alphabet=Spelling.AUTO)
    assert problems(right) == [("texts", "pl: the SMS is up to 160 characters long; one SMS holds 70")]
    short = template("Tw\u00f3j kod: {code} ({life})", "pl", alphabet=Spelling.AUTO)
    assert short.filled(LANGUAGES, SHOP, "pl") == "Tw\u00f3j kod: 0123456789 (5 minut)"


def test_a_script_that_gsm7_lacks_needs_its_right_spelling() -> None:
    assert "GSM-7" in problems(template("Код {code}", "ru"))[0][1]
    assert problems(template("Код {code}", "ru", alphabet=Spelling.AUTO)) == []


def test_the_name_and_the_lines_of_the_app_count() -> None:
    assert problems(template("{code}" + "x" * 92), LINES) == []
    assert "140 bytes" in problems(template("{code}" + "x" * 91 + "\u00fc"), LINES)[0][1]
    assert "161 characters" in problems(template("{code}" + "x" * 113), LINES)[0][1]
    long_name = replace(SHOP, shown_name="n" * 32)
    assert "161 characters" in problems(template("{name}{code}" + "x" * 119), long_name)[0][1]


def test_a_name_that_makes_a_link_with_the_text_is_refused() -> None:
    given = replace(SHOP, shown_name="Acme Inc.")
    assert problems(template("{name}co {code}"), given) == [
        ("texts", "en: filled in, it holds a link, or what a phone takes for one")
    ]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "it has order, who"),
        ({"order": "A", "who": "B", "more": "C"}, "it has order, who"),
        ({"order": "A" * 11, "who": "B"}, "order: give 1 to 10 characters"),
        ({"order": "\u20ac" * 6, "who": "B"}, "order: give 1 to 10 characters"),
        ({"order": " ", "who": "B"}, "order: give 1 to 10 characters"),
        ({"order": "A", "who": "a.example"}, "who: leave out what looks like a link"),
        ({"order": "A\nB", "who": "B"}, "a second line"),
        ({"order": "A-1017", "who": "B"}, "takes for the code"),
        ({"order": "\u5e97", "who": "B"}, "GSM-7"),
        ({"order": "shop.", "who": "de"}, "filled in, the text holds a link"),
    ],
)
def test_a_value_that_is_not_clean_is_refused(given: dict[str, str], complaint: str) -> None:
    kept = template("{code} {order}{who}", fields={"order": 10, "who": 20})
    with pytest.raises(InvalidFieldError, match=complaint) as refused:
        judge_fields(kept, "en", given, LANGUAGES, SHOP)
    assert refused.value.field == "fields"


def test_whatever_values_are_taken_the_sms_is_what_was_measured() -> None:
    kept = template("{code} {order} {name}" + "x" * 20, alphabet=Spelling.AUTO, fields={"order": 24})
    assert problems(kept) == []
    for value in ("\u0416" * 24, "x" * 24, "\u5e97" * 24):
        judge_fields(kept, "en", {"order": value}, LANGUAGES, SHOP)
        content = replace(SHOP, fields={"order": value})
        text = compose(LANGUAGES, content, "en", kept)
        assert value in text
        assert size_of(text).segments == 1


@pytest.mark.parametrize(
    ("wanted", "country", "app", "chosen"),
    [
        ("de-AT", "GB", None, "de"),
        ("pl,de;q=0.5", "GB", None, "de"),
        ("pl", "DE", None, "de"),
        (None, "AT", None, "de"),
        (None, "GB", "en-US", "en"),
        ("pl", "PL", None, "fr"),
        (None, "DE", "fr", "fr"),
    ],
)
def test_the_language_is_looked_up_among_the_texts(
    wanted: str | None, country: str, app: str | None, chosen: str
) -> None:
    kept = Template({"de": "{code}", "en": "{code}", "fr": "{code}"}, "fr")
    assert kept.choose(LANGUAGES, wanted, country, app) == chosen


def test_a_language_of_one_country_words_the_life_as_its_kind_does() -> None:
    kept = Template({"de-AT": "Servus: {code} ({life})", "en": "{code}"}, "en")
    assert kept.choose(LANGUAGES, "de-AT", "GB", None) == "de-AT"
    assert compose(LANGUAGES, SHOP, "de-AT", kept) == "Servus: 0123456789 (5 Minuten)"
    assert compose(LANGUAGES, SHOP, "it", kept) == "0123456789"


def test_it_is_read_as_it_was_written() -> None:
    kept = template("{code} {order}", alphabet=Spelling.AUTO, fields={"order": 10})
    assert read_template(kept.written()) == kept


def test_what_no_longer_fits_goes_without_its_lines_then_as_our_text() -> None:
    kept = template("{name} {code}" + "x" * 100)
    assert compose(LANGUAGES, LINES, "en", kept) == "Corner Shop 0123456789" + "x" * 100
    content = replace(LINES, shown_name="\u5e97" * 32)
    assert compose(LANGUAGES, content, "en", kept).startswith("\u5e97" * 32 + ": Your code is 0123456789.")
