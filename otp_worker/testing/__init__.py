"""A pytest plugin for an app's own tests: the real service, and the phone that its SMS go to.

    pytest_plugins = ["otp_worker.testing"]  # in the app's conftest.py

A test then asks for ``otp_service`` and ``otp_phone``; README.md has a whole example. It is named by the
suite that wants it, and no entry point loads it: an environment in which otp-worker is installed may run
suites that have nothing to do with it.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from otp_worker.testing.phone import Phone
    from otp_worker.testing.service import Service

__all__ = ["otp_phone", "otp_service", "otp_settings"]


@pytest.fixture(scope="session")
def otp_settings() -> Mapping[str, str]:
    """Variables for the service, such as OTP_COUNTRIES; a suite that wants some overrides this fixture."""
    return {}


@pytest.fixture(scope="session")
def otp_service(
    otp_settings: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Service"]:
    """The service's own processes with SQLite and a broker, on free ports of loopback, ready for codes."""
    # Here and not above: a run that asks for no fixture of ours loads nothing of it.
    from otp_worker.testing.service import running_service

    with running_service(tmp_path_factory.mktemp("otp-service"), otp_settings) as service:
        yield service


@pytest.fixture
def otp_phone(otp_service: "Service") -> Iterator["Phone"]:
    """The phone that the service's SMS go to: all is well with it, and it has no message yet."""
    phone = otp_service.phone
    phone.all_clear()
    phone.forget()
    yield phone
    phone.all_clear()
