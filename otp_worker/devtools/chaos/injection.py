"""Which injector brings about which kind of fault, for a service that runs."""

from sqlalchemy.engine import make_url

from otp_worker.devtools.chaos.flood import FloodInjector, Floods
from otp_worker.devtools.chaos.hook import HookInjector
from otp_worker.devtools.chaos.injectors import (
    KNOBS,
    LINK_MODES,
    TLS_MODES,
    BothInjector,
    ClockInjector,
    CutInjector,
    DiskInjector,
    FreezeInjector,
    Injector,
    KillInjector,
    KnobInjector,
    LinkInjector,
    NamesInjector,
)
from otp_worker.devtools.chaos.plan import KILLS, Kind
from otp_worker.devtools.chaos.proxy import Mode
from otp_worker.devtools.chaos.server_faults import (
    ORDERS,
    AlarmInjector,
    DefaultInjector,
    OrderInjector,
    RestartInjector,
    SwitchOverInjector,
)
from otp_worker.devtools.chaos.service import Service
from otp_worker.devtools.chaos.supervisor import Supervisor
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.postgres_pair import PostgresPair
from otp_worker.devtools.processes.rabbitmq import EmbeddedRabbit

RECEIPT_SECONDS = 5.0


def injectors(service: Service, supervisor: Supervisor, floods: Floods) -> dict[Kind, Injector]:
    """An injector for each kind of fault that this service's parts can suffer."""
    knobs = service.stack.phone.knobs
    freeze = FreezeInjector(service.stack)
    found: dict[Kind, Injector] = {
        **dict.fromkeys(KILLS, KillInjector(supervisor)),
        **{kind: KnobInjector(knobs, changes) for kind, changes in KNOBS.items()},
        Kind.FREEZE: freeze,
        Kind.FROZEN_FLOOD: FloodInjector(floods, freeze),
        Kind.CLOCK_STEP: ClockInjector(service.insides),
        Kind.FULL_DISK: DiskInjector(service.data),
    }
    if service.proxy is not None:
        found |= {kind: LinkInjector(service.proxy, mode) for kind, mode in LINK_MODES.items()}
        found[Kind.CUT] = CutInjector(service.proxy)
    if service.gateway is not None:
        # Nothing is looked up for a connection that is kept.
        cut = CutInjector(service.gateway)
        found[Kind.SLOW_NAMES] = BothInjector(NamesInjector(service.insides), cut)
    if service.hook is not None:
        found[Kind.HOOK_HANG] = HookInjector(service.hook, service.stack.phone)
    if service.tls is not None:
        found[Kind.TLS_HANDSHAKE] = LinkInjector(service.tls.outer, Mode.STALL)
        # Else a receipt would tell at once that the phone has what nobody answered for.
        late_receipts = KnobInjector(knobs, {"send_delay_seconds": RECEIPT_SECONDS})
        found |= {
            kind: BothInjector(late_receipts, LinkInjector(service.tls.inner, mode))
            for kind, mode in TLS_MODES.items()
        }
    return found | _of_broker(service) | _of_database(service, floods)


def _of_broker(service: Service) -> dict[Kind, Injector]:
    broker = service.stack.broker
    if isinstance(broker, EmbeddedBroker):
        return dict.fromkeys(ORDERS, OrderInjector(broker))
    return {Kind.ALARM: AlarmInjector(broker)} if isinstance(broker, EmbeddedRabbit) else {}


def _of_database(service: Service, floods: Floods) -> dict[Kind, Injector]:
    if isinstance(service.postgres, PostgresPair):
        return {Kind.SWITCH_OVER: SwitchOverInjector(service.postgres)}
    if service.postgres is None:
        return {}
    database = make_url(service.database_url).database or ""
    isolation: Injector = DefaultInjector(
        service.postgres, database, "default_transaction_isolation", "repeatable read"
    )
    if isinstance(service.stack.broker, EmbeddedBroker) and service.proxy is not None:
        # While Redis is there it counts too, and would hide that the database lets too many pass.
        isolation = BothInjector(isolation, LinkInjector(service.proxy, Mode.REFUSE))
    read_only = DefaultInjector(
        service.postgres, database, "default_transaction_read_only", "on", lingering=True
    )
    return {
        Kind.RESTART: RestartInjector(service.postgres),
        Kind.REPEATABLE_READ: FloodInjector(floods, isolation),
        Kind.READ_ONLY: read_only,
    }
