"""The calls of ``/v1/admin``, for keys with the scope admin."""

from otp_worker.domain.app import KeyScope
from otp_worker.domain.errors import NotFoundError

from .admin import Numbers, Pauses
from .apps import Apps
from .route import Route
from .schemas.admin import ErasedBody, ExemptBody, NumberBody, PauseBody, PausesBody, UnlockedBody
from .schemas.apps import AppBody, AppsBody, NewAppBody, SettingsBody

ADMIN_ROUTES = (
    Route(
        "GET",
        "/v1/admin/pauses",
        Pauses,
        scope=KeyScope.ADMIN,
        name="listPauses",
        summary="What is or was paused for SMS pumping",
        answer=PausesBody,
        tag="admin",
    ),
    Route(
        "POST",
        "/v1/admin/pauses/exempt",
        Pauses,
        "exempt",
        scope=KeyScope.ADMIN,
        name="exemptFromPauses",
        summary="End a pause",
        body=ExemptBody,
        answer=PauseBody,
        raises=(NotFoundError,),
        tag="admin",
    ),
    Route(
        "POST",
        "/v1/admin/numbers/unlock",
        Numbers,
        "unlock",
        scope=KeyScope.ADMIN,
        name="unlockNumber",
        summary="Unlock a number",
        body=NumberBody,
        answer=UnlockedBody,
        raises=(NotFoundError,),
        tag="admin",
    ),
    Route(
        "POST",
        "/v1/admin/numbers/forget",
        Numbers,
        "forget",
        scope=KeyScope.ADMIN,
        name="forgetNumber",
        summary="Erase a person",
        body=NumberBody,
        answer=ErasedBody,
        tag="admin",
    ),
    Route(
        "GET",
        "/v1/admin/apps",
        Apps,
        scope=KeyScope.ADMIN,
        name="listApps",
        summary="List the apps and what is set for each",
        answer=AppsBody,
        tag="admin",
    ),
    Route(
        "POST",
        "/v1/admin/apps",
        Apps,
        scope=KeyScope.ADMIN,
        name="createApp",
        summary="Make an app before it has a key",
        body=NewAppBody,
        answer=AppBody,
        status=201,
        tag="admin",
    ),
    Route(
        "GET",
        "/v1/admin/apps/{app}",
        Apps,
        "one",
        scope=KeyScope.ADMIN,
        name="getApp",
        summary="Look at an app",
        answer=AppBody,
        raises=(NotFoundError,),
        tag="admin",
    ),
    Route(
        "PATCH",
        "/v1/admin/apps/{app}",
        Apps,
        "one",
        scope=KeyScope.ADMIN,
        name="changeApp",
        summary="Set something for an app, or unset it with null",
        body=SettingsBody,
        answer=AppBody,
        raises=(NotFoundError,),
        tag="admin",
    ),
)
