"""What a person, or a phone, takes for something else: a link, a code, a line that fills a code in."""

import re
import unicodedata

from otp_worker.domain.texts.links import holds_link

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Printable characters of which nothing is seen."""
# What a script joins or parts its letters by, between two of its letters.
_JOINER = re.compile("(?<=[\u0600-\u0dff])[\u200c\u200d](?=[\u0600-\u0dff])")
_CODE = re.compile(r"\d(?:[ .\-]?\d){3}")
_LINE = re.compile(r"(?:^|\s)@[^\s]+ #")
_FULL_STOPS = str.maketrans({"\u3002": ".", "\uff61": ".", "\u2024": ".", "\ufe52": ".", "\uff0e": "."})
_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Scripts with letters that look like those of another one."""
_DISGUISES = ("<wide>", "<font>", "<circle>", "<square>", "<sub>", "<super>", "<narrow>")


def look_alike(text: str) -> str | None:
    """What in a text looks like something else, in words; None if nothing does."""
    if not all(map(str.isprintable, _JOINER.sub("", text))) or not _UNSEEN.isdisjoint(text):
        return "a character that nobody sees, or a second line"
    if holds_link(text) or holds_link(text.translate(_FULL_STOPS)):
        return "a link, or what a phone takes for one"
    if _CODE.search(text):
        return "four digits in a row, which a phone takes for the code"
    if _LINE.search(text):
        return "a line as those that fill codes in: @ and #"
    if any(map(_is_disguised, text)):
        return "a character that is a letter or digit in disguise"
    if any(len(_scripts(word)) > 1 for word in re.findall(r"\w+", text)):
        return "letters of two scripts in one word"
    return None


def _is_disguised(character: str) -> bool:
    """Whether it is a western letter or digit in another shape, such as a wide one."""
    if character.isascii() or not unicodedata.decomposition(character).startswith(_DISGUISES):
        return False
    plain = unicodedata.normalize("NFKC", character)
    return plain.isascii() and any(map(str.isalnum, plain))


def _scripts(word: str) -> frozenset[str]:
    names = (unicodedata.name(character, "").partition(" ")[0] for character in word if character.isalpha())
    return _SCRIPTS.intersection(names)
