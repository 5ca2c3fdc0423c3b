"""Each call of the API as curl, Python and Node make it, with OTP_URL and OTP_KEY from the environment."""

import json
from typing import Any

from .example_values import NUMBER
from .examples import ID, REQUESTS
from .route import Route

APP = "shop"
_CLIENT = {
    "send": f'print(otp.send("{NUMBER}", user="user-17").id)',
    "check": f'print(otp.check("{ID}", "123456").valid)',
    "checkNumber": f'print(otp.check_number("{NUMBER}", "123456").valid)',
    "resend": f'print(otp.resend("{ID}").delivery)',
    "read": f'print(otp.get("{ID}").status)',
    "cancel": f'print(otp.cancel("{ID}").status)',
    "timeline": f'print(otp.timeline("{ID}").cause)',
    "list": 'for each in otp.list(user="user-17"):\n    print(each.id, each.status)',
    "search": f'for each in otp.search("{NUMBER}").verifications:\n    print(each.id, each.status)',
}
"""The calls that the Python client has."""


def operation_samples(route: Route) -> list[dict[str, str]]:
    """The samples of a call, as ``x-codeSamples`` has them."""
    path = route.path.replace("{verification_id}", ID).replace("{app}", APP)
    body = next(iter(REQUESTS[route.name or ""].values()))[1] if route.body else None
    samples = {
        "curl": ("shell", _curl(route, path, body)),
        "Python": ("python", _python(route, path, body)),
        "Node": ("javascript", _node(route, path, body)),
    }
    return [{"lang": lang, "label": label, "source": text} for label, (lang, text) in samples.items()]


def _curl(route: Route, path: str, body: dict[str, Any] | None) -> str:
    lines = [f'curl -s "$OTP_URL{path}"']
    if route.method != ("GET" if body is None else "POST"):
        lines[0] += f" -X {route.method}"
    if route.scope:
        lines.append('-H "Authorization: Bearer $OTP_KEY"')
    if body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(body)}'"]
    return " \\\n  ".join(lines)


def _python(route: Route, path: str, body: dict[str, Any] | None) -> str:
    if route.name in _CLIENT:
        return (
            "import os\n\nfrom otp_worker.client import Client\n\n"
            'otp = Client(os.environ["OTP_URL"], os.environ["OTP_KEY"])\n'
            f"{_CLIENT[route.name]}"
        )
    arguments = [f'os.environ["OTP_URL"] + "{path}"']
    if route.scope:
        arguments.append('headers={"Authorization": "Bearer " + os.environ["OTP_KEY"]}')
    if body is not None:
        arguments.append(f"json={body!r}")
    lines = "".join(f"    {each},\n" for each in arguments)
    return (
        f"import os\n\nimport httpx\n\nanswer = httpx.{route.method.lower()}(\n{lines})\n"
        "print(answer.status_code, answer.json())"
    )


def _node(route: Route, path: str, body: dict[str, Any] | None) -> str:
    headers = ["Authorization: `Bearer ${process.env.OTP_KEY}`"] if route.scope else []
    headers += ['"Content-Type": "application/json"'] if body is not None else []
    options = [f'method: "{route.method}"'] if route.method != "GET" else []
    options += [f"headers: {{ {', '.join(headers)} }}"] if headers else []
    options += [f"body: JSON.stringify({json.dumps(body)})"] if body is not None else []
    lines = "".join(f"  {each},\n" for each in options)
    return (
        f"const answer = await fetch(`${{process.env.OTP_URL}}{path}`"
        + (f", {{\n{lines}}}" if options else "")
        + ");\nconsole.log(answer.status, await answer.json());"
    )
