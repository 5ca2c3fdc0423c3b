"""Checks a second of right codes, at bcrypt's default cost, where the hash is the limit."""

from otp_worker.devtools.bench.bench import CONNECTIONS, Bench
from otp_worker.devtools.bench.codes import right_checks
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.hashing import BASELINE_NAME, hashes_per_s
from otp_worker.devtools.bench.load import Order
from otp_worker.devtools.bench.service import DEFAULT_HASHES

_SECONDS = 300.0


def _measure(bench: Bench) -> Measured:
    service = bench.services.get(DEFAULT_HASHES)
    rounds = int(DEFAULT_HASHES.settings["OTP_BCRYPT_ROUNDS"])
    count, seconds = bench.pick(200, 12), bench.pick(5.0, 0.5)

    def checked_per_s() -> float:
        checks = right_checks(bench, service, count)
        order = Order(service.port, checks, CONNECTIONS, _SECONDS, most=count, headers=service.headers)
        return ask(order, expected=[200]).per_s

    subject, baseline = bench.alternate(checked_per_s, lambda: hashes_per_s(rounds, seconds))
    measurement = Measurement("checks, default hash", "1/s", BASELINE_NAME, ">= 0.9", subject, baseline)
    return Measured([measurement], {**service.settings, "checks_a_round": count, "connections": CONNECTIONS})


SCENARIO = Scenario("checks-default", "right codes checked a second, default hash", _measure)
