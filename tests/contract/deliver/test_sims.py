"""Several SIMs in any history, over a real database: no bound of any of them is broken."""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, select

from otp_worker.domain.gateway import Message, Outcome
from otp_worker.domain.sim import Sim
from otp_worker.protection.circuit_breaker import is_open
from otp_worker.store.database import Database
from otp_worker.store.schema import metadata
from otp_worker.store.sim_budgets import usage
from tests.contract.deliver.phones import COUNTRIES, Phones, number
from tests.contract.service import ACCEPTED, LOST, MISCONFIGURED, OFFLINE, REFUSED, START, ObedientGateway


@st.composite
def fleets(draw: st.DrawFn) -> list[Sim]:
    """A few SIMs of all sorts."""
    count = draw(st.integers(1, 4))
    return [
        Sim(
            f"sim-{n}",
            f"gateway-{draw(st.integers(0, 2))}",
            countries=draw(st.none() | st.sampled_from([frozenset({"GB"}), frozenset({"US"}), COUNTRIES])),
            weight=draw(st.integers(1, 3)),
            per_day=draw(st.sampled_from([0, 1, 3])),
            recipients_per_month=draw(st.sampled_from([0, 1, 2])),
        )
        for n in range(count)
    ]


acts = st.lists(
    st.tuples(st.sampled_from(["GB", "US"]), st.integers(0, 5), st.sampled_from("aaaolrm")), max_size=25
)
OUTCOMES = {"a": ACCEPTED, "o": OFFLINE, "l": LOST, "r": REFUSED, "m": MISCONFIGURED}


@given(fleet=fleets(), history=acts)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_history_breaks_a_bound(
    db: Database, fleet: list[Sim], history: list[tuple[str, int, str]]
) -> None:
    """Never over budget, never outside its countries, never an open breaker while another SIM could send."""
    with db.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    phones = Phones(db, *fleet)

    def remember(gateway: ObedientGateway) -> None:
        hand_over = gateway.send

        def send(message: Message) -> Outcome:
            state = phones.service.breaker.state(gateway.name)
            country = "US" if message.to.startswith("+1") else "GB"
            outcome = hand_over(message)
            others = [each for each in phones.service.sims.serving(country) if each.gateway != gateway.name]
            assert not is_open(state) or not others
            return outcome

        gateway.send = send  # type: ignore[method-assign]

    for gateway in phones.gateways.values():
        remember(gateway)
    for country, n, outcome in history:
        for gateway in phones.gateways.values():
            gateway.outcomes = [OUTCOMES[outcome]]
        phones.send(number(n) if country == "GB" else f"+120255500{n:02}")
    over = Counter(row.sim for row in _deliveries(db) if row.sent_at)
    for each in fleet:
        used = next(iter(usage(db, [each], START)))
        assert not each.per_day or used.sent_today <= each.per_day
        assert not each.recipients_per_month or used.recipients_this_month <= each.recipients_per_month
        assert not each.per_day or over[each.name] <= each.per_day
    for row in _deliveries(db):
        if row.sim:
            chosen = next(each for each in fleet if each.name == row.sim)
            assert chosen.serves(row.route)


def _deliveries(db: Database) -> list[Row[Any]]:
    table = metadata.tables["deliveries"]
    with db.read() as connection:
        return list(connection.execute(select(table.c.sim, table.c.route, table.c.sent_at)))
