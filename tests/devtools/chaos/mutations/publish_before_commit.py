"""A delivery is published, and its 202 given, before its rows are committed."""

from collections.abc import Sequence
from threading import Timer

from otp_worker.store import issuing
from otp_worker.store.database import Database
from tests.chaos.mutations.program import run_program

COMMIT_SECONDS = 1.0
insert_verifications = issuing.insert_verifications


def insert_later(db: Database, sends: Sequence[issuing.NewSend]) -> list[issuing.Answer]:
    Timer(COMMIT_SECONDS, insert_verifications, (db, sends)).start()
    return [[] for _ in sends]


issuing.insert_verifications = insert_later

if __name__ == "__main__":
    run_program()
