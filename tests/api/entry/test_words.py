"""The page's sentences: complete in every language, and used only where they may be."""

import re

import pytest

from api.entry.words import FOLDER, read_words, words_for
from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.texts.wording import read_facts, tags_in

TAGS = tags_in(FOLDER)
VALUES = {"number": "+44********56", "name": "Shop", "count": 3, "time": "0:30"}
FIELD = re.compile(r"\{ \$(\w+) \}")


def messages(tag: str) -> dict[str, set[str]]:
    """The sentences of a file, each with what it has filled in."""
    lines = (FOLDER / f"{tag}.ftl").read_text().splitlines()
    pairs = (line.split(" = ", 1) for line in lines if line and not line.startswith("#"))
    return {name: set(FIELD.findall(text)) for name, text in pairs}


@pytest.mark.parametrize("tag", TAGS)
def test_every_language_says_all_that_english_says(tag: str) -> None:
    assert messages(tag) == messages("en")
    words = read_words(tag)
    assert all(words.say(name, VALUES).strip() for name in messages(tag))
    assert read_facts(tag, FOLDER).source


def test_what_is_filled_in_keeps_its_own_direction() -> None:
    arabic = read_words("ar")
    assert arabic.direction == "rtl"
    assert "\u2068+44********56\u2069" in arabic.say("enter-lead", VALUES)


@pytest.mark.parametrize(
    ("languages", "wanted", "app", "tag"),
    [
        (Languages(), None, None, "en"),
        (Languages(), "de-AT,de;q=0.9", None, "en"),
        (Languages(), "de-AT,de;q=0.9", "de", "de"),
        (Languages(named=frozenset({"de"})), "de-AT,de;q=0.9", None, "de"),
        (Languages(named=frozenset({"de"})), "en-GB", None, "en"),
        (Languages(default="fr-CA"), "xx", None, "fr"),
        (Languages(), "th", "ar", "ar"),
        (Languages(named=frozenset({"de"})), "no language; at all", "de", "de"),
        (Languages(named=frozenset({"de"})), ",".join(["xx"] * 50), "de", "de"),
    ],
)
def test_a_language_that_no_speaker_has_read_is_used_only_where_it_is_named(
    languages: Languages, wanted: str | None, app: str | None, tag: str
) -> None:
    assert words_for(languages, wanted, "GB", app).tag == tag
