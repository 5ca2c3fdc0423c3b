"""Several hosts of Postgres: how they are spelled, what is refused, and which is tried first."""

import pytest

from otp_worker.store.database_url import parse_database_url
from otp_worker.store.postgres_hosts import HostOrder


def test_libpqs_list_of_hosts_is_read() -> None:
    url = parse_database_url("postgresql://otp:p%40ss@pg1:5433,pg2/otp?target_session_attrs=read-write")
    assert url.startswith("postgresql+psycopg://otp:p%40ss@/otp?")
    assert "host=pg1%3A5433&host=pg2&" in url
    assert parse_database_url(url) == url


def test_an_option_may_list_them_as_well() -> None:
    for options in ("host=pg1,pg2", "host=pg1&host=pg2", "host=pg1:5432&host=pg2:5433"):
        assert parse_database_url(f"postgresql://otp@/otp?{options}&target_session_attrs=primary")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://otp:the-password@pg1,pg2/otp", "several hosts need target_session_attrs=read-write"),
        ("postgresql://otp:the-password@/otp?host=pg1,pg2", "several hosts need"),
        ("postgresql://otp:the-password@pg1,pg2/otp?target_session_attrs=any", "several hosts need"),
        ("postgresql://otp:the-password@pg1/otp?target_session_attrs=standby", "the service writes"),
        ("sqlite://otherhost//var/lib/otp.db", "SQLite is a file of one machine"),
        ("sqlite://a:1//var/lib/otp.db", "SQLite is a file of one machine"),
    ],
)
def test_what_would_meet_a_standby_or_another_machine_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        parse_database_url(url)
    assert "the-password" not in str(caught.value)


def test_the_host_that_took_writes_last_is_tried_first() -> None:
    order = HostOrder()
    listed = {"host": "pg1,pg2,pg3", "port": "5432,,5434", "user": "otp"}
    assert order.applied(listed) == {"host": "pg1,pg2,pg3", "port": "5432,5432,5434", "user": "otp"}
    order.remember("pg3", 5434)
    assert order.applied(listed) == {"host": "pg3,pg1,pg2", "port": "5434,5432,5432", "user": "otp"}
    order.remember("pg2", 5432)
    assert order.applied({"host": "pg1,pg2"}) == {"host": "pg2,pg1", "port": "5432,5432"}


def test_a_single_host_is_left_as_it_is() -> None:
    order = HostOrder()
    order.remember("pg1", 5432)
    for single in ({"host": "pg1", "port": 5433}, {"host": "/run/postgresql"}, {}):
        assert order.applied(single) == single
