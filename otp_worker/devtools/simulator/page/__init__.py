"""The page that looks like the phone, and the faults beside it."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_SCRIPTS = ("shared.js", "phone.js", "faults.js", "feed.js")


@cache
def _template() -> str:
    page, style = (_read(name) for name in ("page.html", "page.css"))
    script = '"use strict";\n' + "\n".join(_read(name) for name in _SCRIPTS)
    return page.replace("{{style}}", style).replace("{{script}}", script)


def render(nonce: str) -> bytes:
    """The page in one piece, whose script and style a nonce allows; all that it shows is from `/sim`."""
    return _template().replace("{{nonce}}", nonce).encode()


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
