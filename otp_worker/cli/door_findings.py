"""What the doctor finds about the doors that apps and other systems come in by, and are told by."""

from collections.abc import Iterator
from contextlib import suppress

from otp_worker.cli.finding import Finding, Verdict
from otp_worker.domain.endpoint import BY_HAND
from otp_worker.domain.errors import ConfigurationError, NotFoundError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.ports import utc_now
from otp_worker.issue.messages import OLDER_MAY_RUN
from otp_worker.operations.endpoints import Endpoints
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.protection.credentials import is_pairs
from otp_worker.service.settings import Settings
from otp_worker.store.connection_errors import DatabaseError
from otp_worker.store.database import Database
from otp_worker.store.older_versions import OlderVersions


def door_findings(settings: Settings, db: Database, older: OlderVersions) -> Iterator[Finding]:
    """Every finding about endpoints, Twilio's shape and hooks."""
    yield from _endpoints(Endpoints(db, Keyring(settings.root_secrets), utc_now))
    yield from _twilio(db, settings)
    yield from _hooks(settings, older)


def _endpoints(endpoints: Endpoints) -> Iterator[Finding]:
    """The endpoints of apps that are told of nothing."""
    try:
        found = [(each, endpoints.can_sign(each.id)) for each in endpoints.all(None)]
    except (DatabaseError, NotFoundError):
        # Already a finding, or removed at this moment.
        return
    for each, can_sign in found:
        named = f"{each.id} of {each.app}"
        if not can_sign:
            detail = f"the secret of {named} cannot be read: otp-worker webhooks rotate {each.id}"
            yield Finding("events", Verdict.FIX, detail)
        elif each.disabled_at is not None:
            detail = f"{named} is disabled: {each.disabled_reason}; otp-worker webhooks enable {each.id}"
            yield Finding("events", Verdict.LOOK, detail, chosen=each.disabled_reason == BY_HAND)
        elif each.failing_since is not None:
            detail = f"{named} took nothing since {each.failing_since:%Y-%m-%d %H:%M}Z: look at its app"
            yield Finding("events", Verdict.LOOK, detail)


def _twilio(db: Database, settings: Settings) -> Iterator[Finding]:
    """Whether apps that are written for Twilio can come in, where they are let in."""
    if not settings.twilio:
        return
    try:
        keys = ApiKeys(db).list()
    except DatabaseError:
        # Already a finding.
        return
    now = utc_now()
    apps = sorted({key.name for key in keys if is_pairs(key.hint) and key.is_valid(now)})
    if not apps:
        detail = "OTP_TWILIO is on, and no app has a pair; otp-worker keys create --twilio makes one"
        yield Finding("twilio", Verdict.LOOK, detail, chosen=True)
        return
    yield Finding("twilio", Verdict.OK, f"Twilio's shape is on for {', '.join(apps)}")


def _hooks(settings: Settings, older: OlderVersions) -> Iterator[Finding]:
    """Each hook with the URL that its system is to be given."""
    try:
        hooks = settings.hooks
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Finding("hook", Verdict.FIX, f"{line}; web does not start with it")
        return
    for hook in hooks.values():
        url = f"{settings.public_url or ''}/v1/hooks/{hook.name}"
        secrets = "1 secret" if len(hook.secrets) == 1 else f"{len(hook.secrets)} secrets"
        said = f"{hook.name}: POST {url}, {hook.auth} with {secrets}, for the app {hook.app}"
        if url.startswith("http://"):
            detail = f"{said}: not https, so its secret and its codes can be read on the way"
            yield Finding("hook", Verdict.LOOK, detail, chosen=True)
        else:
            yield Finding("hook", Verdict.OK, said)
    with suppress(DatabaseError):
        if hooks and not older.know(Derivation.MESSAGE):
            yield Finding("hook", Verdict.FIX, f"each is answered 503: {OLDER_MAY_RUN}")
