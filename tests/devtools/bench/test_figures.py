"""Medians, spreads and ratios, as the report tells them."""

import pytest

from otp_worker.devtools.bench.figures import Measurement, Pace, paces, percentile


def measurement(subject: list[float], baseline: list[float]) -> Measurement:
    return Measurement("codes", "1/s", "nothing", ">= 1", subject, baseline)


def test_the_ratio_is_that_of_the_medians_and_its_spread_that_of_the_rounds() -> None:
    told = measurement([10, 80, 30], [20, 40, 60]).as_dict()
    assert told["ratio"] == 0.75
    assert told["ratio_spread"] == [0.5, 2.0]
    assert told["difference"] == -10
    assert told["subject"] == {"rounds": [10, 80, 30], "median": 30, "spread": [10, 80]}


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == value


def test_of_a_few_values_the_ninety_ninth_percentile_is_the_largest() -> None:
    assert percentile([3, 1, 2], 99) == 3


def test_a_pace_is_so_many_a_second_and_the_processors_time_of_each() -> None:
    assert Pace.of(500, 2.0, 0.75) == Pace(per_s=250.0, cpu_ms=1.5)


def test_of_a_pace_both_figures_stand_beside_the_baselines() -> None:
    subject, baseline = [Pace(10, 2.0), Pace(30, 4.0)], [Pace(40, 1.0), Pace(40, 1.0)]
    rate, cpu = paces("codes", "nothing", ">= 0.9", subject, baseline)
    assert (rate.name, rate.unit, rate.goal, rate.ratio) == ("codes", "1/s", ">= 0.9", 0.5)
    assert (cpu.name, cpu.unit, cpu.ratio, cpu.ratios) == ("codes, CPU of each", "ms", 3.0, [2.0, 4.0])
