"""What a reply says, by its whole text alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.text import LANGUAGES
from otp_worker.words import Word, fold, word_of

SAID = {
    ("en", Word.STOP): ["STOP", "stopall", "Stop all", "unsubscribe", "CANCEL", "End", "quit", "opt-out"],
    ("en", Word.START): ["START", "yes", "unstop"],
    ("en", Word.REPORT): ["no", "Not me!", "wasn't me", "It wasn\u2019t me.", "that was not me", "FRAUD"],
    ("de", Word.STOP): ["STOPP", "abmelden", "Abbestellen"],
    ("de", Word.START): ["starten", "Ja"],
    ("de", Word.REPORT): ["Nein", "nicht ich", "Das war ich nicht!", "ich war's nicht"],
    ("es", Word.STOP): ["BAJA", "alto", "cancelar"],
    ("es", Word.START): ["alta", "s\u00ed"],
    ("es", Word.REPORT): ["no", "\u00a1No soy yo!", "no fui yo"],
    ("fr", Word.STOP): ["ARRET", "arr\u00eat", "arr\u00eater"],
    ("fr", Word.START): ["oui"],
    ("fr", Word.REPORT): ["non", "pas moi", "Ce n\u2019\u00e9tait pas moi", "c'est pas moi"],
    ("it", Word.STOP): ["basta", "annulla"],
    ("it", Word.START): ["s\u00ec"],
    ("it", Word.REPORT): ["no", "non sono io", "Non sono stata io"],
    ("nl", Word.STOP): ["AFMELDEN", "uitschrijven"],
    ("nl", Word.START): ["ja"],
    ("nl", Word.REPORT): ["nee", "niet ik", "Ik was het niet"],
    ("pt", Word.STOP): ["PARAR", "sair"],
    ("pt", Word.START): ["sim"],
    ("pt", Word.REPORT): ["n\u00e3o", "N\u00e3o fui eu", "nao sou eu"],
}


@pytest.mark.parametrize(
    ("language", "word", "text"),
    [(language, word, text) for (language, word), texts in SAID.items() for text in texts],
)
def test_the_usual_words_of_each_language_are_known_in_it_and_among_all(
    language: str, word: Word, text: str
) -> None:
    assert word_of(text, [language]) is word
    assert word_of(text) is word


def test_every_language_of_the_sms_has_its_words() -> None:
    assert {language for language, _ in SAID} == LANGUAGES.keys()


def test_a_word_of_a_language_that_is_not_configured_is_for_support() -> None:
    assert word_of("afmelden", ["de"]) is Word.OTHER
    assert word_of("stop", ["de"]) is Word.STOP


@pytest.mark.parametrize(
    "text",
    [
        "\uff33\uff34\uff2f\uff30",
        "S\u200bT\u200cO\u2060P",
        "  stop\u00a0\n",
        "\u202estop\u202c",
        "S\u0301T\u0308OP",
        '"STOP".',
        "\U0001d412\U0001d413\U0001d40e\U0001d40f",
        "st\u00adop",
    ],
    ids=ascii,
)
def test_a_stop_in_disguise_is_a_stop(text: str) -> None:
    assert word_of(text) is Word.STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "no idea who you are",
        "please stop",
        "I said yes already",
        "stop" * 40,
        "no " * 40,
        "nob\u043edy",
        "n\u043e",
        "1",
        "non stop",
        "I am in a meeting. No need to answer.",
    ],
    ids=ascii,
)
def test_a_text_that_only_holds_a_word_is_for_support(text: str) -> None:
    assert word_of(text) is Word.OTHER


@given(st.text())
def test_whatever_comes_in_is_one_of_the_four(text: str) -> None:
    assert word_of(text) in Word


@given(st.text())
def test_what_is_folded_folds_to_itself(text: str) -> None:
    assert fold(fold(text)) == fold(text)
