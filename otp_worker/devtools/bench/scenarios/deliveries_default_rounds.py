"""Deliveries a second at bcrypt's default cost, where the hash is the limit."""

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.drain import accepted_pace
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario
from otp_worker.devtools.bench.hashing import BASELINE_NAME, hashes_per_s
from otp_worker.devtools.bench.service import DEFAULT_HASHES


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(DEFAULT_HASHES)
    rounds = int(DEFAULT_HASHES.settings["OTP_BCRYPT_ROUNDS"])
    count, seconds = bench.pick(320, 16), bench.pick(5.0, 0.5)
    subject, baseline = bench.alternate(
        lambda: accepted_pace(bench, service, count, 0.0).per_s, lambda: hashes_per_s(rounds, seconds)
    )
    measurement = Measurement("deliveries, default hash", "1/s", BASELINE_NAME, ">= 0.9", subject, baseline)
    return Measured([measurement], {**service.settings, "deliveries_a_round": count})


SCENARIO = Scenario("deliveries-default", "codes delivered a second, default hash", _measure)
