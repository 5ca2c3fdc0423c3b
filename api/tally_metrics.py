"""The counters and histograms of ``/metrics`` that are drawn from the tallies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from otp_worker.domain.tally import BOUNDS_SECONDS, Counted, Tally
from otp_worker.store.tallies import Total

_TEN_SECONDS = BOUNDS_SECONDS.index(10.0) + 1


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name without a unit's or counter's suffix, what it is, and its labels in order.

    Of a histogram's bounds the first ``bounds`` are shown.
    """

    counted: Counted
    name: str
    help: str
    labels: tuple[str, ...] = ()
    bounds: int = len(BOUNDS_SECONDS)


_CELL = ("app", "country", "template", "sim")
_SENT = ("country", "gateway", "sim")

COUNTERS = (
    Family(Counted.ACCEPTED, "otp_accepted", "Verifications accepted.", ("country", "channel")),
    Family(Counted.HANDED_OVER, "otp_handed_over", "SMS that a gateway took.", _SENT),
    Family(Counted.DELIVERED, "otp_delivered", "SMS that arrived, by their receipt.", _SENT),
    Family(Counted.UNDELIVERED, "otp_undelivered", "SMS that did not arrive, by their receipt.", _SENT),
    Family(Counted.APPROVED, "otp_approved", "Verifications approved.", ("country", "channel")),
    Family(
        Counted.FAILED, "otp_failed", "Verifications that ended without their code.", ("country", "reason")
    ),
    Family(
        Counted.MESSAGES,
        "otp_messages",
        "Texts of apps' own, by what came of them.",
        ("country", "event"),
    ),
    Family(
        Counted.CONVERSION_SENT,
        "otp_conversion_sent",
        "Codes sent, once each, when they are settled: 11 min after the request.",
        _CELL,
    ),
    Family(
        Counted.CONVERSION_DELIVERED,
        "otp_conversion_delivered",
        "Of these codes, those that arrived in time, by their receipt.",
        _CELL,
    ),
    Family(
        Counted.CONVERSION_APPROVED,
        "otp_conversion_approved",
        "Of these codes, those that were entered.",
        _CELL,
    ),
    Family(Counted.CHECKS, "otp_checks", "Codes checked, by what came of it.", ("result",)),
)
HISTOGRAMS = (
    Family(
        Counted.ACCEPT_TO_GATEWAY,
        "otp_accept_to_gateway_seconds",
        "From a request to the gateway's acceptance of its SMS.",
        ("gateway",),
    ),
    Family(
        Counted.GATEWAY_TO_RECEIPT,
        "otp_gateway_to_receipt_seconds",
        "From the gateway's acceptance to the receipt that the SMS arrived.",
        ("gateway",),
    ),
    Family(
        Counted.ACCEPT_TO_RECEIPT,
        "otp_accept_to_receipt_seconds",
        "From a request to the receipt that its first SMS arrived.",
        ("gateway",),
    ),
    Family(Counted.ACCEPT_TO_APPROVED, "otp_accept_to_approved_seconds", "From a request to the right code."),
    Family(
        Counted.GATEWAY_ANSWER,
        "otp_gateway_answer_seconds",
        "How long a gateway took to answer, by what it answered.",
        ("gateway", "outcome"),
    ),
    Family(
        Counted.HTTP_REQUEST,
        "otp_http_request_duration_seconds",
        "How long a request took, by route and status.",
        ("method", "route", "status"),
        _TEN_SECONDS,
    ),
)


def families(totals: Mapping[Tally, Total]) -> Iterator[Metric]:
    """Every metric of these, whether or not anything was counted of it yet."""
    for family in COUNTERS:
        yield _counter(family, totals)
    for family in HISTOGRAMS:
        yield _histogram(family, totals)


def _counter(family: Family, totals: Mapping[Tally, Total]) -> Metric:
    metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
    for tally, total in totals.items():
        if tally.name == family.counted:
            metric.add_metric(tally.labels, total.count)
    return metric


def _histogram(family: Family, totals: Mapping[Tally, Total]) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    series: dict[tuple[str, ...], dict[int, Total]] = {}
    for tally, total in totals.items():
        if tally.name == family.counted:
            series.setdefault(tally.labels, {})[tally.bucket] = total
    for labels, by_bucket in series.items():
        buckets, below = [], 0
        for place, bound in enumerate(BOUNDS_SECONDS[: family.bounds]):
            below += by_bucket[place].count if place in by_bucket else 0
            buckets.append((str(bound), below))
        buckets.append(("+Inf", sum(total.count for total in by_bucket.values())))
        seconds = sum(total.milliseconds for total in by_bucket.values()) / 1000
        metric.add_metric(labels, buckets, seconds)
    return metric
