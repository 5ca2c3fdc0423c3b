"""Which scenarios a run has, and where its peer is."""

import pytest

from otp_worker.devtools.bench.cli import is_chosen
from otp_worker.devtools.bench.scenarios import SCENARIOS
from otp_worker.devtools.bench.scenarios.peer import place_of
from otp_worker.domain.errors import ConfigurationError

PEER = "http://localhost:9000/send?now=1"


def chosen(named: list[str] | None = None, peer: str | None = None) -> set[str]:
    return {name for name, each in SCENARIOS.items() if is_chosen(each, named, peer)}


def test_what_takes_long_or_needs_something_is_measured_where_it_is_asked_for() -> None:
    assert set(SCENARIOS) - chosen() == {"peer", "soak"}
    assert set(SCENARIOS) - chosen(peer=PEER) == {"soak"}
    assert chosen(["soak"], PEER) == {"soak"}


def test_a_peer_is_a_url_on_plain_http() -> None:
    assert place_of(PEER) == ("localhost", 9000, "/send?now=1")
    assert place_of("http://127.0.0.1") == ("127.0.0.1", 80, "/")


@pytest.mark.parametrize("url", [None, "", "localhost:9000", "https://peer/send", "http:///send"])
def test_any_other_peer_is_refused_by_the_options_name(url: str | None) -> None:
    with pytest.raises(ConfigurationError, match="--peer"):
        place_of(url)
