"""Lists as Twilio's clients read them."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode


def only_page(url: str, key: str, shown: Sequence[object]) -> dict[str, Any]:
    """A list that has one page."""
    return _page(f"{url}?PageSize={len(shown)}&Page=0", None, key, shown, len(shown))


def page(
    url: str, key: str, shown: Sequence[object], asked: Mapping[str, str], size: int, cursor: str | None
) -> dict[str, Any]:
    """A page of a list that was ``asked`` for so; ``cursor`` leads to the next one, if there is one."""
    following = f"{url}?{urlencode({**asked, 'PageToken': cursor})}" if cursor else None
    return _page(f"{url}?{urlencode(asked)}" if asked else url, following, key, shown, size)


def _page(url: str, following: str | None, key: str, shown: Sequence[object], size: int) -> dict[str, Any]:
    return {
        "meta": {
            "page": 0,
            "page_size": size,
            "first_page_url": url,
            "previous_page_url": None,
            "next_page_url": following,
            "url": url,
            "key": key,
        },
        key: list(shown),
    }
