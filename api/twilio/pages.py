"""Lists as Twilio's clients read them."""

from collections.abc import Sequence
from typing import Any


def only_page(url: str, key: str, shown: Sequence[object]) -> dict[str, Any]:
    """A list that has one page."""
    first = f"{url}?PageSize={len(shown)}&Page=0"
    return {
        "meta": {
            "page": 0,
            "page_size": len(shown),
            "first_page_url": first,
            "previous_page_url": None,
            "next_page_url": None,
            "url": first,
            "key": key,
        },
        key: list(shown),
    }
