"""Codes that can be checked: asked for, delivered, and read where a person would read them."""

import json
import re

from otp_worker.devtools.bench.bench import SENDS, Bench
from otp_worker.devtools.bench.load import Item
from otp_worker.devtools.bench.service import Service

_CODE = re.compile(r"\b[0-9]{6}\b")
_WAIT_SECONDS = 300


def right_checks(bench: Bench, service: Service, count: int) -> list[Item]:
    """So many checks, each of a verification of its own and with its right code."""
    bench.sink.begin()
    sends = bench.sends(count)
    accepted = bench.accept(service, sends, keep_answers=True)
    codes = {each.to: _code_in(each.text) for each in bench.sink.await_messages(count, _WAIT_SECONDS)}
    return [
        (f"{SENDS}/{json.loads(answer)['id']}/check", {"code": codes[str(sends[position][1]["to"])]})
        for position, answer in zip(accepted.positions, accepted.answers, strict=True)
    ]


def _code_in(text: str) -> str:
    found = _CODE.search(text)
    if found is None:
        raise ValueError("an SMS without a code of six digits")
    return found[0]
