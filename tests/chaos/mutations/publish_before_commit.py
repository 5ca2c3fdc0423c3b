"""A delivery is published, and its 202 given, before its rows are committed."""

from threading import Timer

from otp_worker.limits import Left
from otp_worker.store import issuing
from otp_worker.store.database import Database
from tests.chaos.mutations.program import run_program

COMMIT_SECONDS = 1.0
insert_verification = issuing.insert_verification


def insert_later(
    db: Database, new: issuing.NewVerification, first: issuing.NewDelivery | None, guard: issuing.Guard
) -> list[Left]:
    Timer(COMMIT_SECONDS, insert_verification, (db, new, first, guard)).start()
    return []


issuing.insert_verification = insert_later

if __name__ == "__main__":
    run_program()
