"""A delivery is published, and its 202 given, before its rows are committed."""

from collections.abc import Sequence
from threading import Timer

from otp_worker.store import issue
from otp_worker.store.database import Database
from tests.devtools.chaos.mutations.program import run_program

COMMIT_SECONDS = 1.0
insert_verifications = issue.insert_verifications


def insert_later(db: Database, sends: Sequence[issue.NewSend]) -> list[issue.Answer]:
    Timer(COMMIT_SECONDS, insert_verifications, (db, sends)).start()
    return [[] for _ in sends]


issue.insert_verifications = insert_later

if __name__ == "__main__":
    run_program()
