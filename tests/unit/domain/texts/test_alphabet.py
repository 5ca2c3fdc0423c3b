"""How much a text takes, and how it is spelled."""

import pytest

from otp_worker.domain.texts.alphabet import Alphabet, size_of
from otp_worker.domain.texts.spelling import to_gsm7, visible


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "segments"),
    [
        ("", "gsm7", 0, 1),
        ("x" * 160, "gsm7", 160, 1),
        ("x" * 161, "gsm7", 161, 2),
        ("x" * 306, "gsm7", 306, 2),
        ("x" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 80 + "x", "gsm7", 161, 2),
        ("[^{}\\~]|", "gsm7", 16, 1),
        ("ç", "ucs2", 1, 1),
        ("ж" * 70, "ucs2", 70, 1),
        ("ж" * 71, "ucs2", 71, 2),
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 36, "ucs2", 72, 2),
    ],
)
def test_a_text_is_measured_as_networks_do(text: str, alphabet: str, units: int, segments: int) -> None:
    size = size_of(text)
    assert (size.alphabet, size.units, size.segments) == (Alphabet(alphabet), units, segments)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("código", "codigo"),
        ("Łódź", "Lodz"),
        ("geçerlilik \u0131I", "gecerlilik iI"),
        ("hiệu lực", "hieu luc"),
        ("ÆØÅ é", "ÆØÅ é"),
        ("\u201eHallo\u201c \u2013 it\u2019s", '"Hallo" - it\'s'),
        ("Код", None),
        ("コード", None),
    ],
)
def test_letters_are_made_plain_where_the_script_allows_it(text: str, plain: str | None) -> None:
    assert to_gsm7(text) == plain


def test_unseen_marks_go_and_spaces_are_plain() -> None:
    assert visible("\u200f1\u00a0234\u202f€\u2066x\u2069") == "1 234 €x"
