"""The simulator's own side: what it shows, what it lets one change, and whom it refuses."""

import re

import pytest

from otp_worker.devtools.simulator import Knobs, Simulator
from otp_worker.devtools.simulator import messages as simulator_messages
from otp_worker.devtools.simulator.control import Control
from otp_worker.devtools.simulator.exchange import Request
from tests.devtools.simulator.rehearsal import NUMBER, Client

OTHER = "+447700900999"


def shown(client: Client, query: str = "") -> list[str]:
    answer = client.control("GET", "/sim/messages" + query)
    assert answer.status_code == 200
    return [message["ref"] for message in answer.json()["messages"]]


def test_health_counts_the_messages(client: Client) -> None:
    client.send()
    health = client.control("GET", "/sim/health").json()
    assert (health["status"], health["messages"]) == ("ok", 1)


def test_messages_are_shown_whole(client: Client) -> None:
    taken = client.send(ref="a").json()
    (message,) = client.control("GET", "/sim/messages").json()["messages"]
    assert message == {
        "id": taken["id"],
        "to": NUMBER,
        "text": "Your code is 123456",
        "ref": "a",
        "callback": None,
        "sim": None,
        "life_seconds": None,
        "verification": None,
        "taken_at": taken["createdAt"],
        "sent_at": message["sent_at"],
        "states": message["states"],
        "receipts": [],
    }
    assert message["sent_at"].endswith("Z")


def test_messages_can_be_chosen_by_number_ref_and_newness(client: Client) -> None:
    for ref, to in [("a", NUMBER), ("b", OTHER), ("c", NUMBER)]:
        client.send(ref=ref, to=to)
    assert shown(client) == ["a", "b", "c"]
    assert shown(client, "?to=%2B447700900123") == ["a", "c"]
    assert shown(client, "?to=+447700900123") == ["a", "c"]
    assert shown(client, "?ref=b") == ["b"]
    assert shown(client, "?to=+447700900123&ref=b") == []
    assert shown(client, "?limit=2") == ["b", "c"]
    assert shown(client, "?limit=0") == []


@pytest.mark.parametrize("query", ["?limit=x", "?limit=-1", "?number=1"])
def test_a_wrong_filter_is_named(client: Client, query: str) -> None:
    answer = client.control("GET", "/sim/messages" + query)
    assert answer.status_code == 400
    assert answer.json()["issues"][0]["path"] == [query[1:].partition("=")[0]]


def test_everything_can_be_forgotten(client: Client, simulator: Simulator) -> None:
    client.send(ref="a")
    simulator.reply(NUMBER, "hello")
    assert client.control("DELETE", "/sim/messages").status_code == 204
    assert shown(client) == []
    assert client.control("GET", "/sim/replies").json() == {"replies": []}


def test_only_the_newest_are_kept(
    client: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator_messages, "KEPT", 2)
    simulator.knobs.dedupe = True
    for ref in ("a", "b", "c", "b", "a"):
        client.send(ref=ref)
    assert shown(client) == ["c", "a"]


def test_knobs_are_turned_and_shown(client: Client, simulator: Simulator) -> None:
    answer = client.control("PATCH", "/sim/knobs", {"lose_reply": True, "refuse": [OTHER], "next": 3})
    assert answer.status_code == 200
    assert answer.json() == client.control("GET", "/sim/knobs").json()
    assert answer.json()["lose_reply"] is True
    assert answer.json()["next"] == {"lose_reply": 3, "refuse": 3}
    assert simulator.knobs.refuse == (OTHER,)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ofline": True}, "ofline"),
        ({"self": True}, "self"),
        ({"_left": {}}, "_left"),
        ({"offline": "true"}, "offline"),
        ({"offline": 1}, "offline"),
        ({"slow_seconds": -1}, "slow_seconds"),
        ({"slow_seconds": True}, "slow_seconds"),
        ({"slow_seconds": 3601}, "slow_seconds"),
        ({"error_status": 404}, "error_status"),
        ({"retry_after_seconds": 0.5}, "retry_after_seconds"),
        ({"redirect": "elsewhere"}, "redirect"),
        ({"redirect": "http://x/\r\nX-Injected: 1"}, "redirect"),
        ({"refuse": NUMBER}, "refuse"),
        ({"refuse": [1]}, "refuse"),
        ({"hang": True, "next": 0}, "next"),
        ({"hang": True, "next": "1"}, "next"),
        ({"dedupe": True, "next": 1}, "dedupe"),
    ],
)
def test_a_wrong_knob_is_named_and_nothing_changes(
    client: Client, simulator: Simulator, changes: dict[str, object], named: str
) -> None:
    answer = client.control("PATCH", "/sim/knobs", {"suspended": True, **changes})
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [[named]]
    assert simulator.knobs == Knobs()


def test_replies_are_kept_and_shown(client: Client) -> None:
    client.send(ref="a")
    made = client.control("POST", "/sim/replies", {"from": "+44 7700 900123", "text": "hi"})
    assert made.status_code == 202
    (reply,) = client.control("GET", "/sim/replies").json()["replies"]
    assert reply == made.json()["reply"]
    assert (reply["from"], reply["text"], reply["ref"]) == ("447700900123", "hi", "a")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"from": "x", "text": "hi"}, "from"),
        ({"from": NUMBER, "text": ""}, "text"),
        ({"from": NUMBER}, "text"),
    ],
)
def test_a_wrong_reply_is_named(client: Client, body: dict[str, str], named: str) -> None:
    answer = client.control("POST", "/sim/replies", body)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [[named]]


@pytest.mark.parametrize("path", ["/sim/nothing", "/sim/", "/nothing", "/v1"])
def test_anything_else_is_not_found(client: Client, path: str) -> None:
    assert client.control("GET", path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/sim/messages"])
def test_a_rebound_host_name_is_refused(client: Client, path: str) -> None:
    assert client.control("GET", path, headers={"Host": "evil.example"}).status_code == 403
    assert client.control("GET", path, headers={"Host": "localhost:8025"}).status_code == 200


def test_another_machine_is_refused(simulator: Simulator) -> None:
    control: Control = simulator._control
    request = Request("GET", "/sim/messages", {"host": "192.0.2.1"})
    assert control.answer(request, "192.0.2.7").status == 403
    assert control.answer(request, "127.0.0.1").status == 200


def test_a_form_on_another_site_cannot_turn_a_knob(client: Client, simulator: Simulator) -> None:
    answer = client.session.request(
        "PATCH",
        simulator.origin + "/sim/knobs",
        data='{"offline": true}',
        headers={"Content-Type": "text/plain"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert simulator.knobs.offline is False


def test_the_page_needs_nothing_from_elsewhere_and_runs_only_its_own_script(client: Client) -> None:
    page = client.control("GET", "/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
    assert re.findall(r"<(script|style)([^>]*)>", page.text) == [
        ("style", f' nonce="{nonce}"'),
        ("script", f' nonce="{nonce}"'),
    ]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"(src|href)=\"(?!data:)|@import|url\(|innerHTML|https?:", page.text)
    assert nonce not in client.control("GET", "/").text
