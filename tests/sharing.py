"""Which tests share a running service: a run of several processes gives all of these to one of them."""

from collections.abc import Mapping

import pytest


def service_of(file: str, params: Mapping[str, object], *, alone: bool) -> str | None:
    """The name of the service that a test shares: the acceptance tests' of that kind, or that of its file."""
    if alone:
        return None
    return str(params["stack"]) if "stack" in params else file


def mark_who_shares(items: list[pytest.Item]) -> None:
    """Put the tests that share a service into one group of pytest-xdist."""
    for item in items:
        call = getattr(item, "callspec", None)
        file = item.nodeid.partition("::")[0]
        service = service_of(
            file, call.params if call else {}, alone=item.get_closest_marker("own_service") is not None
        )
        if service is not None:
            item.add_marker(pytest.mark.xdist_group(service))
