"""Which gateways there are: every module of this folder that offers an account is one."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import otp_worker.gateways
from otp_worker.gateways.account import Account


@cache
def account_kinds() -> dict[str, type[Account]]:
    """What an account of each kind is described by; the kind is the name of its module."""
    found = {}
    for module in iter_modules(otp_worker.gateways.__path__):
        offered = getattr(import_module(f"{otp_worker.gateways.__name__}.{module.name}"), "ACCOUNT", None)
        if offered is not None:
            found[module.name] = offered
    return found
