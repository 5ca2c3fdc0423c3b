"""The blocks of the documents, run as they are written but for URL, key, number, id and code."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from otp_worker.devtools.processes.stack import ROOT

WRITTEN_URL, WRITTEN_NUMBER, WRITTEN_ID, WRITTEN_CODE = (
    "https://otp.example.com",
    "+447400123456",
    "ver_01M8...",
    "123456",
)


def blocks(document: str, language: str) -> list[str]:
    """The document's blocks in that language, in their order."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def calls(document: str) -> list[tuple[str, str]]:
    """Each call by curl that a document shows, and the answer that it shows below it."""
    text = (ROOT / document).read_text()
    return re.findall(
        r"^(curl -s .*)\n(?:```\n(?:(?!```sh).*\n)*?```json\n|# )(\{(?:.*\n)*?.*\})\n", text, re.MULTILINE
    )


def run_curl(call: str, values: Mapping[str, str], url: str, key: str) -> dict[str, Any]:
    """What is answered to a call whose written values are replaced by these."""
    for written, value in {WRITTEN_URL: url, **values}.items():
        call = call.replace(written, value)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "OTP_URL": url, "OTP_KEY": key}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", call],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def fields_of(answer: str) -> set[str]:
    """The names of the fields that an answer shows; dots stand for what is left out."""
    return set(re.findall(r'"(\w+)": ?', answer))


class Names(dict[str, Any]):
    """The names that a block finds and makes; one that it waits for is asked for when it is read."""

    def __init__(self, known: Mapping[str, Any], awaited: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__(known)
        self._awaited = awaited

    def __missing__(self, name: str) -> Any:
        if name not in self._awaited:
            raise KeyError(name)
        return self._awaited[name]()
