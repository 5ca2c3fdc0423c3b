"""Mobile numbers in plain E.164, told by patterns that are compiled from libphonenumber's own metadata.

Nearly every number that an app sends is one, and to ask the library for it costs twenty times as much: it
reads what people type, and looks every pattern up anew. Whatever is not plainly a mobile number is left to
the library.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_CALLING_CODES = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))

_Test = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class _Region:
    """A region of a calling code: which national numbers are its own, and which of these are mobile."""

    country: str
    owns: _Test
    is_mobile: _Test
    begins_with_prefix: _Test


def country_of_mobile(e164: str) -> str | None:
    """The country of what is plainly a mobile number; None where the library must be asked."""
    code = calling_code(e164)
    national = e164[1 + len(code) :] if code else ""
    regions = _regions(int(code)) if code else ()
    # The library may take the first digits for a prefix, by the rules of the code's main region.
    if not regions or regions[0].begins_with_prefix(national):
        return None
    region = next((each for each in regions if each.owns(national)), None)
    return region.country if region and region.is_mobile(national) else None


def calling_code(e164: str) -> str | None:
    """The country calling code of a number in plain E.164; None for any other text, or an unknown code."""
    if not _E164.fullmatch(e164):
        return None
    # No calling code is the beginning of another one.
    return next((e164[1:end] for end in (2, 3, 4) if e164[1:end] in _CALLING_CODES), None)


@cache
def _regions(code: int) -> tuple[_Region, ...]:
    """The regions of a calling code in the library's order, the main one first."""
    found = map(PhoneMetadata.metadata_for_region, COUNTRY_CODE_TO_REGION_CODE[code])
    return tuple(_region(metadata) for metadata in found if metadata is not None)


def _region(metadata: PhoneMetadata) -> _Region:
    # What the library takes a number for before it asks whether it is mobile.
    kinds = (
        metadata.premium_rate,
        metadata.toll_free,
        metadata.shared_cost,
        metadata.voip,
        metadata.personal_number,
        metadata.pager,
        metadata.uan,
        metadata.voicemail,
    )
    exists, mobile, others = _test(metadata.general_desc), _test(metadata.mobile), [*map(_test, kinds)]
    has_a_kind = [mobile, _test(metadata.fixed_line), *others]
    return _Region(
        country=metadata.id,
        owns=(
            re.compile(metadata.leading_digits).match
            if metadata.leading_digits
            else lambda national: exists(national) and any(test(national) for test in has_a_kind)
        ),
        is_mobile=lambda national: (
            exists(national) and mobile(national) and not any(test(national) for test in others)
        ),
        # An optional prefix is found, empty, in every number.
        begins_with_prefix=re.compile(f"(?:{metadata.national_prefix_for_parsing or ''})(?<!^)").match,
    )


def _test(description: PhoneNumberDesc | None) -> _Test:
    """Whether a national number has one of the lengths and the form that are described."""
    if description is None or description.national_number_pattern is None:
        return lambda national: False
    lengths, form = description.possible_length, re.compile(description.national_number_pattern)
    return lambda national: (not lengths or len(national) in lengths) and form.fullmatch(national)
