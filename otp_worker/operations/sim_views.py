"""How each SIM stands, put together of what is known of it, its phone and its gateway."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from otp_worker.domain.overview import Budget, CanaryResult, SimCondition, SimView
from otp_worker.operations.health import Vitals
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.phones import Phone
from otp_worker.store.sim_budgets import Usage


def sim_views(vitals: Vitals, canaries: Mapping[str, Sequence[CanaryResult]]) -> tuple[SimView, ...]:
    """Every SIM in the order in which the operator wrote them."""
    states = {state.name: state for state in vitals.gateways}
    phones = {phone.gateway: phone for phone in vitals.phones}
    return tuple(
        _view(
            usage,
            states[usage.sim.gateway],
            phones[usage.sim.gateway],
            tuple(canaries.get(usage.sim.name, ())),
        )
        for usage in vitals.sims
    )


def _view(usage: Usage, state: GatewayState, phone: Phone, canaries: tuple[CanaryResult, ...]) -> SimView:
    sim = usage.sim
    condition, since, reason = _condition(sim.name, state, phone)
    return SimView(
        sim=sim,
        condition=condition,
        since=since,
        reason=reason,
        last_seen_at=phone.last_seen_at or usage.last_sent_at,
        battery_percent=phone.battery_percent,
        day=Budget(usage.sent_today, sim.per_day),
        month=Budget(usage.recipients_this_month, sim.recipients_per_month),
        canaries=canaries,
    )


def _condition(
    sim: str, state: GatewayState, phone: Phone
) -> tuple[SimCondition, datetime | None, str | None]:
    if state.misconfigured_since is not None:
        return SimCondition.REFUSED, state.misconfigured_since, state.reason
    if state.is_open:
        return SimCondition.AWAY, state.failing_since, state.reason
    own = state.sims.get(sim)
    if own is not None and own.is_open:
        return SimCondition.WAITING, own.failing_since, own.reason
    if phone.silent:
        return SimCondition.SILENT, phone.last_seen_at, None
    return SimCondition.WORKING, None, None
