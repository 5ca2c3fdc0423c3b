"""The samples of the reference, run: each call as curl, Python and Node make it, at a real socket."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from api.reference.endpoint_examples import ENDPOINT_ID, EVENT_ID
from api.reference.entry_examples import ENTRY_LINK_ID, ENTRY_REQUESTS
from api.reference.example_values import NUMBER
from api.reference.examples import ID
from api.reference.message_examples import MESSAGE_ID
from api.reference.openapi import openapi_document
from tests.acceptance.served import served
from tests.api.entry.person import BACK, approve, open_shop
from tests.api.service import Service

OPERATIONS = [operation for methods in openapi_document()["paths"].values() for operation in methods.values()]
RUN_SECONDS = 120
NODE = shutil.which("node")
# Each runs the files that it is given one after another, and says which one's turn it is.
SHELL = 'for file in "$@"; do echo "@ $file"; bash -eu "$file"; echo; done'
PYTHON = "import runpy, sys\nfor file in sys.argv[1:]:\n    print('@', file)\n    runpy.run_path(file)"
JAVASCRIPT = "for (const file of process.argv.slice(1)) { console.log('@', file); await import(file); }"
RESULT = ENTRY_REQUESTS["redeemEntryResult"]["result"][1]["result"]
NOT_DONE_HERE = {"isReady": 503, "unlockNumber": 404, "getTemplate": 404, "callHook": 404}
"""No worker is there, no number locked, no hook, and a template only later; every other call is done."""


@dataclass
class Place:
    """A running service, and what a sample that is copied from the page needs there; the key may do all."""

    url: str
    service: Service
    key: str

    def __post_init__(self) -> None:
        self._numbers = (f"+4474001{number:05d}" for number in count(10_000))

    def samples(self, label: str, folder: Path, ending: str) -> list[Path]:
        """A file for every call's program in one language; each is about a verification of its own."""
        files = []
        for operation in OPERATIONS:
            [source] = [each["source"] for each in operation["x-codeSamples"] if each["label"] == label]
            file = folder / f"{operation['operationId']}{ending}"
            file.write_text(self._filled_in(operation["operationId"], source))
            files.append(file)
        self.service.deliver_queued()
        # A resend is not too soon any more.
        self.service.clock.move(60)
        return files

    def _filled_in(self, name: str, source: str) -> str:
        number = next(self._numbers)
        if name != "sendVerification":
            source = source.replace(ID, self.service.issue(number).id)
        if MESSAGE_ID in source:
            source = source.replace(MESSAGE_ID, self._message(number))
        if ENDPOINT_ID in source:
            source = self._with_endpoint(source)
        if RESULT in source:
            source = self._with_result(source, number)
        if name == "createApp":
            source = re.sub(r"(['\"])shop\1", f"\\1shop-{number[1:]}\\1", source)
        return source.replace(NUMBER, number)

    def _message(self, number: str) -> str:
        """A notice, which waits."""
        asked = {"to": number, "text": "Your table is ready", "priority": "notice"}
        return str(self._post("/v1/messages", asked)["id"])

    def _with_endpoint(self, source: str) -> str:
        """With an endpoint that was told of an event."""
        endpoint = self._post("/v1/webhook-endpoints", {"url": "https://shop.example/otp-events"})["id"]
        event = self._post(f"/v1/webhook-endpoints/{endpoint}/test", None)["id"]
        return source.replace(ENDPOINT_ID, endpoint).replace(EVENT_ID, event)

    def _with_result(self, source: str, number: str) -> str:
        """With a link whose person has entered the code."""
        link = self._post("/v1/entry-links", {"to": number, "return_url": BACK})["id"]
        return source.replace(ENTRY_LINK_ID, link).replace(RESULT, approve(self.service, link, self.url))

    def _post(self, path: str, asked: object) -> Any:
        authorization = {"Authorization": f"Bearer {self.key}"}
        return requests.post(f"{self.url}{path}", json=asked, headers=authorization, timeout=10).json()


@pytest.fixture
def place(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Place]:
    """Where every sample can be run."""
    with served(migrated_sqlite, tmp_path) as (url, service):
        service.announce_seal_keys()
        key = service.admin_key("shop")
        open_shop(service)
        yield Place(url, service, key)


@pytest.mark.parametrize(
    ("label", "ending", "runner"),
    [
        ("curl", ".sh", ["bash", "-c", SHELL, "bash"]),
        ("Python", ".py", [sys.executable, "-c", PYTHON]),
        pytest.param(
            "Node",
            ".mjs",
            [NODE, "--input-type=module", "-e", JAVASCRIPT],
            marks=pytest.mark.skipif(not NODE, reason="node is not installed: apt-get install nodejs"),
        ),
    ],
    ids=["curl", "Python", "Node"],
)
def test_every_sample_does_what_its_call_does(
    label: str, ending: str, runner: list[str], place: Place, tmp_path: Path
) -> None:
    files = place.samples(label, tmp_path, ending)
    done = subprocess.run(
        [*runner, *files],
        env={**os.environ, "OTP_URL": place.url, "OTP_KEY": place.key},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(part.split("\n", 1) for part in done.stdout.split("@ ")[1:])
    assert list(said) == [str(file) for file in files]
    told = {file.stem: _status(said[str(file)].strip()) for file in files}
    assert {name: status for name, status in told.items() if status >= 300} == {
        name: status
        for name, status in NOT_DONE_HERE.items()
        # An answer of 503 looks like any other one to who asks for its body alone.
        if not (label == "curl" and name == "isReady")
    }


def _status(said: str) -> int:
    """That of the answer which a sample printed: its own word, or that of the problem in it."""
    assert said
    if found := re.match(r"[1-5]\d\d ", said):
        return int(found[0])
    problem = re.match(r'\{"type":"urn:[^{}]*?"status":(\d+)', said)
    return int(problem[1]) if problem else 200
