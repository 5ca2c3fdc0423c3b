"""The whole SMS: the app's name, the words, and the lines that fill the code in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.texts.autofill import Autofill
from otp_worker.domain.texts.choice import LONGEST_NAME, Languages
from otp_worker.domain.texts.compose import compose
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.wording import tags_in

CODE = "0123456789"
HASH = "FA+9qCX9VSu"
ORIGIN = "https://shop.example"
BOTH = Autofill(ORIGIN, HASH)
WEBOTP = re.compile(r"(?:^|\s)@([a-zA-Z0-9.-]+) #([^#\s]+)(?: @([a-zA-Z0-9.-]+))?")
"""How Chromium finds the code of a site (content/browser/sms/sms_parser.cc)."""
RETRIEVER = re.compile(r"^[A-Za-z0-9+/]{11}$", re.MULTILINE)
"""An Android app's hash on a line of its own (SMS Retriever API)."""


def written(
    tag: str = "en", template: str | None = None, languages: Languages | None = None, **more: object
) -> str:
    content = Content(**{"code": CODE, "life_seconds": 300, "app": "shop", **more})  # type: ignore[arg-type]
    return compose(languages or Languages(), content, tag, template)


def of_browser(text: str) -> tuple[str, str] | None:
    """The host and code that a browser takes from an SMS; Apple reads the last line alone."""
    found = WEBOTP.search(text)
    if found is None:
        return None
    assert found[0].strip() == text.rpartition("\n")[2]
    assert found[3] is None
    return found[1], found[2]


def test_the_name_goes_before_the_built_in_text() -> None:
    assert written(shown_name="Corner Shop") == f"Corner Shop: Your code is {CODE} (valid 5 minutes)."


def test_the_name_follows_a_text_that_runs_from_right_to_left() -> None:
    assert written("he", shown_name="Shop").endswith(". Shop")
    assert written("ar", shown_name="Shop").startswith("رمزك")


def test_a_template_names_the_app_by_its_shown_name_else_by_its_own() -> None:
    assert written(template="{name}: {code}", shown_name="Corner Shop") == f"Corner Shop: {CODE}"
    assert written(template="{name}: {code}", app="shop.example") == f"shop example: {CODE}"


def test_a_name_that_reads_like_a_field_is_not_filled_in() -> None:
    assert written(template="{name}: {code}", shown_name="{code}{life}") == "{code}{life}: " + CODE


def test_the_name_is_written_in_plain_letters_where_the_rest_is() -> None:
    assert written(shown_name="Łódź").startswith("Lodz: ")
    assert written(shown_name="Łódź", languages=Languages(plain=False)).startswith("Łódź: ")


@pytest.mark.parametrize("autofill", [BOTH, Autofill(ORIGIN), Autofill(None, HASH)], ids=str)
@pytest.mark.parametrize("warning", [True, False])
@pytest.mark.parametrize("tag", tags_in())
def test_phones_find_the_code_in_every_language(tag: str, warning: bool, autofill: Autofill) -> None:
    for plain in (True, False):
        languages = Languages(plain=plain, warning=warning)
        text = written(tag, languages=languages, autofill=autofill, shown_name="Corner Shop")
        assert size_of(text).segments == 1, text
        assert of_browser(text) == (("shop.example", CODE) if autofill.origin else None)
        assert RETRIEVER.findall(text) == ([HASH] if autofill.android_hash else [])
        assert not autofill.android_hash or len(text.encode()) <= 140
        assert text.index(CODE) < 36


def test_the_hash_stands_before_the_line_of_the_site() -> None:
    assert written(autofill=BOTH).split("\n") == [
        f"Your code is {CODE} (valid 5 minutes).",
        HASH,
        f"@shop.example #{CODE}",
    ]


def test_what_has_no_room_gives_way_before_the_lines_do() -> None:
    languages = Languages(warning=True)
    sizes: dict[str, int] = {}
    for length in range(60, 153):
        origin = f"https://{'a' * (length - 8)}.example"
        text = written("en", languages=languages, autofill=Autofill(origin), shown_name="Corner Shop")
        assert size_of(text).segments == 1
        words = text.split("\n")[0]
        sizes.setdefault(words, length)
    assert list(sizes) == [
        f"Corner Shop: Your code is {CODE} (valid 5 minutes). Do not share it with anyone.",
        f"Corner Shop: Your code is {CODE} (valid 5 minutes).",
        f"Corner Shop: Your code is {CODE}.",
        f"Your code is {CODE}.",
    ]
    # The words of the first one again, when no line fits beside any.
    assert words == next(iter(sizes))
    assert "\n" not in text


def test_a_template_that_leaves_no_room_for_the_lines_goes_without_them() -> None:
    template = "{code}" + "x" * 140
    assert written(template=template, autofill=BOTH) == CODE + "x" * 140


def test_a_name_that_no_template_has_room_for_makes_no_second_segment() -> None:
    text = written(template="{name} {code}" + "x" * 100, shown_name="店" * LONGEST_NAME)
    assert text == f"{'店' * LONGEST_NAME}: Your code is {CODE}."


@given(
    name=st.none() | st.text(min_size=1, max_size=LONGEST_NAME).filter(str.isprintable),
    tag=st.sampled_from(tags_in()),
    origin=st.none() | st.integers(1, 240).map(lambda length: f"https://{'a' * length}.example"),
    android_hash=st.none() | st.just(HASH),
    template=st.none() | st.just("{name} {code} {life}" + "x" * 60),
    warning=st.booleans(),
)
def test_whatever_is_set_it_is_one_segment_with_the_code(
    name: str | None,
    tag: str,
    origin: str | None,
    android_hash: str | None,
    template: str | None,
    warning: bool,
) -> None:
    languages = Languages(warning=warning)
    text = written(tag, template, languages, shown_name=name, autofill=Autofill(origin, android_hash))
    assert size_of(text).segments == 1
    assert CODE in text
