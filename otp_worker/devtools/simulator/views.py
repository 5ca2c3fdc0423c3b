"""What the phone holds, as JSON for people and programs."""

from datetime import datetime

from .checks import verification_of
from .exchanges import Exchange
from .feed import Change
from .messages import Message, Reply, instant
from .schedule import Waiting


def kind_of(change: Change) -> str:
    """The word for a thing in the feed."""
    match change:
        case Message():
            return "message"
        case Reply():
            return "reply"
        case Exchange():
            return "request"


def show(change: Change) -> dict[str, object]:
    """A message, a reply or a request."""
    match change:
        case Message():
            return show_message(change)
        case Reply():
            return show_reply(change)
        case Exchange():
            return show_request(change)


def show_message(message: Message) -> dict[str, object]:
    """An SMS that the gateway took, with what became of it."""
    return {
        "id": message.id,
        "to": message.to,
        "text": message.text,
        "ref": message.ref,
        "verification": verification_of(message),
        "callback": message.callback,
        "sim": message.sim,
        "life_seconds": message.life_seconds,
        "taken_at": instant(message.taken_at),
        "sent_at": _or_none(message.sent_at),
        "states": {status: instant(at) for status, at in list(message.states.items())},
        "receipts": [
            {"status": receipt.status, "answered": receipt.answered, "posted_at": instant(receipt.posted_at)}
            for receipt in list(message.receipts)
        ],
    }


def show_reply(reply: Reply) -> dict[str, object]:
    """An SMS that came in."""
    return {
        "id": reply.id,
        "from": reply.number,
        "text": reply.text,
        "ref": reply.ref,
        "received_at": instant(reply.received_at),
        "answered": reply.answered,
    }


def show_request(exchange: Exchange) -> dict[str, object]:
    """A request to the gateway."""
    return {
        "id": exchange.id,
        "method": exchange.method,
        "path": exchange.path,
        "started_at": instant(exchange.started_at),
        "manner": exchange.manner.name.lower(),
        "status": exchange.status,
        "ms": None if exchange.ms is None else round(exchange.ms, 1),
        "until": _or_none(exchange.until),
    }


def show_waiting(waiting: Waiting) -> dict[str, object]:
    """What waits."""
    return {
        "what": waiting.what,
        "number": waiting.number,
        "detail": waiting.detail,
        "why": waiting.why,
        "until": _or_none(waiting.until),
    }


def _or_none(at: datetime | None) -> str | None:
    return None if at is None else instant(at)
