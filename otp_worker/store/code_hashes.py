"""What a check is judged against: the hash of a verification's code."""

from sqlalchemy import bindparam, func, update

from otp_worker.domain.verification import VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications

_v = verifications.c


def keep_hash(db: Database, verification_id: str, code_hash: bytes, code_key_id: str) -> str | None:
    """Store what checks are judged against, once; None if the verification is over.

    The answer is the id of the key whose code it is: another worker, with another newest key, may have
    been there first.
    """
    kept = {"this": verification_id, "hash": code_hash, "made_with": code_key_id}
    with db.update() as connection:
        return connection.execute(_KEEP_HASH, kept).scalar()


# Made once: every first attempt keeps a hash.
_KEEP_HASH = (
    update(verifications)
    .where(_v.id == bindparam("this"), _v.status == VerificationStatus.PENDING)
    .values(
        code_hash=func.coalesce(_v.code_hash, bindparam("hash")),
        code_key_id=func.coalesce(_v.code_key_id, bindparam("made_with")),
    )
    .returning(_v.code_key_id)
)
