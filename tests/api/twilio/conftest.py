"""The application with Twilio's shape, and those who call it: by hand, and by Twilio's client for Python."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from twilio.rest import Client

from api.app import create_app
from api.twilio.app import WithTwilio, create_twilio_app
from otp_worker.domain.app import APP_SCOPES, KeyScope
from otp_worker.protection.api_keys import ApiKeys
from tests.acceptance.served import served
from tests.api.service import Service
from tests.api.twilio.caller import TwilioCaller

SCOPES = APP_SCOPES | {KeyScope.MESSAGE}


def with_twilio(service: Service, public_url: str | None = None) -> WithTwilio:
    """The API with Twilio's shape beside it."""
    intake = service.intake()
    return WithTwilio(create_app(intake), create_twilio_app(intake, public_url))


def new_pair(
    service: Service,
    name: str = "shop",
    *,
    test: bool = False,
    scopes: frozenset[KeyScope] = SCOPES,
    **limits: str,
) -> tuple[str, str]:
    """An AccountSid and an auth token of an app."""
    keys = ApiKeys(service.db)
    pair = keys.create(name, service.clock(), test=test, scopes=scopes, pair=True, **limits)
    account, _, token = pair.partition(":")
    return account, token


@pytest.fixture
def twilio(service: Service) -> TwilioCaller:
    """An app that calls by hand."""
    return TwilioCaller(with_twilio(service), new_pair(service))


@pytest.fixture
def client(migrated_sqlite: Path, tmp_path: Path) -> Iterator[tuple[Client, Service]]:
    """Twilio's own client with one line changed, and the service that it calls over a socket."""
    with served(migrated_sqlite, tmp_path, lambda service, _url: with_twilio(service)) as (url, service):
        service.announce_seal_keys()
        client = Client(*new_pair(service))
        client.verify.base_url = client.api.base_url = url
        yield client, service
