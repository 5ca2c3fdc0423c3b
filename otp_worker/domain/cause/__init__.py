"""One plain cause: why a code is where it is, in the words of a support person."""

from otp_worker.domain.cause.explain import explain
from otp_worker.domain.cause.facts import Cause

__all__ = ["Cause", "explain"]
