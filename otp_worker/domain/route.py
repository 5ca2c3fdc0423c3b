"""Which SIM is to send an SMS: one pure function that puts those that may in order."""

import hashlib
import math
from collections.abc import Collection, Sequence

from otp_worker.domain.sim import Sim


def order(sims: Sequence[Sim], recipient: bytes, *, avoid: Collection[str] = ()) -> list[Sim]:
    """The SIMs in the order in which they are to be tried for a recipient; those to avoid come last.

    Each recipient has an order of its own and keeps it, so that people know the number that writes to them,
    and a SIM that is away comes back to its own people. A SIM is first for as large a share of all
    recipients as its weight (weighted rendezvous hashing: no table is kept, and a SIM that joins or leaves
    moves only its own share).
    """
    ranked = sorted(sims, key=lambda sim: (-_score(sim, recipient), sim.name))
    return sorted(ranked, key=lambda sim: sim.name in avoid)


def _score(sim: Sim, recipient: bytes) -> float:
    digest = hashlib.sha256(sim.name.encode() + b"\0" + recipient).digest()
    # Strictly between 0 and 1, so that its logarithm is finite and not zero.
    chance = (int.from_bytes(digest[:6], "big") + 0.5) / 2**48
    return sim.weight / -math.log(chance)
