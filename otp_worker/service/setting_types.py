"""What the variables may hold: each kind of value is read, judged, and refused with the fix."""

import base64
import json
import re
from typing import Annotated
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, SecretStr

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.ip_address import is_public
from otp_worker.domain.limits import Limit, LimitRates, Rate, parse_rates, refuse_forgotten_window
from otp_worker.domain.phone_number import FOUND_IN, WITHOUT_MOBILES
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.domain.sealing import SealKey
from otp_worker.domain.texts.checks import check_text
from otp_worker.domain.texts.locales import parse_ranges
from otp_worker.domain.texts.wording import tags_in
from otp_worker.gateways.registry import account_kinds
from otp_worker.gateways.smtp.server import parse_smtp_url
from otp_worker.service.broker_urls import parse_broker_url, parse_redis_url
from otp_worker.store.database_url import parse_database_url

SECRET_BYTES = 32
SECRET_VARIETY = 10
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def listed(secret: SecretStr | None) -> list[str]:
    """The secrets of a comma-separated list, newest first."""
    return [part.strip() for part in secret.get_secret_value().split(",") if part.strip()] if secret else []


def passwords(logins: SecretStr | None) -> dict[str, str]:
    """The passwords of a comma-separated list of logins, by the users' names."""
    return dict(login.split(":", 1) for login in listed(logins))


def _parse_rates(value: object) -> object:
    return parse_rates(value) if isinstance(value, str) else value


def _parse_codes(value: object) -> object:
    if not isinstance(value, str):
        return value
    return frozenset(filter(None, (part.strip().upper() for part in value.split(","))))


def parse_countries(value: frozenset[str]) -> frozenset[str]:
    """The codes, if numbers can be sent to each by its own name. Raises ValueError with the fix."""
    unknown = value - phonenumbers.SUPPORTED_REGIONS
    if unknown:
        raise ValueError(f"not an ISO 3166 country code: {', '.join(sorted(unknown))}")
    # Else the service would start, and refuse every number of theirs.
    for code in sorted(value):
        if code in FOUND_IN:
            other = FOUND_IN[code]
            raise ValueError(
                f"the mobile numbers of {code} are found in {other}; give {other} instead of {code}"
            )
        if code in WITHOUT_MOBILES:
            raise ValueError(f"{code} has no mobile numbers; leave it out")
    if not value:
        raise ValueError("name at least one country, such as GB,DE")
    return value


def _parse_languages(value: frozenset[str]) -> frozenset[str]:
    spoken = frozenset(language.lower() for language in value)
    if not spoken or spoken.difference(REPLY_LANGUAGES):
        raise ValueError(f"give languages of {', '.join(REPLY_LANGUAGES)}")
    return spoken


def _parse_http_url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("not an http:// or https:// URL")
    return value.rstrip("/")


def _parse_gateway_kind(value: str) -> str:
    if value not in account_kinds():
        raise ValueError(f"give one of {', '.join(sorted(account_kinds()))}")
    return value


def _parse_secrets(value: SecretStr) -> SecretStr:
    if value and not all(map(_is_random_enough, listed(value) or [""])):
        raise ValueError(
            f"too weak: give at least {SECRET_BYTES} random bytes, "
            "such as python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value


def _parse_seal_key(value: str) -> str | None:
    return str(SealKey.parse(value)) if value else None


def _is_random_enough(secret: str) -> bool:
    return len(secret.encode()) >= SECRET_BYTES and len(set(secret)) >= SECRET_VARIETY


def _parse_user_and_password(value: SecretStr) -> SecretStr:
    user, colon, password = value.get_secret_value().partition(":")
    if not (user and colon and len(password) >= 8):
        raise ValueError("give user:password, the password at least 8 characters long")
    return value


def _parse_logins(value: SecretStr) -> SecretStr:
    logins = listed(value) or [""]
    for login in logins:
        _parse_user_and_password(SecretStr(login))
    if len({login.partition(":")[0] for login in logins}) < len(logins):
        raise ValueError("names a user twice")
    return value


def _parse_webhook_secret(value: SecretStr) -> SecretStr:
    decode_webhook_secret(value.get_secret_value().removeprefix("whsec_"))
    return value


def decode_webhook_secret(secret: str) -> bytes:
    """The key that base64 spells, padded or not. Raises ValueError with the fix.

    The library that signs passes over whatever is no base64, and would sign with another key.
    """
    try:
        unpadded = secret.rstrip("=")
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except ValueError:
        raise ValueError(
            "not a Standard Webhooks secret; give base64, with or without whsec_ before it"
        ) from None


def _parse_smtp_secret(value: SecretStr) -> SecretStr:
    if value:
        parse_smtp_url(value.get_secret_value())
    return value


def _parse_email(value: str) -> str:
    if value and not _EMAIL.fullmatch(value):
        raise ValueError("give an e-mail address such as support@example.com")
    return value


def _parse_text(value: str) -> str:
    try:
        check_text("the text", value)
    except InvalidFieldError as error:
        raise ValueError(str(error)) from None
    return value


def _parse_tags(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _known_tags(value: frozenset[str]) -> frozenset[str]:
    """The tags as our files are named. Raises ValueError for one that there is no text in."""
    ours = {tag.lower(): tag for tag in tags_in()}
    for tag in value:
        if tag.lower() not in ours:
            raise ValueError(f"there is no text in {tag!r}; give some of {', '.join(ours.values())}")
    return frozenset(ours[tag.lower()] for tag in value)


def _parse_locale(value: str) -> str:
    if len(parse_ranges(value)) != 1:
        raise ValueError("give one language tag, such as de-AT")
    return value


def _parse_json(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError('not JSON; give {"default": "Your code is {code}."}') from None


def refuse_forgotten_windows(limit_rates: LimitRates, retention_days: int) -> None:
    """Raise ValueError for a limit of sends whose window is longer than the sends are kept that it counts."""
    for limit, rates in limit_rates.items():
        if limit in (Limit.CHECKS_KEY, Limit.CHECKS_IP):
            continue
        try:
            refuse_forgotten_window(rates, retention_days)
        except ValueError as error:
            raise ValueError(f"OTP_LIMIT_{limit.name}: {error}") from None


Rates = Annotated[tuple[Rate, ...], BeforeValidator(_parse_rates)]
Countries = Annotated[frozenset[str], BeforeValidator(_parse_codes), AfterValidator(parse_countries)]
Languages = Annotated[frozenset[str], BeforeValidator(_parse_codes), AfterValidator(_parse_languages)]
DatabaseUrl = Annotated[str, AfterValidator(parse_database_url)]
BrokerUrl = Annotated[str, AfterValidator(parse_broker_url)]
RedisUrl = Annotated[str, AfterValidator(parse_redis_url)]
HttpUrl = Annotated[str, AfterValidator(_parse_http_url)]
GatewayKind = Annotated[str, AfterValidator(_parse_gateway_kind)]
Secrets = Annotated[SecretStr, AfterValidator(_parse_secrets)]
SealPublicKey = Annotated[str | None, AfterValidator(_parse_seal_key)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_parse_webhook_secret)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_parse_smtp_secret)]
Email = Annotated[str, AfterValidator(_parse_email)]
SmsText = Annotated[str, AfterValidator(_parse_text)]
Logins = Annotated[SecretStr, AfterValidator(_parse_logins)]
UserAndPassword = Annotated[SecretStr, AfterValidator(_parse_user_and_password)]
Templates = Annotated[dict[str, str], BeforeValidator(_parse_json)]
Locales = Annotated[frozenset[str], BeforeValidator(_parse_tags), AfterValidator(_known_tags)]
Locale = Annotated[str, AfterValidator(_parse_locale)]


def is_private(url: str | None) -> bool:
    """Whether a URL's host is private, as far as it tells itself: sending asks for the others' addresses."""
    host = urlsplit(url or "").hostname or ""
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost"
