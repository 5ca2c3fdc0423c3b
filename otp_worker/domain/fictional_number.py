"""Numbers set aside for fiction: should a real phone be behind a demo, no stranger gets an SMS."""

import secrets

_AREA_CODES = ("202", "212", "303", "312", "404", "415", "503", "617", "702", "713", "808", "907")


def fictional_number() -> str:
    """A valid mobile number that nobody has, in E.164; another one each time, because numbers have limits."""
    return f"+1{secrets.choice(_AREA_CODES)}55501{secrets.randbelow(100):02d}"
