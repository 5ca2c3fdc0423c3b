"""The texts of every language: complete, one segment, early code, nothing unseen in them."""

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.texts.alphabet import Alphabet, size_of
from otp_worker.domain.texts.choice import Languages, first_language
from otp_worker.domain.texts.compose import compose
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.wording import Wording, WordingError, read_facts, read_wording, tags_in

TAGS = tags_in()
CODE = "0123456789"
FIRST = ("de", "en", "es", "fr", "it", "nl", "pt")
UNSEEN = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\u00a0\u202f\u2009]")
# What the first seven sentences are made of; every one of these is in the GSM-7 alphabet.
PLAIN = set(string.ascii_letters + string.digits + " .:()" + "\u00fc\u00e8")
OTHER_SCRIPTS = {
    *("ar", "bg", "bn", "el", "fa", "he", "hi", "ja", "ko", "mk", "ru", "sr", "th", "uk", "ur"),
    *("zh-Hans", "zh-Hant"),
}


def texts(tag: str) -> list[str]:
    """Every text that a tag can give: both alphabets, with and without the warning, long and short lives."""
    return [
        Languages(named=frozenset({tag}), plain=plain, warning=warning).text(CODE, seconds, tag)
        for plain in (True, False)
        for warning in (True, False)
        for seconds in (600, 300, 120, 61, 60, 59, 2, 1)
    ]


def templated(code: str, seconds: float, tag: str, template: str) -> str:
    return compose(Languages(), Content(code, seconds, "shop"), tag, template)


def test_there_are_more_than_forty() -> None:
    assert len(TAGS) >= 40


@pytest.mark.parametrize("tag", TAGS)
def test_a_language_says_code_and_life_in_one_segment_with_the_longest_code(tag: str) -> None:
    for text in texts(tag):
        assert text.count(CODE) == 1
        assert size_of(text).segments == 1, text
        assert not UNSEEN.search(text)
        assert "{" not in text
        assert "  " not in text
        # Phones look for the code early, and for western digits.
        assert text.index(CODE) <= 20
        assert all(character in string.digits for character in text if character.isdigit())


@pytest.mark.parametrize("tag", TAGS)
def test_plain_letters_make_every_language_of_latin_script_gsm7(tag: str) -> None:
    alphabets = {size_of(Languages().text(CODE, seconds, tag)).alphabet for seconds in (600, 60, 59)}
    assert alphabets == {Alphabet.UCS2 if tag in OTHER_SCRIPTS else Alphabet.GSM7}


@pytest.mark.parametrize("tag", TAGS)
def test_the_warning_follows_the_sentence(tag: str) -> None:
    short = Languages().text(CODE, 300, tag)
    long = Languages(warning=True).text(CODE, 300, tag)
    assert long.startswith(f"{short} ")


@pytest.mark.parametrize("tag", TAGS)
def test_every_language_has_a_text_without_the_life_for_where_room_is_short(tag: str) -> None:
    full, short = Languages().built_in(CODE, 300, tag)
    assert size_of(short).units <= 36
    assert short.count(CODE) == 1
    assert full.startswith(short[: short.index(CODE)])
    assert not re.search(r"[(){}]|  ", short)


@pytest.mark.parametrize("tag", TAGS)
def test_each_says_where_it_comes_from_and_who_has_read_it(tag: str) -> None:
    facts = read_facts(tag)
    assert facts.source
    assert facts.is_read == (tag in FIRST)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "Your code is 012345 (valid 1 minute)."),
        ("de", "Ihr Code ist 012345 (1 Minute g\u00fcltig)."),
        ("es", "Su codigo es 012345 (valido 1 minuto)."),
        ("fr", "Votre code est 012345 (valable 1 minute)."),
        ("it", "Il tuo codice \u00e8 012345 (valido 1 minuto)."),
        ("nl", "Uw code is 012345 (1 minuut geldig)."),
        ("pt", "O seu codigo: 012345 (valido 1 minuto)."),
        ("pl", "Twoj kod: 012345 (wazny: 1 minuta)."),
        ("ru", "Ваш код: 012345 (срок: 1 минута)."),
        ("zh-Hant", "您的驗證碼是 012345 (1 分鐘內有效)。"),
    ],
)
def test_a_single_minute_has_its_own_word(tag: str, text: str) -> None:
    assert Languages().text("012345", 60, tag) == text


def test_slavic_plurals_have_three_forms() -> None:
    lives = [read_wording("ru").life(60 * minutes) for minutes in (1, 3, 5)]
    assert lives == ["1 минута", "3 минуты", "5 минут"]


def test_right_spelling_is_kept_where_the_operator_wants_it() -> None:
    assert Languages(plain=False).text("012345", 300, "es") == "Su código es 012345 (válido 5 minutos)."


@pytest.mark.parametrize("tag", FIRST)
def test_the_first_seven_are_written_as_before(tag: str) -> None:
    for seconds in (600, 300, 60, 59):
        text = Languages().text(CODE, seconds, tag)
        assert len(text) <= 160
        assert set(text) <= PLAIN


@pytest.mark.parametrize(
    ("seconds", "life"),
    [(600, "10 minutes"), (299.9, "4 minutes"), (119, "1 minute"), (60, "1 minute"), (59.9, "59 seconds")],
)
def test_the_life_is_named_in_whole_minutes_and_never_overstated(seconds: float, life: str) -> None:
    assert Languages().text("123456", seconds, "en") == f"Your code is 123456 (valid {life})."


@given(seconds=st.floats(0, 600), tag=st.sampled_from(FIRST))
def test_no_life_is_longer_than_what_is_left_nor_a_minute_shorter(seconds: float, tag: str) -> None:
    number, unit = templated("1", seconds, tag, "{life}{code}").removesuffix("1").split(" ")
    stated = int(number) * (1 if unit[0] in "sS" else 60)
    assert stated <= seconds < stated + 60


def test_a_template_speaks_of_the_life_in_the_language() -> None:
    assert templated("0042", 300, "de", "Acme: {code}, {life}") == "Acme: 0042, 5 Minuten"
    assert templated("0042", 300, "pl", "Acme: {code}, {life}") == "Acme: 0042, 5 minut"


def test_a_tag_that_is_unknown_here_is_written_in_english() -> None:
    # A row of a newer version.
    assert Languages().text("0042", 300, "xx") == "Your code is 0042 (valid 5 minutes)."


def test_the_operators_own_text_wins(tmp_path: Path) -> None:
    (tmp_path / "en.ftl").write_text("code = { $code } it is, for { $life }.\nwarning = Hush.\n")
    (tmp_path / "gsw.ftl").write_text("code = Din Code isch { $code } ({ $life }).\nwarning = Psst.\n")
    languages = Languages(folder=tmp_path, warning=True)
    assert languages.text("0042", 300, "en") == "0042 it is, for 5 minutes. Hush."
    assert languages.choose("gsw-CH", None) == "gsw"
    assert languages.text("0042", 300, "gsw") == "Din Code isch 0042 (5 Minuute). Psst."


@pytest.mark.parametrize(
    "content", ["warning = Hush.\n", "code = { $code }\n", "code = { $code\nwarning = x\n"]
)
def test_a_file_without_a_sentence_is_no_wording(tmp_path: Path, content: str) -> None:
    (tmp_path / "en.ftl").write_text(content)
    with pytest.raises(WordingError):
        Languages(folder=tmp_path).unfit()


def test_a_field_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "en.ftl").write_text("code = { $code } for { $name }\nwarning = Hush.\n")
    wording: Wording = read_wording("en", tmp_path)
    with pytest.raises(WordingError, match="name"):
        wording.sentence("0042", 300)


def test_a_text_without_its_code_or_over_its_segment_is_told(tmp_path: Path) -> None:
    (tmp_path / "en.ftl").write_text("code = { $code } " + "x" * 150 + "\nwarning = Hush.\n")
    assert Languages(folder=tmp_path).unfit() == ["en"]
    (tmp_path / "de.ftl").write_text("code = Nichts.\nwarning = Hush.\n")
    read_wording.cache_clear()
    with pytest.raises(WordingError, match=r"de\.ftl: .*code"):
        Languages(folder=tmp_path).unfit()


@pytest.mark.parametrize(("tag", "first"), [("de", "de"), ("pt-BR", "pt"), ("pl", "en"), ("zh-Hant", "en")])
def test_older_workers_are_given_a_language_that_they_know(tag: str, first: str) -> None:
    assert first_language(tag) == first


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tlh", b"code = { $code }\nwarning = x\n", r"tlh\.ftl: "),
        ("de", "code = { $code } g\u00fcltig\nwarning = x\n".encode("latin-1"), r"de\.ftl: "),
        ("en", b"code = { $code } see www.evil.com\nwarning = x\n", r"en\.ftl: .*link"),
        ("en", b"code = { $code }\n    second line\nwarning = x\n", r"en\.ftl: .*one line"),
    ],
)
def test_a_file_of_the_operators_that_is_none_is_named(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / f"{name}.ftl").write_bytes(content)
    with pytest.raises(WordingError, match=said):
        Languages(folder=tmp_path).unfit()


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordingError, match="is no folder"):
        Languages(folder=tmp_path / "missing").unfit()


def test_an_apps_language_makes_no_second_segment() -> None:
    template = "Acme: {code}, valid {life}." + "x" * 100
    assert templated("0042", 300, "ru", template).startswith("Acme: 0042, valid 5 minutes.")
    assert "5 минут" in templated("0042", 300, "ru", "Acme: {code} {life}")
