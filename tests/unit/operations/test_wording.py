"""What a person reads of a notice."""

import re
from pathlib import Path

import pytest

from otp_worker.operations.wording import sentence

ROOT = Path(__file__).resolve().parents[3]
FIRST_ENDS_AT = "2026-03-01T12:05:00+00:00"
EVERY_FIELD: dict[str, object] = {
    "gateway": "gb1",
    "reason": "no paired phone is online",
    "battery_percent": 12.0,
    "sim": "gb1",
    "budget": "day",
    "used": 180,
    "of": 200,
    "country": "GB",
    "sends": 60,
    "approvals": 4,
    "usual_percent": 80,
    "from_sim": "gb1",
    "to_sim": "gb2",
    "endpoint": "ep_1",
    "app": "shop",
}


@pytest.mark.parametrize(
    ("kind", "waiting", "said"),
    [
        (
            "phone.silent",
            500,
            "The phone of gb1 is away: no paired phone is online. 500 codes wait, and the first",
        ),
        (
            "phone.silent",
            1,
            "The phone of gb1 is away: no paired phone is online. 1 code waits, and is given up at",
        ),
        ("phone.back", 0, "The phone of gb1 is back. No code waits."),
        ("sim.budget_low", 0, "SIM gb1 has used 180 of 200 of its budget of the day. No code waits."),
        (
            "conversion.halved",
            0,
            "In GB 4 of 60 codes were entered in the last hour; usually 80 % are. No code",
        ),
        ("canary.lost", 0, "A canary from gb1 to gb2 did not arrive. No code waits."),
    ],
)
def test_it_says_what_happened_and_how_many_codes_wait(kind: str, waiting: int, said: str) -> None:
    data = {**EVERY_FIELD, "codes_waiting": waiting, "first_ends_at": FIRST_ENDS_AT if waiting else None}
    told = sentence(kind, data)
    assert told is not None
    assert told.startswith(said)
    assert told.endswith("given up at 12:05:00Z." if waiting else "No code waits.")


def test_every_notice_of_the_list_has_a_sentence_or_words_of_its_own() -> None:
    table = (ROOT / "deploy" / "README.md").read_text().partition("| event at your webhook")[2]
    kinds = re.findall(r"`([a-z]+\.[a-z_]+)`", table.partition("\n\n")[0])
    assert len(kinds) > 12
    own_words = {"reply.received", "number.reported", "guard.paused"}
    assert {kind for kind in kinds if sentence(kind, EVERY_FIELD) is None} == own_words
