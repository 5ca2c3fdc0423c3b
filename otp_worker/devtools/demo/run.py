"""The demo from its first line to its last."""

import time
from contextlib import ExitStack
from pathlib import Path

from otp_worker.devtools.demo.display import Display
from otp_worker.devtools.demo.errors import DemoFailedError
from otp_worker.devtools.demo.hops import send_one
from otp_worker.devtools.demo.invitation import invite
from otp_worker.devtools.demo.options import Options
from otp_worker.devtools.demo.service import LONGEST_STOP_SECONDS, Service
from otp_worker.devtools.demo.startup import start
from otp_worker.devtools.demo.state import State
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.errors import EndedEarlyError, NoBrokerError, NoPostgresError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.interrupts import INTERRUPTED, interruptible
from otp_worker.service.processes.errors import BusyError
from otp_worker.service.processes.ledger import Ledger
from otp_worker.service.processes.lock import locked

_WATCH_SECONDS = 0.5


def run(options: Options) -> int:
    """Show the whole way of a code, and go on serving if that is asked for; returns the exit status.

    0: approved, 1: a hop or a process failed, 130: stopped before the approved check.
    """
    display = Display()
    kept = State(options.state)
    try:
        with interruptible() as parts:
            parts.enter_context(locked(kept.lock))
            _run_alone(display, kept, parts, options)
    except BusyError as busy:
        display.say(f"Another demo is running on {kept.folder} ({busy.holder}); stop that one first.")
        return 1
    except DemoFailedError as failure:
        display.failed(failure)
        return 1
    except (NoBrokerError, NoPostgresError) as error:
        display.say(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _run_alone(display: Display, state: State, parts: ExitStack, options: Options) -> None:
    for name in Ledger(state.folder).end_leftovers():
        display.say(f"Ended {name}, which a killed demo left behind.")
    state.begin(fresh=options.fresh)
    fleet = parts.enter_context(Fleet(state.folder, cwd=Path.cwd(), env=child_environment({})))
    service = Service.planned(fleet, state, options, parts)
    parts.callback(_stop, service, display)
    started = start(service, state, display)
    state.write_env(service.environment(started.api_key))
    send_one(service, started.api_key, display)
    if options.serve:
        invite(service, started, state, display)
        _serve(fleet)


def _stop(service: Service, display: Display) -> None:
    display.say(f"Stopping {', '.join(service.names)}; this takes {LONGEST_STOP_SECONDS} s at most.")
    service.stop()
    display.say("Stopped.")


def _serve(fleet: Fleet) -> None:
    """Watch until somebody asks for the end. Raises DemoFailedError when a process ends by itself."""
    try:
        while True:
            fleet.check()
            time.sleep(_WATCH_SECONDS)
    except KeyboardInterrupt:
        return
    except EndedEarlyError as error:
        raise DemoFailedError(error.name, error.what, error.log) from error
