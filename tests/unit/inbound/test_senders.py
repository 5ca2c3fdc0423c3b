"""Who an SMS came from, however the networks write it."""

from collections.abc import Collection

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat

from otp_worker.domain.sim import Sim, Sims
from otp_worker.inbound.senders import Sender, Senders, can_stand_for, numbers_of, shown
from tests.unit.domain.every_country import EVERYWHERE, INTERNATIONAL, MOBILES, NATIONAL

NO_SIMS = Sims(())
US_SIM, GB_SIM = "+14155552671", "+447400999999"


def e164s(written: str, regions: Collection[str]) -> set[str]:
    """The numbers that a sender can stand for."""
    return {number.e164 for number in numbers_of(written, regions)}


def read(written: str, to: str | None, *countries: str, sims: Sims = NO_SIMS) -> Sender:
    """A sender of an SMS that came in by the gateway ``phone``."""
    return Senders(countries, sims).read(written, "phone", to)


@pytest.mark.parametrize("country", sorted(MOBILES))
def test_every_form_of_every_countrys_numbers_is_known_where_it_is_at_home(country: str) -> None:
    number = MOBILES[country]
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    trunk = (metadata.national_prefix or "") if metadata else ""
    national = phonenumbers.national_significant_number(number)
    forms = {
        e164,
        INTERNATIONAL[country],
        NATIONAL[country],
        f"00{e164[1:]}",
        f"{trunk}{national}",
        f"+{number.country_code}{trunk}{national}",
        f"{number.country_code}{trunk}{national}",
    }
    for form in forms:
        assert e164 in e164s(form, {country}), form
    assert e164s(e164, EVERYWHERE) == {e164}
    assert e164 in e164s(e164[1:], EVERYWHERE)
    assert can_stand_for(NATIONAL[country], e164)


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("07400123456", "GB", "+447400123456"),
        ("+07400123456", "GB", "+447400123456"),
        ("5215512345678", "MX", "+525512345678"),
        ("+5215512345678", "MX", "+525512345678"),
        ("5512345678", "MX", "+525512345678"),
        ("0445512345678", "MX", "+525512345678"),
        ("015512345678", "MX", "+525512345678"),
        ("541123456789", "AR", "+5491123456789"),
        ("+541123456789", "AR", "+5491123456789"),
        ("1123456789", "AR", "+5491123456789"),
        ("01123456789", "AR", "+5491123456789"),
        ("0111523456789", "AR", "+5491123456789"),
        ("551161234567", "BR", "+5511961234567"),
        ("1161234567", "BR", "+5511961234567"),
        ("011961234567", "BR", "+5511961234567"),
        ("03471234567", "IT", "+393471234567"),
        ("0347123456", "IT", "+39347123456"),
        ("3903311234567", "IT", "+393311234567"),
        ("03311234567", "IT", "+393311234567"),
        ("89123456789", "RU", "+79123456789"),
        ("9123456789", "RU", "+79123456789"),
        ("06201234567", "HU", "+36201234567"),
        ("4792261234", "US", "+14792261234"),
        ("0011447400123456", "AU", "+447400123456"),
        ("00700447400123456", "KR", "+447400123456"),
    ],
)
def test_national_forms_and_their_quirks_are_one_number(written: str, country: str, number: str) -> None:
    assert e164s(written, {country}) == {number}


@pytest.mark.parametrize("written", ["4792261234", "47 92 26 12 34"])
def test_digits_of_two_countries_are_both(written: str) -> None:
    both = {"+14792261234", "+4792261234"}
    assert e164s(written, {"NO", "US"}) == both
    sender = read(written, US_SIM, "NO")
    assert {each.e164 for each in sender.numbers} == both
    assert not sender.is_proven


def test_digits_are_no_number_of_a_country_that_is_not_sent_to_while_they_can_be_of_one_that_is() -> None:
    assert e164s("4792261234", {"US"}) == {"+14792261234"}
    assert e164s("4792261234", {"GB"}) == {"+4792261234"}
    assert e164s("33612345678", {"GB"}) == {"+33612345678"}


def test_a_former_form_of_no_number_is_none() -> None:
    assert e164s("+5210000000000", {"MX"}) == set()
    assert e164s("0312345678", {"IT"}) == set()


def test_a_plus_is_believed() -> None:
    assert read("+4792261234", US_SIM, "NO", "US") == Sender(numbers_of("+4792261234", ()), is_proven=True)
    assert e164s("+4155552671", {"US"}) == set()


@pytest.mark.parametrize(
    "written", ["12345", "+12345", "7000", "VODAFONE", "+VODAFONE", "Bank 07400123456", "", "+"]
)
def test_a_short_code_or_a_name_is_no_number(written: str) -> None:
    assert numbers_of(written, EVERYWHERE) == ()


class TestTheSim:
    """Where an SMS came to says how its sender is written."""

    @pytest.mark.parametrize("to", ["+14155552671", "14155552671", "4155552671", "(415) 555-2671"])
    def test_it_is_known_however_the_gateway_writes_it(self, to: str) -> None:
        sims = Sims((Sim("a", "phone", number=US_SIM), Sim("b", "phone", number=GB_SIM)))
        assert read("4792261234", to, sims=sims) == Sender(numbers_of("+14792261234", ()), is_proven=True)

    def test_it_need_not_be_one_of_the_settings(self) -> None:
        assert read("07400123456", GB_SIM).numbers == numbers_of("+447400123456", ())

    def test_all_of_one_country_need_not_be_told_apart(self) -> None:
        sims = Sims((Sim("a", "phone", number=GB_SIM), Sim("b", "other", number=US_SIM)))
        assert read("07400123456", None, sims=sims) == Sender(numbers_of("+447400123456", ()), is_proven=True)
        assert read("07400123456", "unknown", sims=sims).is_proven

    @pytest.mark.parametrize("second", [US_SIM, None])
    def test_of_several_countries_or_unknown_it_proves_nothing(self, second: str | None) -> None:
        sims = Sims((Sim("a", "phone", number=GB_SIM), Sim("b", "phone", number=second)))
        assert read("07400123456", None, sims=sims) == Sender()
        sender = read("07400123456", None, "GB", sims=sims)
        assert sender == Sender(numbers_of("+447400123456", ()), is_proven=False)
        assert read("+447400123456", None, sims=sims).is_proven


def test_our_own_number_is_known_at_home_and_abroad() -> None:
    assert can_stand_for("07400999999", GB_SIM)
    assert can_stand_for("447400999999", GB_SIM)
    assert can_stand_for("+447400999999", GB_SIM)
    assert not can_stand_for("07400999998", GB_SIM)
    assert not can_stand_for("", GB_SIM)
    assert can_stand_for("4930123456", "+4930123456")


@pytest.mark.parametrize(
    "written", ["VODAFONE", "12345", "7000", "+12345", "+ACME", "VM-HDFCBK", "Bank 24", "ElevenChars", ""]
)
def test_a_short_code_or_a_name_is_shown_as_it_came(written: str) -> None:
    assert shown(written) == written


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("07400123456", "*********56"),
        ("4792261", "*****61"),
        ("Ann 7400123", "*********23"),
        ("ann@home.uk", "*********uk"),
        ("Twelve chars", "**********rs"),
        ("12\x1b345", "****45"),
    ],
)
def test_what_could_be_a_person_is_starred_out(written: str, masked: str) -> None:
    assert shown(written) == masked
