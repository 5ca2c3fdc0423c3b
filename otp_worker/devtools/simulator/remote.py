"""A running simulator, spoken to from the command line."""

from typing import Any

import requests

TIMEOUT_SECONDS = 10.0


class RemoteError(Exception):
    """The simulator did not answer, or refused what was asked."""


class Remote:
    """The control side of the simulator at an origin such as `http://127.0.0.1:8025`."""

    def __init__(self, origin: str) -> None:
        self._origin = origin.rstrip("/").removesuffix("/v1")

    def set_knobs(self, changes: dict[str, object]) -> dict[str, object]:
        """Turn knobs and return how all of them stand."""
        return self._ask("PATCH", "/sim/knobs", json=changes)

    def messages(self, to: str | None, limit: int | None) -> list[dict[str, Any]]:
        """What the phone took, oldest first."""
        filters = {"to": to, "limit": limit}
        answer = self._ask("GET", "/sim/messages", params={k: v for k, v in filters.items() if v is not None})
        messages: list[dict[str, Any]] = answer["messages"]
        return messages

    def start_scenario(self, asked: dict[str, object]) -> dict[str, Any]:
        """Start a scenario; what stands then."""
        return self._ask("PUT", "/sim/scenario", json=asked)

    def clear(self) -> dict[str, Any]:
        """End the scenario and put every knob back; what stands then."""
        return self._ask("DELETE", "/sim/scenario")

    def scenario(self) -> dict[str, Any]:
        """The scenario that stands."""
        return self._ask("GET", "/sim/scenario")

    def reply(self, number: str, text: str) -> bool:
        """Let a number answer by SMS; whether a webhook is registered to hear of it."""
        return bool(self._ask("POST", "/sim/replies", json={"from": number, "text": text})["forwarded"])

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.request(method, self._origin + path, timeout=TIMEOUT_SECONDS, **request)
                body: dict[str, Any] = answer.json()
            except requests.RequestException as error:
                raise RemoteError(f"no simulator answers at {self._origin}") from error
        if not answer.ok:
            raise RemoteError(_reasons(body))
        return body


def _reasons(body: dict[str, Any]) -> str:
    issues = [f"{'.'.join(issue['path'])} {issue['message']}".strip() for issue in body.get("issues", [])]
    return "; ".join(issues) or str(body.get("error"))
