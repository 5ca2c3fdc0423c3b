"""Every call in Twilio's shape, once.

They stand in a table of their own and not in the OpenAPI document: the shape is Twilio's, which publishes a
description of it, and clients that are generated from our document are to have one way to do a thing.
"""

from otp_worker.domain.app import KeyScope

from ..route import Route
from .attempts import Attempts
from .checks import Checks
from .messages import Messages
from .rate_limits import RateLimits
from .services import Services
from .templates import Templates
from .verifications import Verifications

_SERVICES = "/v2/Services"
_SERVICE = f"{_SERVICES}/{{service_sid}}"
_ACCOUNT = "/2010-04-01/Accounts/{account_sid}"
_ONE = f"{_SERVICE}/Verifications/{{which}}"

_LIMITS = f"{_SERVICE}/RateLimits"
_LIMIT = f"{_LIMITS}/{{limit}}"
_BUCKET = f"{_LIMIT}/Buckets/{{bucket}}"

_RATE_LIMITS = (
    Route("GET", _LIMITS, RateLimits, scope=KeyScope.READ),
    Route("POST", _LIMITS, RateLimits, scope=KeyScope.SEND),
    Route("GET", _LIMIT, RateLimits, "one", scope=KeyScope.READ),
    Route("POST", _LIMIT, RateLimits, "one", scope=KeyScope.SEND),
    Route("DELETE", _LIMIT, RateLimits, "one", scope=KeyScope.SEND),
    Route("GET", f"{_LIMIT}/Buckets", RateLimits, "buckets", scope=KeyScope.READ),
    Route("POST", f"{_LIMIT}/Buckets", RateLimits, "buckets", scope=KeyScope.SEND),
    Route("GET", _BUCKET, RateLimits, "bucket", scope=KeyScope.READ),
    Route("POST", _BUCKET, RateLimits, "bucket", scope=KeyScope.SEND),
    Route("DELETE", _BUCKET, RateLimits, "bucket", scope=KeyScope.SEND),
)

TWILIO_ROUTES = (
    Route("GET", _SERVICES, Services, scope=KeyScope.READ),
    Route("POST", _SERVICES, Services, scope=KeyScope.SEND),
    Route("GET", _SERVICE, Services, "one", scope=KeyScope.READ),
    Route("POST", _SERVICE, Services, "one", scope=KeyScope.SEND),
    Route("DELETE", _SERVICE, Services, "one", scope=KeyScope.SEND),
    Route("POST", f"{_SERVICE}/Verifications", Verifications, scope=KeyScope.SEND, rechecks_key=True),
    Route("GET", _ONE, Verifications, "one", scope=KeyScope.READ),
    Route("POST", _ONE, Verifications, "one", scope=KeyScope.SEND),
    Route("POST", f"{_SERVICE}/VerificationCheck", Checks, scope=KeyScope.CHECK, rechecks_key=True),
    *_RATE_LIMITS,
    Route("GET", "/v2/Attempts", Attempts, scope=KeyScope.READ),
    Route("GET", "/v2/Attempts/Summary", Attempts, "summary", scope=KeyScope.READ),
    Route("GET", "/v2/Attempts/{attempt_sid}", Attempts, "one", scope=KeyScope.READ),
    Route("GET", "/v2/Templates", Templates, scope=KeyScope.READ),
    Route("POST", f"{_ACCOUNT}/Messages.json", Messages, scope=KeyScope.MESSAGE, rechecks_key=True),
    Route("GET", f"{_ACCOUNT}/Messages/{{message_sid}}.json", Messages, "one", scope=KeyScope.MESSAGE),
)
