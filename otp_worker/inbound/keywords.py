"""What a reply says: STOP, START, a report that somebody else asked for the code, or something for support.

Only a message that is such a word or phrase as a whole counts: a sentence that holds "no" is for people.
"""

import unicodedata
from collections.abc import Collection, Mapping

from otp_worker.domain.reply import Meaning
from otp_worker.domain.sms_text import LANGUAGES

_APOSTROPHES = frozenset("'`\u00b4\u02bc\u2018\u2019\u201b\u2032")
_LONGEST = 80


# English first: the words that CTIA's Messaging Principles and the FCC (47 CFR 64.1200(a)(10)) name.
_STOP: Mapping[str, tuple[str, ...]] = {
    "en": (
        "stop",
        "stopall",
        "stop all",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "optout",
        "opt out",
        "revoke",
    ),
    "de": ("stopp", "abmelden", "abbestellen"),
    "es": ("baja", "alto", "parar", "cancelar"),
    "fr": ("arret", "arreter", "desabonner"),
    "it": ("basta", "ferma", "annulla"),
    "nl": ("afmelden", "uitschrijven", "stoppen"),
    "pt": ("parar", "sair", "cancelar"),
}
_START: Mapping[str, tuple[str, ...]] = {
    "en": ("start", "yes", "unstop"),
    "de": ("starten", "anmelden", "ja"),
    "es": ("alta", "iniciar", "si"),
    "fr": ("reprendre", "oui"),
    "it": ("inizia", "si"),
    "nl": ("aanmelden", "ja"),
    "pt": ("iniciar", "sim"),
}
_REPORT: Mapping[str, tuple[str, ...]] = {
    "en": (
        "no",
        "not me",
        "wasnt me",
        "it wasnt me",
        "that wasnt me",
        "this wasnt me",
        "was not me",
        "it was not me",
        "that was not me",
        "this was not me",
        "fraud",
        "report",
    ),
    "de": ("nein", "nicht ich", "war ich nicht", "das war ich nicht", "ich war es nicht", "ich wars nicht"),
    "es": ("no", "no soy yo", "no fui yo", "no he sido yo", "yo no"),
    "fr": ("non", "pas moi", "ce netait pas moi", "cetait pas moi", "ce nest pas moi", "cest pas moi"),
    "it": ("no", "non sono io", "non ero io", "non sono stato io", "non sono stata io"),
    "nl": ("nee", "niet ik", "ik niet", "ik was het niet", "dat was ik niet"),
    "pt": ("nao", "nao fui eu", "nao sou eu", "nao era eu"),
}


def meaning_of(text: str, languages: Collection[str] = LANGUAGES) -> Meaning:
    """What a reply says, in any of these languages; the English words count always."""
    said = fold(text) if len(text) <= _LONGEST else ""
    spoken = {"en", *languages}
    for meaning, phrases in ((Meaning.STOP, _STOP), (Meaning.START, _START), (Meaning.REPORT, _REPORT)):
        if any(said in phrases[language] for language in spoken & phrases.keys()):
            return meaning
    return Meaning.OTHER


def fold(text: str) -> str:
    """A text without case, accents, punctuation, invisible characters and needless white space."""
    # Once more after the case: some capitals only come apart when they are small.
    plain = _decomposed(_decomposed(text).casefold())
    return " ".join("".join(char if char.isalnum() else " " for char in plain).split())


def _decomposed(text: str) -> str:
    # An acute accent that stands alone would come apart into a space and an accent.
    whole = "".join(char for char in text if char not in _APOSTROPHES)
    return "".join(char for char in unicodedata.normalize("NFKD", whole) if not _is_dropped(char))


def _is_dropped(char: str) -> bool:
    # Accents (M), and what nobody sees: zero-width spaces, direction marks, soft hyphens (Cf).
    category = unicodedata.category(char)
    return category == "Cf" or category.startswith("M") or char in _APOSTROPHES
