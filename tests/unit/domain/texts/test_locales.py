"""Which language a person is written to in."""

import pytest

from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.texts.locales import look_up, parse_ranges, tags_of_country
from otp_worker.domain.texts.wording import tags_in

EVERY = Languages(named=frozenset(tags_in()))


@pytest.mark.parametrize(
    ("locale", "ranges"),
    [
        ("de", ["de"]),
        ("de_AT", ["de-AT"]),
        ("de-AT,de;q=0.9,en;q=0.8", ["de-AT", "de", "en"]),
        ("en;q=0.1, fr ; q=0.7,it", ["it", "fr", "en"]),
        ("de;q=0,fr", ["fr"]),
        ("*", []),
        ("fr,*;q=0.1", ["fr"]),
    ],
)
def test_a_list_is_read_by_quality(locale: str, ranges: list[str]) -> None:
    assert parse_ranges(locale) == ranges


@pytest.mark.parametrize(
    "locale",
    [
        "",
        ",",
        "de,",
        "1-2-ü",
        "de;q=2",
        "de;p=1",
        "deutschland1",
        "german",
        "x-klingon",
        ",".join(["de"] * 11),
    ],
)
def test_what_is_no_list_of_tags_is_refused(locale: str) -> None:
    with pytest.raises(ValueError, match=r"language"):
        parse_ranges(locale)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("zh-Hant-TW", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("pt-BR", "pt-BR"),
        ("pt-PT", "pt"),
        ("sr-Latn-RS", "sr-Latn"),
        ("sr-RS", "sr"),
        ("sh", "sr-Latn"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("no_NO", "nb"),
        ("iw", "he"),
        ("in", "id"),
        ("tl", "fil"),
        ("de-x-private", "de"),
        ("xx", None),
    ],
)
def test_a_tag_is_looked_up_by_leaving_off_its_end(wanted: str, found: str | None) -> None:
    assert look_up([wanted], tags_in()) == found


@pytest.mark.parametrize(
    ("country", "tag"),
    [
        ("DE", "de"),
        ("BR", "pt-BR"),
        ("TW", "zh-Hant"),
        ("CN", "zh-Hans"),
        ("JP", "ja"),
        ("RS", "sr"),
        ("NO", "nb"),
    ],
)
def test_a_country_has_a_language(country: str, tag: str) -> None:
    assert EVERY.choose(None, country) == tag
    assert EVERY.choose("xx", country) == tag


@pytest.mark.parametrize("country", ["GB", "US", "AU", "ZZ"])
def test_the_rest_is_english(country: str) -> None:
    assert EVERY.choose(None, country) == "en"
    assert tags_of_country("ZZ") == []


def test_the_nearer_wish_wins() -> None:
    languages = Languages(default="it")
    assert languages.choose("fr,de;q=0.5", "ES", app="nl") == "fr"
    assert languages.choose(None, "ES", app="nl") == "nl"
    assert languages.choose(None, "ES") == "it"
    assert Languages().choose(None, "ES") == "es"
    assert Languages().choose(None, None) == "en"


def test_what_no_speaker_has_read_is_used_only_where_the_operator_names_it() -> None:
    assert Languages().choose("pl,de;q=0.5", "PL") == "de"
    assert Languages().choose("pl", "PL") == "en"
    assert Languages(named=frozenset({"pl"})).choose("pl-PL", "PL") == "pl"
    assert Languages(default="pl").choose(None, "PL") == "pl"
