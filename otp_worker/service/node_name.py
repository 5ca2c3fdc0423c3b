"""What a worker is called at the broker and in Flower: as before a restart, and as no other on its machine.

A name with the process id in it is new after each restart, and Flower would list all those that are gone.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import structlog

from otp_worker.service.processes.errors import BusyError
from otp_worker.service.processes.lock import locked

log = structlog.get_logger()

MOST_SLOTS = 64


def take_name(hostname: str, state_dir: Path, held: ExitStack) -> str:
    """``deliver@host`` in the lowest slot that no worker holds, ``deliver-slot1@host``, until ``held`` ends.

    While a restart overlaps there are two slots, and afterwards the first is free again. A name that ends
    with a digit is somebody's own and stays. Where no slot can be taken the process id makes the name.
    """
    name, _, host = hostname.partition("@")
    if name[-1:].isdigit():
        return hostname
    for slot in range(1, MOST_SLOTS + 1):
        try:
            held.enter_context(locked(state_dir / f"node-{name}-slot{slot}.lock"))
        except BusyError:
            continue
        except OSError as error:
            log.warning("no_stable_name", folder=str(state_dir), error=type(error).__name__)
            break
        return f"{name}-slot{slot}@{host}"
    return f"{name}-{os.getpid()}@{host}"
