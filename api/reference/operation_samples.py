"""Each call of the API as curl, Python and Node make it, with OTP_URL and OTP_KEY from the environment."""

from ..route import Route
from .code_samples import FROM_ENVIRONMENT, Call, code_samples
from .endpoint_examples import ENDPOINT_ID, EVENT_ID
from .entry_examples import ENTRY_LINK_ID
from .example_values import NUMBER
from .examples import ID, REQUESTS
from .message_examples import MESSAGE_ID

APP, TEMPLATE, HOOK = "shop", "order", "supabase"
_CLIENT = {
    "sendVerification": f'print(otp.send("{NUMBER}", user="user-17").id)',
    "checkVerification": f'print(otp.check("{ID}", "123456").valid)',
    "checkNumber": f'print(otp.check_number("{NUMBER}", "123456").valid)',
    "resendVerification": f'print(otp.resend("{ID}").delivery)',
    "getVerification": f'print(otp.get("{ID}").status)',
    "cancelVerification": f'print(otp.cancel("{ID}").status)',
    "getTimeline": f'print(otp.timeline("{ID}").cause)',
    "listVerifications": 'for each in otp.list(user="user-17"):\n    print(each.id, each.status)',
    "searchVerifications": f'for each in otp.search("{NUMBER}").verifications:\n    print(each.id)',
    "sendMessage": f'print(otp.send_message("{NUMBER}", "Your code is 123456").id)',
    "getMessage": f'print(otp.get_message("{MESSAGE_ID}").status)',
    "cancelMessage": f'print(otp.cancel_message("{MESSAGE_ID}").status)',
    "getMessageTimeline": f'print(otp.message_timeline("{MESSAGE_ID}").cause)',
    "listMessages": "for each in otp.list_messages().messages:\n    print(each.id)",
}
"""The calls that the Python client has."""


def operation_samples(route: Route) -> list[dict[str, str]]:
    """The samples of a call, as ``x-codeSamples`` has them."""
    call = Call(
        route.method,
        route.path.replace("{verification_id}", ID)
        .replace("{message_id}", MESSAGE_ID)
        .replace("{endpoint_id}", ENDPOINT_ID)
        .replace("{event_id}", EVENT_ID)
        .replace("{link_id}", ENTRY_LINK_ID)
        .replace("{app}", APP)
        .replace("{template}", TEMPLATE)
        .replace("{hook}", HOOK),
        next(iter(REQUESTS[route.name or ""].values()))[1] if route.body else None,
        has_key=route.scope is not None,
        client=_CLIENT.get(route.name or ""),
    )
    return [
        {"lang": each.syntax, "label": each.language, "source": each.text}
        for each in code_samples(call, FROM_ENVIRONMENT)
    ]
