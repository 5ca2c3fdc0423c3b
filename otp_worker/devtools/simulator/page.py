"""The page that looks like the phone."""

from functools import cache
from pathlib import Path


@cache
def _template() -> str:
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")


def render(nonce: str) -> bytes:
    """The page, its own script and style allowed by a nonce; it fetches everything it shows from `/sim`."""
    return _template().replace("{{nonce}}", nonce).encode()
