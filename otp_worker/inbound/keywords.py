"""What a reply says: STOP, START, a report that somebody else asked for the code, or something for support.

The rule for STOP is that of 47 CFR 64.1200(a)(10) and of CTIA's Messaging Principles and Best Practices
(5.1.3). The words that they name revoke consent, whatever their case and punctuation; so do other words by
which a reasonable person understands a wish to get no more texts; and a word that could opt a person out by
mistake is not acted upon. Hence a reply is a STOP if it is, as a whole, one of the words or one of the usual
phrases around them ("stop texting me", "remove me from your list"). Courtesies before and after it, and a
mail signature below it, are no part of what it says. In any other sentence the word can mean something else
("the bus stop", "don't stop"): that is for support.

START and a report need the word or phrase as a whole, without courtesies: "no, thanks" reports nobody. HELP
and INFO, which CTIA wants answered with a contact, are for support.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from otp_worker.domain.reply import REPLY_LANGUAGES, ReplyKind

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
        "remove",
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
_COURTESIES: Mapping[str, tuple[str, ...]] = {
    "en": (
        *("please", "pls", "plz", "kindly", "hi", "hello", "hey", "ok", "okay", "now", "and"),
        *("thank you very much", "thank you so much", "thank you", "many thanks", "thanks", "thx", "ty"),
        *("cheers", "kind regards", "best regards", "regards"),
    ),
    "de": ("bitte", "vielen dank", "danke", "hallo"),
    "es": ("por favor", "muchas gracias", "gracias", "hola"),
    "fr": ("sil vous plait", "sil te plait", "svp", "stp", "merci beaucoup", "merci", "bonjour"),
    "it": ("per favore", "per piacere", "grazie mille", "grazie", "ciao"),
    "nl": ("alstublieft", "alsjeblieft", "aub", "ajb", "dank u", "dank je", "bedankt"),
    "pt": ("por favor", "muito obrigado", "muito obrigada", "obrigado", "obrigada", "ola"),
}
_TEXTS = r"(?:(?:any|all|these|those|the|your|more|text|sms) )*(?:texts?|messages?|msgs?|sms|codes)"
_STOP_SENTENCES = re.compile(
    rf"stop (?:(?:texting|messaging|contacting|spamming)(?: me)?|sending(?: me)?(?: {_TEXTS})?|{_TEXTS})"
    rf"|(?:dont|do not|never) (?:(?:text|message|contact|sms) me|send (?:me )?{_TEXTS})"
    r"(?: again| anymore| any more)?"
    rf"|no more {_TEXTS}"
    rf"|opt me out(?: of {_TEXTS})?|unsubscribe me|remove my number"
    r"|(?:remove me|take me off)(?: (?:from )?(?:your|the|this) list)?"
)
_SIGNATURE_LINE = re.compile(r"\n\s*(?:--|__)")
_SIGNATURE = re.compile(
    r" (?:sent (?:from|via|with)|get outlook for|von meinem|gesendet (?:von|mit)|envoye (?:de|depuis)"
    r"|enviado (?:desde|do|de|pelo)|inviato da|verzonden (?:vanaf|met|via)) .*"
)


def meaning_of(text: str, languages: Collection[str] = REPLY_LANGUAGES) -> ReplyKind:
    """What a reply says, in any of these languages; the English words count always."""
    said = _without_signature(text)
    spoken = {"en", *languages}
    if _asks_to_stop(said, spoken):
        return ReplyKind.STOP
    for meaning, phrases in ((ReplyKind.START, _START), (ReplyKind.REPORT, _REPORT)):
        if said in _spoken(phrases, spoken):
            return meaning
    return ReplyKind.OTHER


def _asks_to_stop(said: str, languages: Collection[str]) -> bool:
    """Whether a folded text is a wish to get no more texts and nothing else."""
    wish = _without_courtesies(said, sorted(_spoken(_COURTESIES, languages), key=len, reverse=True))
    # Said twice or thrice, it is said the louder.
    words = set(wish.split())
    once = words.pop() if len(words) == 1 else wish
    return once in _spoken(_STOP, languages) or _STOP_SENTENCES.fullmatch(once) is not None


def _without_courtesies(said: str, courtesies: Sequence[str]) -> str:
    """A folded text without the courtesies, longest first, that it begins and ends with."""
    padded = f" {said} "
    while courtesy := next((each for each in courtesies if padded.startswith(f" {each} ")), None):
        padded = padded.removeprefix(f" {courtesy}")
    while courtesy := next((each for each in courtesies if padded.endswith(f" {each} ")), None):
        padded = padded.removesuffix(f"{courtesy} ")
    return padded.strip()


def _without_signature(text: str) -> str:
    """A folded text without what a mail program puts below it; empty where it is a letter."""
    said = _SIGNATURE.sub("", fold(_SIGNATURE_LINE.split(text)[0]))
    return said if len(said) <= _LONGEST else ""


def _spoken(phrases: Mapping[str, tuple[str, ...]], languages: Collection[str]) -> set[str]:
    return {phrase for language in languages for phrase in phrases.get(language, ())}


def fold(text: str) -> str:
    """A text without case, accents, punctuation, invisible characters and needless white space."""
    # Twice: some capitals only come apart when they are small, and some characters contain an apostrophe.
    plain = _decomposed(_decomposed(text).casefold())
    return " ".join("".join(char if char.isalnum() else " " for char in plain).split())


def _decomposed(text: str) -> str:
    # An acute accent that stands alone would come apart into a space and an accent.
    whole = "".join(char for char in text if char not in _APOSTROPHES)
    return "".join(char for char in unicodedata.normalize("NFKD", whole) if not _is_dropped(char))


def _is_dropped(char: str) -> bool:
    # Accents (M), and what nobody sees: zero-width spaces, direction marks, soft hyphens (Cf).
    category = unicodedata.category(char)
    return category == "Cf" or category.startswith("M")
