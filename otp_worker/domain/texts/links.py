"""What a phone makes a link of."""

import re

# A phone makes a link of any two words with a dot between them, and new top-level domains come every year.
_LINK = re.compile(r"://|www\.|[a-z0-9}-]\.[a-z]{2}", re.IGNORECASE)


def holds_link(text: str) -> bool:
    """Whether a phone makes a link of something in a text."""
    return _LINK.search(text) is not None
