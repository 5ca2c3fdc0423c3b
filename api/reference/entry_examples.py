"""An example of every request and every answer about the entry page."""

from collections.abc import Mapping

from pydantic import BaseModel

from otp_worker.domain.entry_link import Outcome

from ..schemas.entry import EntryLinkBody, EntryResultBody
from .example_values import NUMBER, Requests, at

ENTRY_LINK_ID = "lnk_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"
_VERIFICATION_ID = "ver_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"
_RETURN_URL = "https://shop.example/signed-in?flow=17"
_RESULT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJqdGkiOiJsbmtfLi4uIn0.c2lnbmF0dXJl"

ENTRY_REQUESTS: dict[str, Requests] = {
    "createEntryLink": {
        "first": ("For a person who signs in", {"to": NUMBER, "return_url": _RETURN_URL, "user": "user-17"}),
        "more": (
            "In German, for a quarter of an hour, with the person's address for limits",
            {
                "to": NUMBER,
                "return_url": _RETURN_URL,
                "purpose": "login",
                "locale": "de",
                "ip": "203.0.113.7",
                "expires_in_seconds": 900,
            },
        ),
    },
    "redeemEntryResult": {"result": ("What the person came back with", {"result": _RESULT})},
}
_APPROVED = EntryResultBody(
    id=ENTRY_LINK_ID,
    outcome=Outcome.APPROVED,
    verification_id=_VERIFICATION_ID,
    user="user-17",
    decided_at=at(40),
)
ENTRY_ANSWERS: dict[str, Mapping[str, BaseModel]] = {
    "createEntryLink": {
        "made": EntryLinkBody(
            id=ENTRY_LINK_ID,
            url=f"https://otp.example.com/entry/{ENTRY_LINK_ID}.5d0c0b9a7f5e4c3d2b1a5d0c0b9a7f5e4c3d2b1a",
            expires_at=at(900),
            result_secret="5f3c" * 16,
        )
    },
    "redeemEntryResult": {
        "approved": _APPROVED,
        "not_theirs": _APPROVED.model_copy(
            update={"outcome": Outcome.NOT_MY_NUMBER, "verification_id": None}
        ),
    },
}
