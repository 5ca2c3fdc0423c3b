"""Broken services, for the tests alone: each module breaks one promise, then runs a program.

``python -m tests.devtools.chaos.mutations.no_sweep celery ...`` is ``celery ...`` without the sweep.
Granian's processes import the same module again, so that they are broken too.
"""
