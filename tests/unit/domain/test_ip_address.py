"""What counts as one end user's address, and what is on the public internet."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.ip_address import is_public, user_of

SPELLINGS = [
    "{v4}",
    "::ffff:{v4}",
    "::ffff:0:{v4}",
    "64:ff9b::{v4}",
    "64:ff9b:1::{v4}",
    "::{v4}",
]
"""IPv6 forms that end in an IPv4 address."""


def six_to_four(v4: str, rest: int = 1) -> str:
    return str(IPv6Address((0x2002 << 112) | (int(IPv4Address(v4)) << 80) | rest))


def teredo(server: str, client: str) -> str:
    inverted = int(IPv4Address(client)) ^ 0xFFFFFFFF
    return str(IPv6Address((0x20010000 << 96) | (int(IPv4Address(server)) << 64) | (0x8000 << 48) | inverted))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_ipv4_address_is_the_same_user_however_it_is_written(spelling: str) -> None:
    assert user_of(spelling.format(v4="203.0.113.7")) == "203.0.113.7"


@given(st.ip_addresses(v=4), st.integers(0, 2**80 - 1))
def test_all_of_a_6to4_site_is_its_ipv4_address(v4: IPv4Address, rest: int) -> None:
    assert user_of(six_to_four(str(v4), rest)) == str(v4)


def test_users_of_one_teredo_server_are_told_apart() -> None:
    users = {user_of(teredo("65.54.227.120", client)) for client in ("203.0.113.7", "203.0.113.8")}
    assert users == {"203.0.113.7", "203.0.113.8"}


@given(st.ip_addresses(network="2606:4700::/32"), st.integers(0, 2**64 - 1))
def test_a_64_is_one_user_and_its_neighbour_another(ip: IPv6Address, host: int) -> None:
    network = IPv6Network((ip, 64), strict=False)
    assert user_of(str(ip)) == user_of(str(network[host])) == str(network)
    assert user_of(str(IPv6Address(int(ip) ^ (1 << 64)))) != user_of(str(ip))


@pytest.mark.parametrize("odd", ["", "x", "203.0.113", "::1::", "203.0.113.07"])
def test_what_is_no_address_is_refused(odd: str) -> None:
    with pytest.raises(ValueError, match="address"):
        user_of(odd)


PRIVATE = [
    "10.0.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("v4", PRIVATE)
def test_a_private_address_is_private_in_every_form(spelling: str, v4: str) -> None:
    assert not is_public(spelling.format(v4=v4))


@pytest.mark.parametrize("v4", PRIVATE)
def test_a_private_address_is_private_behind_6to4_and_teredo(v4: str) -> None:
    assert not is_public(six_to_four(v4))
    assert not is_public(teredo("65.54.227.120", v4))
    assert not is_public(teredo(v4, "8.8.8.8"))


@pytest.mark.parametrize("v4", PUBLIC)
def test_a_public_address_is_public(v4: str) -> None:
    for form in (v4, f"::ffff:{v4}", f"64:ff9b::{v4}", six_to_four(v4), teredo("65.54.227.120", v4)):
        assert is_public(form)
    assert is_public("2606:4700:4700::1111")


@pytest.mark.parametrize(
    "v6",
    [
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "64:ff9b:1::8.8.8.8",
    ],
)
def test_an_address_of_ipv6_alone_that_leads_nowhere_outside_is_private(v6: str) -> None:
    assert not is_public(v6)
