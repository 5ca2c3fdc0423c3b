"""Whether the codes that were sent are the ones that are accepted, and only once."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from otp_worker.devtools.chaos.breaches import Breach, Finding
from otp_worker.devtools.chaos.client import Client
from otp_worker.devtools.chaos.doors import ANOTHER_PAYEE, PLAIN
from otp_worker.devtools.chaos.records import Records
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import code_matches, linked
from otp_worker.domain.verification import VerificationStatus

SAMPLE = 40
SAMPLE_SECONDS = 30
AT_ONCE = 3


def wrong_hashes(records: Records, keyring: Keyring) -> Iterable[Finding]:
    """Every code in the journal against the hash that it will be judged by, where there still is one."""
    sent = {line.verification_id: line.code for line in records.journal}
    wishes = records.wishes
    for verification_id, code in sent.items():
        row = records.verifications.get(verification_id)
        if row is None or row.is_message or row.status is not VerificationStatus.PENDING:
            continue
        judged = linked(code, wishes.get(row.number or "", PLAIN).link)
        if row.code_hash is None:
            yield Finding(Breach.UNUSABLE, verification_id, "sent, and there is no hash to judge it by")
        elif not code_matches(keyring.pepper(row.key_id), row.id, judged, row.code_hash):
            yield Finding(Breach.UNUSABLE, verification_id, "the hash is not that of the code that was sent")


def _can_be_entered(records: Records, now: datetime) -> set[str]:
    """The verifications whose codes live long enough for the whole sample to be entered."""
    last = now + timedelta(seconds=SAMPLE_SECONDS)
    return {
        row.id
        for row in records.verifications.values()
        if row.status is VerificationStatus.PENDING and row.expires_at > last and not row.is_message
    }


def wrong_checks(records: Records, client: Client, chance: random.Random) -> Iterable[Finding]:
    """A sample of codes through intake, each entered several times at once: right exactly one time.

    A code for a payment is entered for another payee before: it is wrong for that one.
    """
    sent = {line.verification_id: line for line in records.journal}
    wishes = records.wishes
    pending = sorted(sent.keys() & _can_be_entered(records, datetime.now(UTC)))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for verification_id in chance.sample(pending, min(SAMPLE, len(pending))):
            line = sent[verification_id]
            payment = wishes.get(line.to, PLAIN).payment
            if payment and client.check(verification_id, line.code, payment | {"payee": ANOTHER_PAYEE}):
                yield Finding(Breach.UNUSABLE, verification_id, "it was right for another payee")
            entries = [(verification_id, line.code, payment)] * AT_ONCE
            valid = sum(bool(valid) for valid in threads.map(lambda entry: client.check(*entry), entries))
            if valid != 1:
                evidence = f"entered {AT_ONCE} times at once, it was right {valid} times"
                yield Finding(Breach.UNUSABLE, verification_id, evidence)
