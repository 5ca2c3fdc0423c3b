"""``otp-worker backup, restore, move``: the service's data as a whole."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from otp_worker.cli.output import JSON_OPTION, say
from otp_worker.domain.errors import ConfigurationError, OtpError
from otp_worker.domain.ports import utc_now
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.store import backups
from otp_worker.store.backup_error import BackupError
from otp_worker.store.backups import Restored
from otp_worker.store.database_url import parse_database_url
from otp_worker.store.move import move as move_rows
from otp_worker.store.other_sessions import refuse_others
from otp_worker.store.sqlite_file import file_of

PG_DUMP = "Postgres is backed up by its own program: pg_dump --format=custom --file=FILE URL"
"""What is said where there is no file to copy."""

Yes = Annotated[bool, typer.Option("--yes", help="Go on without asking, as a script must.")]
Target = Annotated[
    str, typer.Option("--to", metavar="URL", help="An empty Postgres database with the schema.")
]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make; it must not exist.")],
    json: bool = JSON_OPTION,
) -> None:
    """Copy the SQLite database into a file while the service runs; what is made is whole and found sound."""
    source = _sqlite_file()
    if source is None:
        raise BackupError(PG_DUMP)
    made = backups.back_up(source, file.absolute(), utc_now())
    sentence = f"{made.file} is made and sound: {made.bytes} bytes, schema {made.schema}"
    say(sentence, made, json)


def restore(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A backup; none where pg_restore was run.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put aside the database that is there.")] = False,
    yes: Yes = False,
    json: bool = JSON_OPTION,
) -> None:
    """Put a backup in the database's place and end what was pending in it, so that no old code is sent.

    Postgres is restored by pg_restore; this does the rest, before any process of the service is started.
    """
    target = _sqlite_file()
    if target is not None:
        if file is None:
            raise ConfigurationError("FILE: give the backup that is to be restored")
        done = backups.restore(file, target, utc_now(), replace=replace)
    else:
        if file is not None:
            raise BackupError("a backup of Postgres is restored by pg_restore; then run: otp-worker restore")
        done = _finish_postgres(yes)
    say(_told(done), done, json)


def move(to: Target, json: bool = JSON_OPTION) -> None:
    """Move everything from SQLite to an empty Postgres database, while the service is stopped.

    Leave the password out of the URL: PGPASSWORD or ~/.pgpass has it.
    """
    source = _sqlite_file()
    if source is None:
        raise ConfigurationError("OTP_DATABASE_URL: is not an SQLite database, which alone can be moved")
    done = move_rows(source, _postgres_url(to))
    counted = [f"{rows} {table}" for table, rows in sorted(done.rows.items()) if rows]
    told = f"moved and counted on both sides: {', '.join(counted) or 'nothing, the database was empty'}"
    say(f"{told}\n{source} is now {done.kept}; give OTP_DATABASE_URL the new URL, and start", done, json)


def _sqlite_file() -> Path | None:
    settings = load_settings("cli")
    return file_of(settings.database_url or "")


def _postgres_url(given: str) -> str:
    try:
        url = parse_database_url(given)
    except ValueError as error:
        raise ConfigurationError(f"--to: {error}") from None
    if file_of(url) is not None:
        raise ConfigurationError("--to: is not a Postgres database")
    return url


def _finish_postgres(yes: bool) -> Restored:
    with closing(open_database(load_settings("cli"), connections=2)) as db:
        with db.read() as connection:
            refuse_others(connection)
        if not yes:
            _ask("Was this database restored just now, and is everything pending in it to be canceled?")
        return backups.finish_restore(db, utc_now())


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise OtpError("nobody is here to ask; --yes goes on without asking")
    typer.confirm(question, abort=True, err=True)


def _told(done: Restored) -> str:
    made = f"{done.backed_up_at:%Y-%m-%d %H:%M:%S}Z" if done.backed_up_at else "an unknown instant"
    lines = [
        f"restored as of {made}, schema {done.schema}",
        f"{done.ended.verifications} verifications canceled, {done.ended.deliveries} SMS not sent any more",
        "forgotten is what came in since: STOPs, wrong codes, settings and keys",
    ]
    return "\n".join([*lines, f"the database that was there is now {done.kept}"] if done.kept else lines)
