"""A plain file of SQLite is read as any other URL of a database is."""

import re
from pathlib import Path

import pytest

from otp_worker.store import database_url
from otp_worker.store.database_url import parse_database_url


def _answer(url: str) -> str:
    try:
        return parse_database_url(url)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    "path",
    ["otp.db", "/otp.db", "/a folder/otp.db", "/missing/otp.db", ":memory:", "/", "/x@y", "/x%20y", "/x?y=z"],
)
def test_a_file_is_judged_as_sqlalchemy_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str
) -> None:
    (tmp_path / "a folder").mkdir()
    url = f"sqlite:///{tmp_path}{path}" if path.startswith("/") else f"sqlite:///{path}"
    plainly = _answer(url)
    monkeypatch.setattr(database_url, "_SQLITE_FILE", re.compile("(?!)"))
    assert plainly == _answer(url)
