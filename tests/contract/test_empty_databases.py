"""The Postgres databases that tests are given: whatever one test does there, the next finds nothing of it."""

from contextlib import closing

import psycopg
import pytest

from otp_worker.store.schema_state import newest_version
from tests.empty_databases import EmptyDatabases

COUNT = "INSERT INTO counters VALUES ('left behind', 1)"


def test_the_next_test_finds_no_row_and_no_session(empty_databases: EmptyDatabases) -> None:
    with empty_databases.empty() as url:
        committed, open_still = psycopg.connect(url, autocommit=True), psycopg.connect(url)
        committed.execute(COUNT)
        committed.execute("UPDATE schema_version SET version_num = 'older'")
        open_still.execute("LOCK TABLE counters")
    with empty_databases.empty() as same, psycopg.connect(same) as session:
        assert same == url
        assert session.execute("SELECT name FROM counters").fetchall() == [("code_derivation",)]
        assert session.execute("SELECT version_num FROM schema_version").fetchall() == [(newest_version(),)]
    for left in (committed, open_still):
        with closing(left), pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE counters",
        "ALTER TABLE counters ADD COLUMN more int",
        "CREATE INDEX more ON counters (value)",
        f"{COUNT}; ANALYZE counters",
        "ALTER DATABASE {name} SET default_transaction_read_only = on",
    ],
)
def test_a_database_that_is_no_longer_like_a_new_one_is_used_no_more(
    empty_databases: EmptyDatabases, change: str
) -> None:
    with empty_databases.empty() as url:
        name = url.rpartition("/")[2]
        with psycopg.connect(url, autocommit=True) as session:
            for statement in change.format(name=name).split("; "):
                session.execute(statement.encode())
    with empty_databases.empty() as another:
        assert another != url
