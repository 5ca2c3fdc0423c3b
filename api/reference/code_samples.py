"""One call of the API, as curl, Python and Node make it."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Access:
    """How a program of each language has the API's URL and the key."""

    curl_url: str
    curl_key: str
    python_url: str
    python_key: str
    node_url: str
    node_key: str
    python_imports: str = ""


FROM_ENVIRONMENT = Access(
    *("$OTP_URL", "$OTP_KEY"),
    *('os.environ["OTP_URL"]', 'os.environ["OTP_KEY"]'),
    *("${process.env.OTP_URL}", "${process.env.OTP_KEY}"),
    python_imports="import os\n\n",
)


def written_out(url: str, key: str) -> Access:
    """The URL and the key themselves, for a program that runs as it stands."""
    return Access(url, key, json.dumps(url), json.dumps(key), url, key)


@dataclass(frozen=True, slots=True)
class Call:
    """A call; ``client`` is what it is in Python with the client ``otp``, if that has it."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    has_key: bool = True
    client: str | None = None


@dataclass(frozen=True, slots=True)
class CodeSample:
    """A program that makes the call and prints the answer; highlighters know its language as ``syntax``."""

    language: str
    syntax: str
    text: str


def code_samples(call: Call, access: Access) -> tuple[CodeSample, ...]:
    """For a shell, for Python with `httpx` or the client, and for Node from 18 on."""
    return (
        CodeSample("curl", "shell", _curl(call, access)),
        CodeSample("Python", "python", _python(call, access)),
        CodeSample("Node", "javascript", _node(call, access)),
    )


def _curl(call: Call, access: Access) -> str:
    lines = [f'curl -s "{access.curl_url}{call.path}"']
    if call.method != ("GET" if call.body is None else "POST"):
        lines[0] += f" -X {call.method}"
    if call.has_key:
        lines.append(f'-H "Authorization: Bearer {access.curl_key}"')
    if call.body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(dict(call.body)))}"]
    return " \\\n  ".join(lines)


def _python(call: Call, access: Access) -> str:
    if call.client is not None:
        return (
            f"{access.python_imports}from otp_worker.client import Client\n\n"
            f"otp = Client({access.python_url}, {access.python_key})\n{call.client}"
        )
    arguments = [f'{access.python_url} + "{call.path}"']
    if call.has_key:
        arguments.append(f'headers={{"Authorization": "Bearer " + {access.python_key}}}')
    if call.body is not None:
        arguments.append(f"json={dict(call.body)!r}")
    lines = "".join(f"    {each},\n" for each in arguments)
    return (
        f"{access.python_imports}import httpx\n\nanswer = httpx.{call.method.lower()}(\n{lines})\n"
        "print(answer.status_code, answer.json())"
    )


def _node(call: Call, access: Access) -> str:
    headers = [f"Authorization: `Bearer {access.node_key}`"] if call.has_key else []
    headers += ['"Content-Type": "application/json"'] if call.body is not None else []
    options = [f'method: "{call.method}"'] if call.method != "GET" else []
    options += [f"headers: {{ {', '.join(headers)} }}"] if headers else []
    options += [f"body: JSON.stringify({json.dumps(dict(call.body))})"] if call.body is not None else []
    lines = "".join(f"  {each},\n" for each in options)
    return (
        f"const answer = await fetch(`{access.node_url}{call.path}`"
        + (f", {{\n{lines}}}" if options else "")
        + ");\nconsole.log(answer.status, await answer.json());"
    )
