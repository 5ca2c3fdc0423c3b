"""When far fewer codes are entered than usual."""

import pytest

from otp_worker.domain.conversion import JUDGED_SENDS, is_halved, usual_share
from otp_worker.domain.pumping import Figures


@pytest.mark.parametrize(
    ("sends", "approvals", "usual", "halved"),
    [
        (JUDGED_SENDS - 1, 0, 0.9, None),
        (JUDGED_SENDS, 0, 0.9, True),
        (100, 20, 0.8, True),
        # Fewer than half, and that may be by chance.
        (100, 38, 0.8, None),
        (100, 40, 0.8, False),
        (100, 80, 0.8, False),
        # Who never checks a code loses nothing.
        (1000, 0, 0.0, False),
    ],
)
def test_a_half_is_believed_only_where_it_is_sure(
    sends: int, approvals: int, usual: float, halved: bool | None
) -> None:
    assert is_halved(Figures(sends, approvals), usual) is halved


def test_each_app_is_expected_to_be_as_usual_and_one_without_a_past_says_nothing() -> None:
    apps = [(Figures(30, 3), 0.9), (Figures(10, 0), 0.1), (Figures(500, 0), None)]
    together, share = usual_share(apps)
    assert (together, round(share, 9)) == (Figures(40, 3), 0.7)
    assert usual_share([(Figures(5, 5), None)]) == (Figures(0, 0), 0.0)
