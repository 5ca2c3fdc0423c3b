"""``/metrics``: the figures of the whole service, read from the database when Prometheus asks."""

from collections.abc import Iterable, Iterator, Mapping

import falcon
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from otp_worker.domain.ports import Clock
from otp_worker.domain.pumping import PumpedKind
from otp_worker.domain.tally import Tally
from otp_worker.operations.health import Health, Vitals
from otp_worker.operations.rejections import Rejections
from otp_worker.operations.totals import Totals
from otp_worker.protection.circuit_breaker import is_open
from otp_worker.store.canaries import Way
from otp_worker.store.tallies import Total

from .tally_metrics import families


class Metrics:
    """In Prometheus' text format; any process of ``web`` gives the same answer, but for fresh refusals."""

    def __init__(self, health: Health, refusals: Rejections, totals: Totals, clock: Clock) -> None:
        self._health = health
        self._refusals = refusals
        self._totals = totals
        self._clock = clock

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """The figures as they are now."""
        registry = CollectorRegistry()
        now = self._clock()
        registry.register(
            _Snapshot(self._health.vitals(now), self._health.canary_ways(), self._refusals.totals())
        )
        registry.register(_Counted(self._totals.read(now)))
        resp.content_type = CONTENT_TYPE_LATEST
        resp.data = generate_latest(registry)

    on_head = on_get


class _Counted(Collector):
    def __init__(self, totals: Mapping[Tally, Total]) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        return families(self._totals)


class _Snapshot(Collector):
    def __init__(self, vitals: Vitals, ways: Iterable[Way], refused: dict[str, int]) -> None:
        self._vitals = vitals
        self._ways = ways
        self._refused = refused

    def collect(self) -> Iterator[Metric]:
        vitals = self._vitals
        deliveries = GaugeMetricFamily(
            "otp_deliveries_open", "Deliveries on their way, by status.", labels=["status"]
        )
        for status, number in vitals.open_deliveries.items():
            deliveries.add_metric([status], number)
        yield deliveries
        yield GaugeMetricFamily(
            "otp_delivery_oldest_due_seconds",
            "How long the oldest due delivery on the queue has been waiting for a worker.",
            value=vitals.oldest_due_seconds,
        )
        if vitals.last_sweep_seconds is not None:
            yield GaugeMetricFamily(
                "otp_sweep_age_seconds", "Since the last sweep.", value=vitals.last_sweep_seconds
            )
        if vitals.last_worker_seconds is not None:
            yield GaugeMetricFamily(
                "otp_worker_age_seconds", "Since a worker last reported.", value=vitals.last_worker_seconds
            )
        paused = GaugeMetricFamily(
            "otp_guard_paused",
            "Paused for what looks like SMS pumping.",
            labels=["kind"],
        )
        for kind in PumpedKind:
            paused.add_metric([kind], vitals.paused.get(kind, 0))
        yield paused
        yield from _gateways(vitals)
        yield from _sims(vitals)
        yield from _phones(vitals)
        yield from _canaries(self._ways)
        yield _channels(vitals)
        yield _refused(self._refused)


def _gateways(vitals: Vitals) -> Iterator[Metric]:
    breaker = GaugeMetricFamily(
        "otp_gateway_breaker_open", "1 while the gateway is taken to be away.", labels=["gateway"]
    )
    uncertain = CounterMetricFamily(
        "otp_gateway_uncertain", "Attempts that may or may not have been sent.", labels=["gateway"]
    )
    misconfigured = GaugeMetricFamily(
        "otp_gateway_misconfigured", "1 while the gateway refuses our account.", labels=["gateway"]
    )
    waits = GaugeMetricFamily(
        "otp_sim_breaker_open", "1 while a SIM's gateway asks it to wait.", labels=["gateway", "sim"]
    )
    for state in vitals.gateways:
        for sim in state.sims.values():
            waits.add_metric([state.name, sim.name], float(sim.is_open))
        misconfigured.add_metric([state.name], float(state.misconfigured_since is not None))
        breaker.add_metric([state.name], float(is_open(state)))
        uncertain.add_metric([state.name], state.uncertain_total)
    yield breaker
    yield waits
    yield misconfigured
    yield uncertain


def _sims(vitals: Vitals) -> Iterator[Metric]:
    sent = GaugeMetricFamily("otp_sim_sent_today", "SMS that a SIM sent today.", labels=["sim"])
    left = GaugeMetricFamily("otp_sim_left_today", "SMS that a SIM's budget leaves today.", labels=["sim"])
    recipients = GaugeMetricFamily(
        "otp_sim_recipients_left", "Numbers that a SIM's budget leaves this month.", labels=["sim"]
    )
    written_to = GaugeMetricFamily(
        "otp_sim_recipients", "Numbers that a SIM has written to this month.", labels=["sim"]
    )
    for usage in vitals.sims:
        written_to.add_metric([usage.sim.name], usage.recipients_this_month)
        sent.add_metric([usage.sim.name], usage.sent_today)
        if usage.sim.per_day:
            left.add_metric([usage.sim.name], usage.sim.per_day - usage.sent_today)
        if usage.sim.recipients_per_month:
            recipients.add_metric(
                [usage.sim.name], usage.sim.recipients_per_month - usage.recipients_this_month
            )
    yield sent
    yield left
    yield recipients
    yield written_to


def _phones(vitals: Vitals) -> Iterator[Metric]:
    silent = GaugeMetricFamily("otp_phone_silent", "1 while a phone is silent.", labels=["gateway"])
    battery = GaugeMetricFamily(
        "otp_phone_battery_percent", "A phone's battery, where its gateway tells.", labels=["gateway"]
    )
    seen = GaugeMetricFamily(
        "otp_phone_last_seen_timestamp_seconds", "A phone's last sign of life.", labels=["gateway"]
    )
    for phone in vitals.phones:
        silent.add_metric([phone.gateway], float(phone.silent))
        if phone.battery_percent is not None:
            battery.add_metric([phone.gateway], phone.battery_percent)
        if phone.last_seen_at is not None:
            seen.add_metric([phone.gateway], phone.last_seen_at.timestamp())
    yield silent
    yield battery
    yield seen


def _canaries(ways: Iterable[Way]) -> Iterator[Metric]:
    labels = ["from", "to"]
    seconds = GaugeMetricFamily("otp_canary_seconds", "How long the last canary took.", labels=labels)
    lost = GaugeMetricFamily("otp_canary_lost", "Canaries that did not arrive, of those kept.", labels=labels)
    for way in ways:
        if way.last_seconds is not None:
            seconds.add_metric([way.from_sim, way.to_sim], way.last_seconds)
        lost.add_metric([way.from_sim, way.to_sim], way.lost)
    yield seconds
    yield lost


def _channels(vitals: Vitals) -> Metric:
    metric = GaugeMetricFamily(
        "otp_notice_channel_failing", "1 while a webhook or mail server takes no notices.", labels=["channel"]
    )
    for name, is_failing in vitals.notice_channels.items():
        metric.add_metric([name], float(is_failing))
    return metric


def _refused(refused: dict[str, int]) -> Metric:
    metric = CounterMetricFamily("otp_refused", "Requests that were refused, by why.", labels=["reason"])
    for reason, number in refused.items():
        metric.add_metric([reason], number)
    return metric
