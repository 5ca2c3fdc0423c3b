"""The words of the SMS: one GSM-7 segment, the life it really has, no links."""

import math
import re

from otp_worker.domain.errors import InvalidFieldError

SEGMENT = 160
_LONGEST_CODE = "0" * 10
_LONGEST_LIVES_SECONDS = (600.0, 59.0)

# The GSM 7-bit default alphabet (3GPP TS 23.038); its extension table costs two septets a character.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# A phone makes a link of any two words with a dot between them, and new top-level domains come every year.
_LINK = re.compile(r"://|www\.|[a-z0-9}-]\.[a-z]{2}", re.IGNORECASE)
_FIELDS = {"code", "life"}

LANGUAGES = {
    "en": ("Your code is {code} (valid {life}).", "minute", "minutes", "seconds"),
    "de": ("Ihr Code ist {code} ({life} gültig).", "Minute", "Minuten", "Sekunden"),
    "es": ("Su codigo es {code} (valido {life}).", "minuto", "minutos", "segundos"),
    "fr": ("Votre code est {code} (valable {life}).", "minute", "minutes", "secondes"),
    "it": ("Il tuo codice è {code} (valido {life}).", "minuto", "minuti", "secondi"),
    "nl": ("Uw code is {code} ({life} geldig).", "minuut", "minuten", "seconden"),
    "pt": ("O seu codigo: {code} (valido {life}).", "minuto", "minutos", "segundos"),
}
"""For each language the sentence, and its words for one minute, minutes and seconds."""


def compose(code: str, life_seconds: float, language: str, template: str | None = None) -> str:
    """The text of the SMS; ``life_seconds`` is what is left of the code's life, named in whole minutes."""
    sentence, minute, minutes, seconds = LANGUAGES[language]
    whole = math.floor(life_seconds / 60)
    if whole < 1:
        life = f"{math.floor(life_seconds)} {seconds}"
    else:
        life = f"{whole} {minute if whole == 1 else minutes}"
    return (template or sentence).replace("{code}", code).replace("{life}", life)


def language_of(locale: str | None) -> str:
    """The language to write in, from a BCP 47 tag such as ``de-AT``; English where it is not spoken here."""
    language = (locale or "en").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


def is_gsm7(text: str) -> bool:
    """Whether a text is of the GSM 7-bit default alphabet alone; anything else makes an SMS UCS-2."""
    return _GSM7.issuperset(text)


def holds_link(text: str) -> bool:
    """Whether a phone makes a link of something in a text."""
    return _LINK.search(text) is not None


def check_text(name: str, text: str) -> None:
    """Raise InvalidFieldError unless a text makes one clean GSM-7 segment as it is."""
    _check_line(name, text)
    if not is_gsm7(text) or len(text) > SEGMENT:
        raise InvalidFieldError(name, f"one SMS holds {SEGMENT} characters of the GSM-7 alphabet")


def _check_line(name: str, text: str) -> None:
    if "\r" in text or "\n" in text:
        raise InvalidFieldError(name, "a template must be a single line")
    if holds_link(text):
        raise InvalidFieldError(name, "a template must not contain a link, or what a phone takes for one")


def check_template(name: str, template: str) -> None:
    """Raise InvalidFieldError unless the template makes one clean GSM-7 segment with the code in it."""
    fields = set(re.findall(r"{([^{}]*)}", template))
    if "code" not in fields or not fields <= _FIELDS:
        raise InvalidFieldError(
            name, "a template must contain {code}, may contain {life}, and no other field"
        )
    _check_line(name, template)
    texts = [
        compose(_LONGEST_CODE, life_seconds, language, template)
        for language in LANGUAGES
        for life_seconds in _LONGEST_LIVES_SECONDS
    ]
    strange = sorted(set().union(*texts) - _GSM7)
    if strange:
        raise InvalidFieldError(name, f"these characters are not in the GSM-7 alphabet: {' '.join(strange)}")
    longest = max(map(len, texts))
    if longest > SEGMENT:
        raise InvalidFieldError(name, f"the text is {longest} characters long; one SMS holds {SEGMENT}")
