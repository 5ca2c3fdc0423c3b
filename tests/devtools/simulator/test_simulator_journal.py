"""The journal accounts for every message taken."""

import json
from pathlib import Path

import pytest

from otp_worker.devtools.simulator import Knobs, Simulator
from tests.devtools.simulator.rehearsal import NUMBER, Client


def test_a_journal_has_a_line_for_every_message_taken(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    for ref in ("first run", "second run"):
        with Simulator(journal=journal, knobs=Knobs(dedupe=True)) as simulator:
            client = Client(simulator)
            with client.session:
                answer = client.send(ref=ref)
                client.send(ref=ref)
                client.send(to="x")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["ref"] for line in lines] == ["first run", "second run"]
    assert lines[1] == {
        "id": answer.json()["id"],
        "to": NUMBER,
        "text": "Your code is 123456",
        "ref": "second run",
        "callback": None,
        "taken_at": answer.json()["createdAt"],
    }


def test_a_journal_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Simulator(journal=tmp_path / "missing" / "journal.jsonl")
