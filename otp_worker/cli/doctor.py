"""The doctor: looks at everything the service needs and says what to fix."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.domain.errors import ConfigurationError, OtpError
from otp_worker.domain.gateway import Gateway, Message, Outcome, OutcomeKind
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.ports import utc_now
from otp_worker.domain.sim import Sim, Sims
from otp_worker.operations.health import Health
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.service.celery_app import make_celery
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.settings import Role, Settings, load_settings
from otp_worker.service.wiring import open_database, open_redis
from otp_worker.store.database import Database

CLOCK_TOLERANCE_SECONDS = 5.0
TEST_SECONDS = 300.0
TEST_TIMEOUT_SECONDS = 15.0
TEST_TEXT = "This is a test message. Your SMS gateway works."


class Verdict(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing, and where it is not good, what to do."""

    name: str
    verdict: Verdict
    detail: str


def examine(send_to: str | None = None) -> Iterator[Finding]:
    """Every finding about the environment as it is; with ``send_to`` a test SMS is sent there at the end."""
    try:
        settings = load_settings("worker")
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Finding("configuration", Verdict.BAD, line)
        return
    yield Finding("configuration", Verdict.GOOD, "every variable the service needs is set")
    yield from _advice(settings)
    yield from _parts(settings)
    yield _limits(settings)
    for gateway in settings.sims.gateways.values():
        yield _gateway(gateway)
    yield _flower()
    if send_to is not None:
        yield _test_message(settings, send_to)


def _advice(settings: Settings) -> Iterator[Finding]:
    if settings.code_length < 6:
        detail = (
            f"OTP_CODE_LENGTH is {settings.code_length}: fewer than 6 digits are too easily guessed (NIST)"
        )
        yield Finding("code length", Verdict.DOUBTFUL, detail)
    if not settings.public_url:
        detail = "OTP_PUBLIC_URL is empty: no receipts and no replies will come in"
        yield Finding("callbacks", Verdict.DOUBTFUL, detail)
    elif not settings.gateways_file and not settings.gateway_webhook_secret:
        detail = "OTP_GATEWAY_WEBHOOK_SECRET is not set: replies cannot be authenticated and are refused"
        yield Finding("replies", Verdict.DOUBTFUL, detail)
    off = [f"OTP_LIMIT_{limit.upper()}" for limit, rates in settings.limit_rates.items() if not rates]
    if off:
        yield Finding("limits", Verdict.DOUBTFUL, f"turned off: {', '.join(off)}")
    if settings.gateway_url and settings.gateway_url.startswith("http://"):
        yield Finding("gateway", Verdict.DOUBTFUL, "OTP_GATEWAY_URL is not https: fit for loopback only")


def _parts(settings: Settings) -> Iterator[Finding]:
    db = open_database(settings)
    breaker = Breaker(db, settings.policy.lease_seconds)
    queue = DeliveryQueue(make_celery(settings.broker_url or "", settings.publish_wait_seconds))
    health = Health(db, queue.check, breaker, settings.sims)
    for check in health.checks(utc_now()):
        yield Finding(check.name, Verdict.GOOD if check.ok else Verdict.BAD, check.detail)
    yield _clock(db)
    db.close()


def _clock(db: Database) -> Finding:
    try:
        with db.read() as connection:
            query = "SELECT strftime('%s', 'now')" if db.is_sqlite else "SELECT extract(epoch FROM now())"
            theirs = datetime.fromtimestamp(float(connection.execute(text(query)).scalar_one()), UTC)
    except SQLAlchemyError as error:
        return Finding("clock", Verdict.DOUBTFUL, f"cannot ask the database's clock ({type(error).__name__})")
    apart = abs((utc_now() - theirs).total_seconds())
    if apart > CLOCK_TOLERANCE_SECONDS:
        detail = f"{apart:.0f} s apart from the database's clock: run an NTP client on both machines"
        return Finding("clock", Verdict.BAD, detail)
    return Finding("clock", Verdict.GOOD, "agrees with the database's clock")


def _limits(settings: Settings) -> Finding:
    redis = open_redis(settings)
    if redis is None:
        return Finding("limits", Verdict.GOOD, "are counted in the database: no Redis is named")
    try:
        redis.ping()
    except RedisError as error:
        detail = f"Redis does not answer ({type(error).__name__}): the database counts, exactly and slower"
        return Finding("limits", Verdict.BAD, detail)
    finally:
        redis.close()
    return Finding("limits", Verdict.GOOD, "are counted in Redis")


def _gateway(gateway: Gateway) -> Finding:
    outcome = gateway.probe()
    said = f"{gateway.name}: {outcome.reason}"
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            return Finding("gateway", Verdict.GOOD, said)
        case OutcomeKind.UNAVAILABLE:
            return Finding("gateway", Verdict.BAD, f"{said}: pair a phone, or check its URL")
        case OutcomeKind.REFUSED | OutcomeKind.MISCONFIGURED:
            return Finding("gateway", Verdict.BAD, f"{said}: check its key and its URL")
        case _:
            return Finding("gateway", Verdict.DOUBTFUL, said)


def _flower() -> Finding:
    role: Role = "flower"
    try:
        load_settings(role)
    except ConfigurationError as error:
        return Finding("flower", Verdict.BAD, f"{error}; Flower does not start without it")
    return Finding("flower", Verdict.GOOD, "loopback, basic auth, read-only")


def _test_message(settings: Settings, number: str) -> Finding:
    try:
        to = parse_number(number, settings.policy.countries)
    except OtpError as error:
        return Finding("test message", Verdict.BAD, str(error))
    sim = settings.sims.serving(to.country)[0]
    outcome = send_test(settings.sims, sim, to.e164)
    verdict = Verdict.GOOD if outcome.kind is OutcomeKind.ACCEPTED else Verdict.BAD
    return Finding("test message", verdict, f"to {to.masked} over {sim.name}: {outcome.reason}")


def send_test(sims: Sims, sim: Sim, number: str) -> Outcome:
    """Hand a test SMS to the gateway that a SIM is behind."""
    reference = f"test-{utc_now():%Y%m%d%H%M%S}"
    message = Message(
        number, TEST_TEXT, reference, None, TEST_SECONDS, TEST_TIMEOUT_SECONDS, sim.number, sim.slot
    )
    return sims.gateway_of(sim).send(message)
