"""What the tests say to Kannel itself, and what they see come out of it."""

from otp_worker.devtools.processes.kannel import SMSC, CarriedSms, EmbeddedKannel
from otp_worker.domain.gateway import CallbackRequest, Message, Receipt, ReceiptKind
from otp_worker.gateways.kannel import Kannel, KannelAccount
from tests.contract.gateways.adapter import CODE_TEXT, SIM_NUMBER, request_of
from tests.devtools.simulator.rehearsal import ListeningApp
from tests.waiting import awaited


def opened(kannel: EmbeddedKannel, **fields: object) -> Kannel:
    account = {"key": kannel.key, "url": kannel.url, "smsc": SMSC, **fields}
    return KannelAccount.model_validate(account).open("real")


def message(
    to: str, text: str = CODE_TEXT, app: ListeningApp | None = None, sender: str | None = SIM_NUMBER
) -> Message:
    """A code to be sent, whose receipts are told at the number's own path."""
    callback_url = f"{app.url}/receipts/{to[1:]}" if app else None
    return Message(to, text, "a reference", callback_url, 300.0, 5.0, sender)


def carried(kannel: EmbeddedKannel, number: str) -> list[CarriedSms]:
    """What came to the carrier for a number."""
    return [sms for sms in kannel.carried if sms.to == number]


def told(app: ListeningApp, path: str, least: int) -> list[CallbackRequest]:
    """What was told at a path, once it is so much."""

    def requests() -> list[CallbackRequest]:
        return [request_of(heard) for heard in app.wait_for(0) if heard.path.startswith(f"{path}?")]

    assert awaited(lambda: len(requests()) >= least), f"{len(requests())} of {least} at {path}"
    return requests()


def receipts(gateway: Kannel, requests: list[CallbackRequest]) -> list[ReceiptKind]:
    """The kinds of the receipts in these requests."""
    events = [event for request in requests for event in gateway.read_callback(request)]
    return [event.kind for event in events if isinstance(event, Receipt)]
