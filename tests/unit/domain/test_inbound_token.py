"""Tokens that people text, however they type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.inbound_token import new_token, number_to_text, plain, shown, tokens_in
from otp_worker.domain.sim import Sim, Sims

TOKEN = "7K3Q0XW1"


def read(text: str) -> list[str]:
    return [token for token, _ in tokens_in(plain(text))]


@pytest.mark.parametrize(
    "text",
    [
        "7K3Q-0XW1",
        "7k3q0xw1",
        "7K3Q 0XW1",
        "7K3Q-OXWI",
        "7k3q-oxwl",
        "my token is 7K3Q-0XW1, thanks!",
        "\uff17\uff2b\uff13\uff31\u20130XW1",
        "7K3Q\u200b-0XW1",
        "code 7K3Q 0XW1 please",
    ],
    ids=ascii,
)
def test_a_token_is_read_however_it_is_typed(text: str) -> None:
    assert TOKEN in read(text)


@pytest.mark.parametrize(
    "text", ["", "STOP", "7K3Q-0XW", "7K3Q-0XW11", "A7K3Q0XW1", "7K3Q--0XW1", "7K3U-0XW1"]
)
def test_what_has_not_a_tokens_shape_is_none(text: str) -> None:
    assert read(text) == []


def test_no_text_holds_more_than_a_few() -> None:
    assert len(read("AAAA " * 400)) == 20


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    found = plain(text)
    for token, (start, end) in tokens_in(found):
        assert len(token) == 8
        assert 8 <= end - start <= 9


@given(st.builds(new_token))
def test_every_new_token_is_read_as_itself(token: str) -> None:
    assert read(shown(token)) == [token]
    assert not set(token) & set("ILOU")


def test_a_person_is_given_one_number_of_those_that_serve_the_country() -> None:
    sims = Sims(
        (
            Sim("a", "a", "+447400000001", countries=frozenset({"GB"})),
            Sim("b", "b", "+447400000002"),
            Sim("c", "c"),
            Sim("d", "d", "+15005550006", countries=frozenset({"US"})),
        )
    )
    people = [bytes([n]) * 32 for n in range(60)]
    given = [number_to_text(sims, "GB", person) for person in people]
    assert given == [number_to_text(sims, "GB", person) for person in people]
    assert set(given) == {"+447400000001", "+447400000002"}


def test_without_a_known_number_there_is_nothing_to_text_to() -> None:
    with pytest.raises(InvalidFieldError, match="no SIM that serves GB has a number"):
        number_to_text(Sims((Sim("a", "a"),)), "GB", b"h" * 32)
