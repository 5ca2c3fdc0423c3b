"""What the value of an app's setting may be: each judge returns it as it is kept.

A judge raises ValueError, with the fix, for what its setting may not be.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from otp_worker.domain.inbound_token import INBOUND
from otp_worker.domain.ip_address import is_public
from otp_worker.domain.limits import parse_rates
from otp_worker.domain.texts.choice import LONGEST_NAME
from otp_worker.domain.texts.links import holds_link
from otp_worker.domain.texts.locales import look_up
from otp_worker.domain.texts.look_alikes import look_alike
from otp_worker.domain.texts.wording import tags_in
from otp_worker.domain.verification import EMAIL

Judge = Callable[[object], object]

CHANNELS = ("sms", INBOUND, EMAIL)
LONGEST_URL = 512
MOST_HASHES = 5
MOST_PURPOSES = 20
MOST_BUCKETS = 10

PURPOSE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
"""What a purpose is called."""
ANDROID_HASH = re.compile(r"[A-Za-z0-9+/]{11}")
"""The hash of an Android app (SMS Retriever API)."""
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# The last label has a letter, as that of no IPv4 address.
_ORIGIN = re.compile(rf"https://(?=.{{4,253}}\Z)({_LABEL}\.)+(?=[a-z0-9-]*[a-z]){_LABEL}")


def shown_name(value: object) -> str:
    """What the SMS calls the app."""
    name = _text(value)
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ValueError(f"give 1 to {LONGEST_NAME} printable characters on one line")
    # A dot in front makes a link with what a template has before it.
    seen = "a link, or what a phone takes for one" if holds_link(f"x{name}") else look_alike(name)
    if seen:
        raise ValueError(f"leave out what looks like {seen}")
    return name


def default_locale(value: object) -> str:
    """A BCP 47 tag of a language that there is a text in."""
    locale = _text(value)
    if not _LOCALE.fullmatch(locale):
        raise ValueError("give a language tag, such as de-AT")
    if look_up([locale.replace("_", "-")], tags_in()) is None:
        raise ValueError(f"there is no text in this language; give one of {', '.join(tags_in())}")
    return locale


def whole_number(least: int, most: int) -> Judge:
    """A whole number between two others."""

    def judge(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"give a whole number from {least} to {most}")
        return value

    return judge


def switch(value: object) -> bool:
    """On or off."""
    if type(value) is not bool:
        raise ValueError("give on or off; in JSON true or false")
    return value


def rates(value: object) -> str:
    """Rates of a limit; an empty text for no limit."""
    text = _text(value)
    parse_rates(text)
    return "".join(text.split())


def buckets(value: object) -> dict[str, str]:
    """Rates of an app's own limits, by their names."""
    fix = f"give up to {MOST_BUCKETS} names with rates, such as device=5/h,20/d;session=3/10m"
    if not isinstance(value, Mapping) or not 0 < len(value) <= MOST_BUCKETS:
        raise ValueError(fix)
    if not all(isinstance(name, str) and PURPOSE.fullmatch(name) for name in value):
        raise ValueError("name each bucket by a word of small letters, digits, dashes or underscores")
    judged = {name: rates(text) for name, text in value.items()}
    if not all(judged.values()):
        raise ValueError(fix)
    return judged


def web_origin(value: object) -> str:
    """An origin as browsers name it, without the port that no SMS can name."""
    origin = _text(value).lower().removesuffix("/")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("give an https origin without port and path, such as https://shop.example")
    return origin


def webhook_url(value: object, *, private: bool = False) -> str:
    """An https URL on the public internet; with ``private`` also one of http, and in a network of one's own.

    What a name stands for is judged when something is posted.
    """
    text = _text(value)
    schemes = ("https", "http") if private else ("https",)
    fix = f"give an {schemes[-1]} URL without a password in it, such as https://shop.example/otp-events"
    if len(text) > LONGEST_URL or not re.fullmatch(r"[!-~]+", text):
        raise ValueError(fix)
    host = _host(text, schemes)
    if not host:
        raise ValueError(fix)
    if not private and _is_private(host):
        raise ValueError("this is a private address; give one on the public internet")
    return text


def channels(value: object) -> list[str]:
    """Some of the channels."""
    return _list(value, CHANNELS.__contains__, len(CHANNELS), f"give one or more of {', '.join(CHANNELS)}")


def purposes(value: object) -> list[str]:
    """What the app asks for codes for."""
    fix = f"give up to {MOST_PURPOSES} words of small letters, digits, dashes or underscores"
    return _list(value, PURPOSE.fullmatch, MOST_PURPOSES, fix)


def android_hashes(value: object) -> list[str]:
    """Hashes of Android apps (SMS Retriever API)."""
    fix = f"give up to {MOST_HASHES} hashes of 11 characters, as AppSignatureHelper prints them"
    return _list(value, ANDROID_HASH.fullmatch, MOST_HASHES, fix)


def _list(value: object, fits: Callable[[str], object], most: int, fix: str) -> list[str]:
    parts = value if isinstance(value, list | tuple) else [value]
    texts = [part for part in parts if isinstance(part, str)]
    if not 0 < len(texts) == len(parts) <= most or not all(map(fits, texts)):
        raise ValueError(fix)
    if len(set(texts)) < len(texts):
        raise ValueError("name each once")
    return texts


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("give text")


def _host(text: str, schemes: Sequence[str]) -> str | None:
    """The host of a URL of these schemes; None for any other, and for one with a password or a fragment."""
    try:
        url = urlsplit(text)
        is_plain = url.scheme in schemes and "@" not in url.netloc and not url.fragment and url.port != 0
    except ValueError:
        return None
    return url.hostname if is_plain else None


def _is_private(host: str) -> bool:
    """Whether a host is private, as far as it tells itself: posting asks for the others' addresses."""
    try:
        return not is_public(host)
    except ValueError:
        return "." not in host
