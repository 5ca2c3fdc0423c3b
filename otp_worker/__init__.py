"""One-time passcodes by SMS from the operator's own SIM."""

__version__ = "0.2.0"
