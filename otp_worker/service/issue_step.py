"""How the parts of the first step are put together."""

from typing import NamedTuple

from otp_worker.domain.ports import PublishAll
from otp_worker.domain.sim import Sims
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.resend import Resender
from otp_worker.issue.reverse import Inviter
from otp_worker.issue.writer import SendWriter
from otp_worker.protection.pumping_guard import Pauses
from otp_worker.protection.rate_limiter import RedisLimiter
from otp_worker.store.database import Database


class IssueStep(NamedTuple):
    """The parts of the first step, over one writer."""

    issuer: Issuer
    resender: Resender
    inviter: Inviter


def build_issue_step(
    *,
    db: Database,
    drafts: Drafts,
    limiter: RedisLimiter,
    publish: PublishAll,
    pauses: Pauses,
    inbound_sims: Sims | None,
) -> IssueStep:
    """The first step's parts; people may text to the ``inbound_sims``, if there are any."""
    writer = SendWriter(db=db, limiter=limiter, publish=publish)
    resender = Resender(
        db=db, limits=drafts.limits, limiter=limiter, drafts=drafts, writer=writer, pauses=pauses
    )
    return IssueStep(
        issuer=Issuer(db=db, drafts=drafts, writer=writer, pauses=pauses, resender=resender),
        resender=resender,
        inviter=Inviter(
            db=db, keyring=drafts.keyring, drafts=drafts, writer=writer, pauses=pauses, sims=inbound_sims
        ),
    )
