"""What a reply says, by its whole text alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.reply import REPLY_LANGUAGES, ReplyKind
from otp_worker.inbound.keywords import fold, meaning_of

SAID = {
    ("en", ReplyKind.STOP): [
        "STOP",
        "stopall",
        "Stop all",
        "unsubscribe",
        "CANCEL",
        "End",
        "quit",
        "opt-out",
        "Revoke",
        "REMOVE",
    ],
    ("en", ReplyKind.START): ["START", "yes", "unstop"],
    ("en", ReplyKind.REPORT): [
        "no",
        "Not me!",
        "wasn't me",
        "It wasn\u2019t me.",
        "that was not me",
        "FRAUD",
    ],
    ("de", ReplyKind.STOP): ["STOPP", "abmelden", "Abbestellen"],
    ("de", ReplyKind.START): ["starten", "Ja"],
    ("de", ReplyKind.REPORT): ["Nein", "nicht ich", "Das war ich nicht!", "ich war's nicht"],
    ("es", ReplyKind.STOP): ["BAJA", "alto", "cancelar"],
    ("es", ReplyKind.START): ["alta", "s\u00ed"],
    ("es", ReplyKind.REPORT): ["no", "\u00a1No soy yo!", "no fui yo"],
    ("fr", ReplyKind.STOP): ["ARRET", "arr\u00eat", "arr\u00eater"],
    ("fr", ReplyKind.START): ["oui"],
    ("fr", ReplyKind.REPORT): ["non", "pas moi", "Ce n\u2019\u00e9tait pas moi", "c'est pas moi"],
    ("it", ReplyKind.STOP): ["basta", "annulla"],
    ("it", ReplyKind.START): ["s\u00ec"],
    ("it", ReplyKind.REPORT): ["no", "non sono io", "Non sono stata io"],
    ("nl", ReplyKind.STOP): ["AFMELDEN", "uitschrijven"],
    ("nl", ReplyKind.START): ["ja"],
    ("nl", ReplyKind.REPORT): ["nee", "niet ik", "Ik was het niet"],
    ("pt", ReplyKind.STOP): ["PARAR", "sair"],
    ("pt", ReplyKind.START): ["sim"],
    ("pt", ReplyKind.REPORT): ["n\u00e3o", "N\u00e3o fui eu", "nao sou eu"],
}


@pytest.mark.parametrize(
    ("language", "meaning", "text"),
    [(language, meaning, text) for (language, meaning), texts in SAID.items() for text in texts],
)
def test_the_usual_words_of_each_language_are_known_in_it_and_among_all(
    language: str, meaning: ReplyKind, text: str
) -> None:
    assert meaning_of(text, [language]) is meaning
    assert meaning_of(text) is meaning


def test_every_language_of_the_sms_has_its_words() -> None:
    assert {language for language, _ in SAID} == set(REPLY_LANGUAGES)


def test_a_meaning_of_a_language_that_is_not_configured_is_for_support() -> None:
    assert meaning_of("afmelden", ["de"]) is ReplyKind.OTHER
    assert meaning_of("stop", ["de"]) is ReplyKind.STOP


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
    assert meaning_of(text) is ReplyKind.STOP


@pytest.mark.parametrize(
    "text",
    [
        "Stop. Thank you",
        "Please stop",
        "pls STOP!!!",
        "Stop, thank you very much",
        "Thank you very much! Stop",
        "Hi, please stop. Thanks.",
        "Ok stop",
        "STOP please and thank you",
        "stop stop STOP",
        "Unsubscribe, please.",
        "Stop texting me",
        "please stop messaging me, thanks",
        "Stop sending me these messages!",
        "stop sending codes",
        "Stop all texts",
        "Stop these text messages please",
        "Please opt me out",
        "opt me out of these texts",
        "unsubscribe me",
        "Remove me from your list",
        "Please take me off this list",
        "remove my number",
        "Do not text me again",
        "never text me",
        "Don't message me anymore",
        "please don't send me any more texts",
        "please don\uff07t text me",
        "No more messages",
        "STOP\n\nSent from my phone",
        "STOP\r\n\r\nSent from my Samsung Galaxy smartphone.",
        "STOP Sent from WaitEstimates for Android<https://aka.ms/abcdefgh>",
        "Please stop\n-- \nAnn Example\nExample Ltd, 1 Example Street, an address longer than any reply",
        "STOPP\n\nVon meinem iPhone gesendet",
        "Bitte abmelden, danke",
        "baja por favor, gracias",
        "ARR\u00caT s'il vous pla\u00eet, merci\nEnvoy\u00e9 de mon iPhone",
        "Basta per favore",
        "afmelden aub",
        "Sair, por favor. Obrigado!",
    ],
    ids=ascii,
)
def test_a_stop_among_courtesies_or_above_a_signature_is_a_stop(text: str) -> None:
    assert meaning_of(text) is ReplyKind.STOP


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Not me\n\nSent from my phone", ReplyKind.REPORT),
        ("No\n--\nAnn", ReplyKind.REPORT),
        ("START\n\nSent from my phone", ReplyKind.START),
    ],
)
def test_a_signature_is_not_what_its_person_says(text: str, meaning: ReplyKind) -> None:
    assert meaning_of(text) is meaning


@pytest.mark.parametrize("text", ["stop bitte", "stop svp", "stop gracias"])
def test_a_courtesy_of_a_language_that_is_not_configured_is_for_support(text: str) -> None:
    assert meaning_of(text, ["it"]) is ReplyKind.OTHER


def test_a_text_of_a_letters_length_is_for_support() -> None:
    assert meaning_of("stop" + " please" * 10 + " ok ok") is ReplyKind.STOP
    assert meaning_of("stop" + " please" * 11) is ReplyKind.OTHER
    assert meaning_of("STOP\n-- \n" + "x" * 1000) is ReplyKind.STOP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "no idea who you are",
        "I said yes already",
        "stop" * 40,
        "no " * 40,
        "nob\u043edy",
        "n\u043e",
        "1",
        "non stop",
        "I am in a meeting. No need to answer.",
        "don't stop",
        "Please do not stop, thanks",
        "the bus stop",
        "Stop by later",
        "I can't stop",
        "stop me if you can",
        "Stop! I need the code",
        "the end",
        "End of story, thanks",
        "cancel my order please",
        "Cancel that, it works now",
        "I quit my job. Thank you",
        "remove the code",
        "remove me not",
        "hiend",
        "quitty",
        "never mind",
        "don't text me the code, call me",
        "no more code came",
        "thank you",
        "please",
        "No, thanks",
        "no thank you",
        "yes please",
        "Sent from my phone",
        "sent from my phone: stop",
        "Thanks! Sent from my phone",
        "HELP",
        "info",
        "Help me please",
    ],
    ids=ascii,
)
def test_a_text_that_only_holds_a_word_is_for_support(text: str) -> None:
    assert meaning_of(text) is ReplyKind.OTHER


@given(st.text())
def test_whatever_comes_in_is_one_of_the_four(text: str) -> None:
    assert meaning_of(text) in ReplyKind


@given(st.text())
def test_what_is_folded_folds_to_itself(text: str) -> None:
    assert fold(fold(text)) == fold(text)
