"""What a check is judged against: the hash of a verification's code."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update

from otp_worker.domain.verification import VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.prepared import Prepared
from otp_worker.store.schema import verifications

_v = verifications.c


@dataclass(frozen=True, slots=True)
class Hashed:
    """The hash of a verification's code, and the key that the code was made with."""

    verification_id: str
    code_hash: bytes
    code_key_id: str


def keep_hash(db: Database, verification_id: str, code_hash: bytes, code_key_id: str) -> str | None:
    """Store what checks are judged against, once; None if the verification is over.

    The answer is the id of the key whose code it is: another worker, with another newest key, may have
    been there first.
    """
    return db.together(keep_all, Hashed(verification_id, code_hash, code_key_id))


def keep_all(db: Database, hashed: Sequence[Hashed]) -> list[str | None]:
    """The same for several verifications, in one transaction."""
    if len(hashed) == 1:
        return [_keep_alone(db, hashed[0])]
    with db.write() as connection:
        in_order = sorted(hashed, key=lambda each: each.verification_id)
        _KEEP.run(connection, [_values(each) for each in in_order])
        # A pending one stays locked, and one that is over will not be pending again.
        asked = {"these": [each.verification_id for each in in_order]}
        kept = {row.id: row.code_key_id for row in _KEPT.rows(connection, asked)}
    return [kept.get(each.verification_id) for each in hashed]


def _keep_alone(db: Database, hashed: Hashed) -> str | None:
    with db.update() as connection:
        kept = _KEEP_ALONE.first(connection, _values(hashed))
    return None if kept is None else kept.code_key_id


def _values(hashed: Hashed) -> dict[str, object]:
    return {"this": hashed.verification_id, "hash": hashed.code_hash, "made_with": hashed.code_key_id}


# Made once: every first attempt keeps a hash.
_KEPT_ONCE = (
    update(verifications)
    .where(_v.id == bindparam("this"), _v.status == VerificationStatus.PENDING)
    .values(
        code_hash=func.coalesce(_v.code_hash, bindparam("hash")),
        code_key_id=func.coalesce(_v.code_key_id, bindparam("made_with")),
    )
)
_KEEP = Prepared(_KEPT_ONCE)
_KEEP_ALONE = Prepared(_KEPT_ONCE.returning(_v.code_key_id))
_KEPT = Prepared(
    select(_v.id, _v.code_key_id).where(
        _v.id.in_(bindparam("these", expanding=True)), _v.status == VerificationStatus.PENDING
    )
)
