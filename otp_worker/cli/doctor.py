"""The doctor: looks at everything the service needs and says what to fix."""

from collections.abc import Iterator

from redis import RedisError

from otp_worker.cli.door_findings import door_findings
from otp_worker.cli.finding import Finding, Verdict
from otp_worker.domain.errors import ConfigurationError, OtpError
from otp_worker.domain.gateway import Gateway, Message, Outcome, OutcomeKind
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.ports import utc_now
from otp_worker.domain.sim import Sim, Sims
from otp_worker.gateways.email import NAME as EMAIL
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.operations.apps import Apps
from otp_worker.operations.health import Health, HealthCheck
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.service.celery_app import make_celery
from otp_worker.service.database import open_database
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.redis_cluster import refuse_cluster
from otp_worker.service.roles import Role, load_settings
from otp_worker.service.settings import Settings
from otp_worker.service.wiring import older_versions, open_redis
from otp_worker.store.connection_errors import DatabaseError
from otp_worker.store.database import Database

CLOCK_TOLERANCE_SECONDS = 5.0
TEST_SECONDS = 300.0
TEST_TIMEOUT_SECONDS = 15.0
TEST_TEXT = "This is a test message. Your SMS gateway works."


def examine(send_to: str | None = None) -> Iterator[Finding]:
    """Every finding about the environment as it is; with ``send_to`` a test SMS is sent there at the end."""
    try:
        settings = load_settings("worker")
        refuse_cluster(settings)
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Finding("configuration", Verdict.FIX, line)
        return
    yield Finding("configuration", Verdict.OK, "every variable the service needs is set")
    yield from _advice(settings)
    yield from _parts(settings)
    yield _limits(settings)
    for gateway in settings.sims.gateways.values():
        yield _gateway(gateway)
    yield _flower()
    yield _console()
    if send_to is not None:
        yield _test_message(settings, send_to)


def _advice(settings: Settings) -> Iterator[Finding]:
    if settings.code_length < 6:
        detail = (
            f"OTP_CODE_LENGTH is {settings.code_length}: fewer than 6 digits are too easily guessed (NIST)"
        )
        yield Finding("code length", Verdict.LOOK, detail, chosen=True)
    if not settings.public_url:
        detail = "OTP_PUBLIC_URL is empty: no receipts and no replies will come in"
        yield Finding("callbacks", Verdict.LOOK, detail, chosen=True)
    elif not settings.gateways_file and not settings.gateway_webhook_secret:
        detail = "OTP_GATEWAY_WEBHOOK_SECRET is not set: replies cannot be authenticated and are refused"
        yield Finding("replies", Verdict.LOOK, detail, chosen=True)
    off = [f"OTP_LIMIT_{limit.upper()}" for limit, rates in settings.limit_rates.items() if not rates]
    if off:
        yield Finding("limits", Verdict.LOOK, f"turned off: {', '.join(off)}", chosen=True)
    if settings.gateway_url and settings.gateway_url.startswith("http://"):
        detail = "OTP_GATEWAY_URL is not https: fit for loopback only"
        yield Finding("gateway", Verdict.LOOK, detail, chosen=True)


def _parts(settings: Settings) -> Iterator[Finding]:
    db = open_database(settings)
    breaker = Breaker(db, settings.policy.lease_seconds)
    queue = DeliveryQueue(make_celery(settings.broker_url or "", settings.publish_wait_seconds))
    older = older_versions(settings, db)
    # No worker of an older version is taken for granted, as readiness does: nobody has seen it run.
    health = Health(db, queue.check, breaker, settings.sims, WriteProbe(db))
    for check in health.checks(db.now):
        if check.name == "workers" and not check.ok and older.may_run():
            detail = f"{check.detail}, unless those of an older version run, which do not report"
            yield Finding(check.name, Verdict.LOOK, detail)
        else:
            yield Finding(check.name, _verdict(check), check.detail)
    yield _clock(db)
    yield from _key_limits(db, settings.retention_days)
    yield from door_findings(settings, db, older)
    yield from _texts(db, OperatorsTexts(settings.languages, settings.templates))
    db.close()


def _verdict(check: HealthCheck) -> Verdict:
    if check.ok:
        return Verdict.OK
    # What may come back by itself is to be looked at; what stands still until somebody acts is to be fixed.
    return Verdict.LOOK if check.name in ("phone", "deliveries") else Verdict.FIX


def _clock(db: Database) -> Finding:
    try:
        apart = abs((utc_now() - db.now()).total_seconds())
    except DatabaseError as error:
        return Finding("clock", Verdict.LOOK, f"cannot ask the database's clock ({type(error).__name__})")
    if apart > CLOCK_TOLERANCE_SECONDS:
        detail = f"{apart:.0f} s apart from the database's clock: run an NTP client on both machines"
        return Finding("clock", Verdict.FIX, detail)
    return Finding("clock", Verdict.OK, "agrees with the database's clock")


def _key_limits(db: Database, retention_days: int) -> Iterator[Finding]:
    """Keys were made with limits that could be counted; the retention may have been shortened since."""
    try:
        forgotten = ApiKeys(db, retention_days=retention_days).forgotten(utc_now())
        apps = Apps(db, utc_now, retention_days).forgotten()
    except DatabaseError:
        # Already a finding.
        return
    for app, rates in apps:
        detail = f"the app {app.name} has {rates}: longer than OTP_RETENTION_DAYS={retention_days}"
        yield Finding("limits", Verdict.FIX, f"{detail}, so sends are not counted; otp-worker apps set")
    for key in forgotten:
        detail = f"{key.id} of {key.name} has {key.limit}: longer than OTP_RETENTION_DAYS={retention_days}"
        yield Finding("limits", Verdict.FIX, f"{detail}, so sends are not counted; make another key")


def _texts(db: Database, texts: OperatorsTexts) -> Iterator[Finding]:
    """Apps were set up with texts that had room for it; OTP_TEMPLATES may have been changed since."""
    try:
        unfit = Apps(db, utc_now, texts=texts).unfit()
    except DatabaseError:
        # Already a finding.
        return
    for app, problem in unfit:
        detail = f"the app {app}: {problem}; shorten OTP_TEMPLATES, or otp-worker apps set {app}"
        yield Finding("texts", Verdict.FIX, detail)


def _limits(settings: Settings) -> Finding:
    redis = open_redis(settings)
    if redis is None:
        return Finding("limits", Verdict.OK, "are counted in the database: no Redis is named")
    try:
        redis.ping()
    except RedisError as error:
        detail = f"Redis does not answer ({type(error).__name__}): the database counts, exactly and slower"
        return Finding("limits", Verdict.FIX, detail)
    finally:
        redis.close()
    return Finding("limits", Verdict.OK, "are counted in Redis")


def _gateway(gateway: Gateway) -> Finding:
    outcome = gateway.probe()
    said = f"{gateway.name}: {outcome.reason}"
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            phone = gateway.phone_state()
            if phone is not None and phone.online is False:
                return Finding("gateway", Verdict.LOOK, f"{gateway.name}: answers, and its phone is offline")
            return Finding("gateway", Verdict.OK, said)
        case OutcomeKind.UNAVAILABLE:
            mend = "check OTP_SMTP_URL" if gateway.name == EMAIL else "pair a phone, or check its URL"
            return Finding("gateway", Verdict.LOOK, f"{said}: {mend}")
        case OutcomeKind.REFUSED | OutcomeKind.MISCONFIGURED:
            mend = (
                "check OTP_SMTP_URL and OTP_SMTP_FROM"
                if gateway.name == EMAIL
                else "check its key and its URL"
            )
            return Finding("gateway", Verdict.FIX, f"{said}: {mend}")
        case _:
            return Finding("gateway", Verdict.LOOK, said)


def _flower() -> Finding:
    role: Role = "flower"
    try:
        load_settings(role)
    except ConfigurationError as error:
        return Finding("flower", Verdict.FIX, f"{error}; Flower does not start without it")
    return Finding("flower", Verdict.OK, "is set up: loopback, basic auth, read-only")


def _console() -> Finding:
    role: Role = "console"
    try:
        load_settings(role)
    except ConfigurationError as error:
        return Finding("console", Verdict.FIX, f"{error}; the console does not start without it")
    return Finding("console", Verdict.OK, "is set up: every visitor signs in, every action is written down")


def _test_message(settings: Settings, number: str) -> Finding:
    try:
        to = parse_number(number, settings.policy.countries)
    except OtpError as error:
        return Finding("test message", Verdict.FIX, str(error))
    sim = settings.sims.serving(to.country)[0]
    outcome = send_test(settings.sims, sim, to.e164)
    verdict = Verdict.OK if outcome.kind is OutcomeKind.ACCEPTED else Verdict.FIX
    return Finding("test message", verdict, f"to {to.masked} over {sim.name}: {outcome.reason}")


def send_test(sims: Sims, sim: Sim, number: str) -> Outcome:
    """Hand a test SMS to the gateway that a SIM is behind."""
    reference = f"test-{utc_now():%Y%m%d%H%M%S}"
    message = Message(
        number, TEST_TEXT, reference, None, TEST_SECONDS, TEST_TIMEOUT_SECONDS, sim.number, sim.slot
    )
    return sims.gateway_of(sim).send(message)
