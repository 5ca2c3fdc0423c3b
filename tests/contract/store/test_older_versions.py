"""What this version does differently as long as processes of an older one may run beside it."""

import pytest
from sqlalchemy import delete

from otp_worker.domain.keyring import Keyring
from otp_worker.inbound.callbacks import callback_url
from otp_worker.service.celery_app import make_celery
from otp_worker.service.roles import load_settings
from otp_worker.service.worker_wiring import build_worker
from otp_worker.store.database import Database
from otp_worker.store.older_versions import COUNTER
from otp_worker.store.schema import counters

PUBLIC_URL = "https://otp.example.com"
ROOT = "a root secret of the tests that is long enough"


def receipts_url(database_url: str, monkeypatch: pytest.MonkeyPatch, **settings: str) -> str | None:
    """The URL that a worker with these settings has the receipts of a delivery posted to."""
    variables = {
        "OTP_DATABASE_URL": database_url,
        "OTP_SECRET_KEY": ROOT,
        "OTP_BROKER_URL": "redis://127.0.0.1:1/0",
        "OTP_COUNTRIES": "GB",
        "OTP_GATEWAY_URL": "https://gateway.example",
        "OTP_GATEWAY_KEY": "sk_live_1234567890",
        "OTP_PUBLIC_URL": PUBLIC_URL,
        **settings,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    parts = build_worker(load_settings("worker"), make_celery("memory://"))
    try:
        return parts.deliverer.callback_url("modem", "ver_1.1")
    finally:
        parts.db.close()


def make_upgraded(db: Database) -> None:
    """Let it be a database that an older version made."""
    with db.write() as connection:
        connection.execute(delete(counters).where(counters.c.name == COUNTER))


@pytest.mark.parametrize("settings", [{}, {"OTP_OLDEST_VERSION": "0.1"}], ids=["unsaid", "0.1"])
def test_a_web_of_an_older_version_takes_the_receipts_of_a_worker_of_this_one(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    make_upgraded(db)
    url = callback_url(PUBLIC_URL, Keyring([ROOT]), "modem", "ver_1.1", for_older_versions=True)
    assert receipts_url(database_url, monkeypatch, **settings) == url


def test_once_the_operator_says_that_none_is_left_each_url_is_bound_to_its_gateway(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_upgraded(db)
    url = callback_url(PUBLIC_URL, Keyring([ROOT]), "modem", "ver_1.1")
    assert receipts_url(database_url, monkeypatch, OTP_OLDEST_VERSION="0.2") == url


def test_over_a_database_that_this_version_made_no_older_one_runs(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = callback_url(PUBLIC_URL, Keyring([ROOT]), "modem", "ver_1.1")
    assert receipts_url(database_url, monkeypatch) == url
