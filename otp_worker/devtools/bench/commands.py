"""Commands of ``otp-worker`` in one process, timed one by one, without the start of Python.

Each line on standard input is a command and a number of times; each on standard output their durations in
seconds, as JSON. Run in the environment of a service.
"""

import json
import sys
import time
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO

# By its name: the operators' door stands above the developers', and is used here as from outside.
app = import_module("otp_worker.cli.app").app


def _run(words: list[str]) -> float:
    began = time.perf_counter()
    with redirect_stdout(StringIO()):
        app(words, standalone_mode=False)
    return time.perf_counter() - began


def main() -> None:
    """Carry out one line after another, to the end of standard input."""
    for line in sys.stdin:
        command, _, times = line.rstrip().rpartition(" ")
        durations = [_run(command.split()) for _ in range(int(times))]
        sys.stdout.write(json.dumps(durations) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
