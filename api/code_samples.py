"""One request of an app, as curl, Python and Node make it."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeSample:
    """A program that makes the request and prints the answer."""

    language: str
    text: str


def code_samples(url: str, key: str, body: Mapping[str, str]) -> tuple[CodeSample, ...]:
    """POST ``body`` to ``url`` with an API key: for a shell, for Python's `requests`, for Node from 18 on."""
    fields = json.dumps(dict(body))
    return (
        CodeSample("curl", _curl(url, key, fields)),
        CodeSample("Python", _python(url, key, fields)),
        CodeSample("Node", _node(url, key, fields)),
    )


def _curl(url: str, key: str, fields: str) -> str:
    return (
        f"curl {shlex.quote(url)} \\\n"
        f"  -H {shlex.quote(f'Authorization: Bearer {key}')} \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(fields)}"
    )


def _python(url: str, key: str, fields: str) -> str:
    # Text is written alike in JSON and in Python.
    return (
        "import requests\n\n"
        "answer = requests.post(\n"
        f"    {json.dumps(url)},\n"
        f'    headers={{"Authorization": {json.dumps(f"Bearer {key}")}}},\n'
        f"    json={fields},\n"
        "    timeout=10,\n"
        ")\n"
        "print(answer.status_code, answer.json())"
    )


def _node(url: str, key: str, fields: str) -> str:
    return (
        f"const answer = await fetch({json.dumps(url)}, {{\n"
        '  method: "POST",\n'
        f"  headers: {{ Authorization: {json.dumps(f'Bearer {key}')}, "
        '"Content-Type": "application/json" },\n'
        f"  body: JSON.stringify({fields}),\n"
        "});\n"
        "console.log(answer.status, await answer.json());"
    )
