"""Each call of the API as curl, Python and Node make it, with OTP_URL and OTP_KEY from the environment."""

from ..route import Route
from .code_samples import FROM_ENVIRONMENT, Call, code_samples
from .example_values import NUMBER
from .examples import ID, REQUESTS

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
    call = Call(
        route.method,
        route.path.replace("{verification_id}", ID).replace("{app}", APP),
        next(iter(REQUESTS[route.name or ""].values()))[1] if route.body else None,
        has_key=route.scope is not None,
        client=_CLIENT.get(route.name or ""),
    )
    return [
        {"lang": each.syntax, "label": each.language, "source": each.text}
        for each in code_samples(call, FROM_ENVIRONMENT)
    ]
