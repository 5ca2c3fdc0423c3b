"""The gateways that the simulator can stand for, one file each."""

from collections.abc import Callable

from ..knobs import Knobs
from ..phone import Phone
from .http_json import HttpJson
from .httpsms import HttpSms
from .kannel import Kannel
from .mobile_api_connect import MobileApiConnect
from .profile import Profile
from .smsgate import SmsGate
from .textbee import Textbee

PROFILES: dict[str, Callable[[Phone, Knobs, str, str | None], Profile]] = {
    "httpsms": HttpSms,
    "http_json": HttpJson,
    "kannel": Kannel,
    "mobile_api_connect": MobileApiConnect,
    "smsgate": SmsGate,
    "textbee": Textbee,
}
"""Each profile by its gateway's kind; made of a phone, its knobs, the key, and the secret that signs."""
