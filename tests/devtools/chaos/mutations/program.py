"""Running another program in this very interpreter."""

import runpy
import sys


def run_program() -> None:
    """Run the program that the arguments name, with the arguments that follow."""
    del sys.argv[0]
    # Not as the main module: a process that Granian spawns then imports the mutation, and not Granian alone.
    runpy.run_module(sys.argv[0], run_name="__main__")
