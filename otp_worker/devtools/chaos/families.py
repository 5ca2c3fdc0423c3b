"""The families of faults that a run can draw from, and what each of them needs."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from otp_worker.devtools.chaos.plan import (
    BROKER,
    DATABASE,
    GATEWAY,
    RESOLVER,
    WEB,
    WEBHOOK,
    WORKERS,
    Card,
    Cards,
    Kind,
)


class Family(StrEnum):
    """A name for ``--faults``."""

    USUAL = "usual"
    """Kills, restarts, freezes, and the short troubles of network and gateway."""
    LONG_OUTAGE = "long-outage"
    WEBHOOK = "hanging-webhook"
    CLOCKS = "clocks"
    RESOLVER = "slow-resolver"
    TLS = "tls"
    ISOLATION = "repeatable-read"
    FLOOD = "frozen-flood"
    BROKER_ERRORS = "broker-errors"
    READ_ONLY = "read-only"
    FULL_DISK = "full-disk"
    WEB_CHILD = "web-child"


DEFAULT_FAMILIES: tuple[Family, ...] = (Family.USUAL,)
"""What a scenario draws from unless it is told otherwise; the command draws from all."""

USUAL_KILLS: tuple[Card, ...] = (
    (Kind.KILL, WORKERS[0]),
    (Kind.KILL, WORKERS[1]),
    (Kind.KILL_LEADER, WORKERS[0]),
    (Kind.KILL_LEADER, WORKERS[1]),
    (Kind.KILL_LEADER, WEB),
    (Kind.KILL_CHILD, WEB),
    (Kind.KILL, "upkeep"),
    (Kind.KILL, "beat"),
    (Kind.KILL, BROKER),
    (Kind.KILL_LOSING_DATA, BROKER),
)
FREEZES: tuple[Card, ...] = (
    (Kind.FREEZE, WORKERS[0]),
    (Kind.FREEZE, WORKERS[1]),
    (Kind.FREEZE, BROKER),
)
GATEWAY_TROUBLES: tuple[Card, ...] = (
    (Kind.OFFLINE, GATEWAY),
    (Kind.SLOW, GATEWAY),
    (Kind.ERROR, GATEWAY),
    (Kind.HANG, GATEWAY),
    (Kind.LOSE_REPLY, GATEWAY),
    (Kind.DRIP, GATEWAY),
)
LINK_TROUBLES: tuple[Card, ...] = (
    (Kind.REFUSE, BROKER),
    (Kind.BLACKHOLE, BROKER),
    (Kind.CUT, BROKER),
    (Kind.SLOW_LINK, BROKER),
)
LINK = "one broker"
"""A part: the broker has one address, and a proxy can stand before it."""
STEPPED = (WEB, WORKERS[0], "upkeep", "beat")
"""The processes whose clock is stepped; the others keep theirs."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Cards that a family brings where one of the service's parts is ``part``; with any, if it is empty."""

    family: Family
    cards: tuple[Card, ...]
    part: str = ""
    kills: bool = False


OFFERS: tuple[Offer, ...] = (
    Offer(Family.USUAL, USUAL_KILLS, kills=True),
    Offer(Family.USUAL, FREEZES),
    Offer(Family.USUAL, LINK_TROUBLES, LINK),
    Offer(Family.USUAL, GATEWAY_TROUBLES),
    Offer(Family.USUAL, ((Kind.RESTART, DATABASE),), "postgres"),
    Offer(Family.USUAL, ((Kind.SWITCH_OVER, DATABASE),), "replica"),
    Offer(Family.LONG_OUTAGE, ((Kind.LONG_OUTAGE, GATEWAY),)),
    Offer(Family.WEBHOOK, ((Kind.HOOK_HANG, WEBHOOK),)),
    Offer(Family.CLOCKS, tuple((Kind.CLOCK_STEP, name) for name in STEPPED)),
    Offer(Family.RESOLVER, ((Kind.SLOW_NAMES, RESOLVER),)),
    Offer(
        Family.TLS,
        ((Kind.TLS_HANDSHAKE, GATEWAY), (Kind.TLS_RESET, GATEWAY), (Kind.TLS_GARBLE, GATEWAY)),
    ),
    Offer(Family.ISOLATION, ((Kind.REPEATABLE_READ, DATABASE),), "postgres"),
    Offer(Family.FLOOD, ((Kind.FROZEN_FLOOD, BROKER),), "redis"),
    Offer(
        Family.BROKER_ERRORS,
        ((Kind.REPLICA, BROKER), (Kind.OUT_OF_MEMORY, BROKER), (Kind.NO_REPLICAS, BROKER)),
        "redis",
    ),
    Offer(Family.BROKER_ERRORS, ((Kind.ALARM, BROKER),), "rabbitmq"),
    Offer(Family.READ_ONLY, ((Kind.READ_ONLY, DATABASE),), "postgres"),
    Offer(Family.FULL_DISK, ((Kind.FULL_DISK, DATABASE),), "sqlite"),
    Offer(Family.WEB_CHILD, ((Kind.KILL_WEB_CHILD, WEB),), kills=True),
)


def cards_of(families: Collection[Family], parts: Collection[str]) -> Cards:
    """What is dealt in a run over these families and a service of these parts."""
    offers = [each for each in OFFERS if each.family in families and each.part in ("", *parts)]
    kills = tuple(card for each in offers if each.kills for card in each.cards)
    if Family.WEB_CHILD in families:
        # The same blow, judged by the stricter rule: the leader must outlive it.
        kills = tuple(card for card in kills if card[0] is not Kind.KILL_CHILD)
    return Cards(kills, tuple(card for each in offers if not each.kills for card in each.cards))


def needs(family: Family, parts: Collection[str]) -> str | None:
    """Which part the family needs and the service does not have; None where it has something to deal."""
    offered = [each.part for each in OFFERS if each.family is family]
    return None if "" in offered or set(offered) & set(parts) else f"it needs {' or '.join(offered)}"


def read_families(words: str) -> tuple[Family, ...]:
    """Families as the command line names them, with commas, or ``all``; raises ValueError."""
    if words == "all":
        return tuple(Family)
    return tuple(Family(word.strip()) for word in words.split(","))
