"""TLS options of a URL: a wrong spelling stops the start, and each is spelled as its client reads it."""

import pytest

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.roles import load_settings

WRONG = [
    ("rediss://127.0.0.1/0?ssl_cert_reqs=CERT_REQUIRED", "ssl_cert_reqs"),
    ("rediss://127.0.0.1/0?ssl_cert_reqs=optional", "ssl_cert_reqs"),
    ("rediss://127.0.0.1/0?ssl_ca_certs=/no/such/file.pem", "ssl_ca_certs"),
    ("rediss://127.0.0.1/0?ssl_ca_cert=/etc/hosts", "ssl_ca_cert"),
    ("rediss://127.0.0.1/0?ssl_keyfile=/etc/hosts", "ssl_certfile"),
    ("rediss://127.0.0.1/0?ssl_check_hostname=maybe", "ssl_check_hostname"),
    ("redis://127.0.0.1/0?ssl_cert_reqs=required", "rediss://"),
    ("sentinel://127.0.0.1/0?master_name=otp&ssl_cert_reqs=required", "sentinels://"),
    ("sentinels://127.0.0.1/0?master_name=otp&ssl_ca_certs=/no/such/file.pem", "ssl_ca_certs"),
]


@pytest.mark.parametrize("variable", ["OTP_BROKER_URL", "OTP_REDIS_URL"])
@pytest.mark.parametrize(("url", "named"), WRONG)
def test_a_wrong_spelling_stops_the_start_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str, named: str
) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", "redis://127.0.0.1/0")
    monkeypatch.setenv(variable, url)
    with pytest.raises(ConfigurationError, match=f"{variable}: .*{named}"):
        load_settings("beat")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("amqps://127.0.0.1//?ssl_cert_reqs=CERT_REQUIRED", "ssl_cert_reqs"),
        ("amqps://127.0.0.1//?ssl_ca_certs=/no/such/file.pem", "ssl_ca_certs"),
        ("amqp://127.0.0.1//?ssl_cert_reqs=required", "amqps://"),
    ],
)
def test_rabbitmqs_options_are_spelled_the_same(
    monkeypatch: pytest.MonkeyPatch, url: str, named: str
) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", url)
    with pytest.raises(ConfigurationError, match=f"OTP_BROKER_URL: .*{named}"):
        load_settings("beat")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("sslmode=verify", "sslmode"),
        ("ssl=true", "ssl"),
        ("ssl_cert_reqs=required", "ssl_cert_reqs"),
        ("sslmode=verify-full&sslrootcert=/no/such/file.pem", "sslrootcert"),
    ],
)
def test_postgres_options_that_its_client_does_not_know_stop_the_start(
    monkeypatch: pytest.MonkeyPatch, query: str, named: str
) -> None:
    monkeypatch.setenv("OTP_DATABASE_URL", f"postgresql://otp:secret@127.0.0.1/otp?{query}")
    with pytest.raises(ConfigurationError, match=f"OTP_DATABASE_URL: .*{named}") as caught:
        load_settings("cli")
    assert "secret" not in str(caught.value)
