"""What is measured: one scenario a file. Those that share a service stand together."""

from collections.abc import Mapping

from otp_worker.devtools.bench.figures import Scenario
from otp_worker.devtools.bench.scenarios import (
    accept_to_gateway,
    checks,
    console,
    deliveries,
    deliveries_default_rounds,
    flood,
    intake,
    intake_gateway,
    memory,
    notices,
    peer,
    rows,
    soak,
    waiting,
)

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        intake.ON_SQLITE,
        intake.ON_POSTGRES,
        intake_gateway.SCENARIO,
        deliveries.AT_0_MS,
        deliveries.AT_200_MS,
        accept_to_gateway.SCENARIO,
        notices.SCENARIO,
        deliveries_default_rounds.SCENARIO,
        checks.SCENARIO,
        flood.SCENARIO,
        waiting.SCENARIO,
        memory.SCENARIO,
        rows.SCENARIO,
        console.ON_SQLITE,
        console.ON_POSTGRES,
        peer.SCENARIO,
        soak.SCENARIO,
    )
}
"""Every scenario by its name, in the order in which they run."""
