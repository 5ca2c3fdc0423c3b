"""The order of SIMs for a recipient: a pure function."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.sim import Sim, order

names = st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), min_size=1, max_size=6, unique=True)
recipients = st.binary(min_size=32, max_size=32)


def sims(*weights: int) -> list[Sim]:
    return [Sim(f"sim-{n}", "gateway", weight=weight) for n, weight in enumerate(weights)]


def firsts(of: list[Sim], recipients: int = 4000) -> Counter[str]:
    """How many recipients each SIM is first for."""
    return Counter(order(of, f"recipient {n}".encode())[0].name for n in range(recipients))


@given(names, recipients, st.randoms())
def test_every_sim_is_in_the_order_once_whatever_order_they_came_in(
    given_names: list[str], recipient: bytes, random: object
) -> None:
    of = [Sim(name, "gateway", weight=len(name)) for name in given_names]
    ordered = order(of, recipient)
    assert sorted(sim.name for sim in ordered) == sorted(given_names)
    assert order(list(reversed(of)), recipient) == ordered


@given(names, recipients)
def test_a_recipient_keeps_its_order_when_a_sim_leaves(given_names: list[str], recipient: bytes) -> None:
    of = [Sim(name, "gateway") for name in given_names]
    ordered = order(of, recipient)
    for gone in of:
        assert order([sim for sim in of if sim != gone], recipient) == [sim for sim in ordered if sim != gone]


@given(names, recipients)
def test_those_to_avoid_come_last_and_the_others_keep_their_order(
    given_names: list[str], recipient: bytes
) -> None:
    of = [Sim(name, "gateway") for name in given_names]
    avoided = set(given_names[::2])
    ordered = [sim.name for sim in order(of, recipient)]
    wanted = [name for name in ordered if name not in avoided] + [name for name in ordered if name in avoided]
    assert [sim.name for sim in order(of, recipient, avoid=avoided)] == wanted


def test_a_sim_is_first_for_as_large_a_share_as_its_weight() -> None:
    shares = firsts(sims(1, 1, 2))
    # 4,000 draws: five standard deviations are 137 for a quarter, 158 for a half.
    assert abs(shares["sim-0"] - 1000) < 137
    assert abs(shares["sim-1"] - 1000) < 137
    assert abs(shares["sim-2"] - 2000) < 158


def test_a_new_sim_takes_its_share_and_moves_nobody_else() -> None:
    before, after = sims(1, 1), sims(1, 1, 1)
    moved = [
        (order(before, recipient)[0].name, order(after, recipient)[0].name)
        for recipient in (f"recipient {n}".encode() for n in range(1000))
    ]
    assert {new for old, new in moved if old != new} == {"sim-2"}
