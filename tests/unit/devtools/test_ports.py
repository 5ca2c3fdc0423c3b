"""Free ports, and the preferred ones where they are free."""

import socket

from otp_worker.devtools.processes.ports import LOOPBACK, free_ports


def test_a_preferred_port_that_is_free_is_taken() -> None:
    [port] = free_ports(None)
    assert free_ports(port) == [port]


def test_no_outgoing_connection_can_take_a_port_before_its_server_does() -> None:
    assert all(port < 32_768 for port in free_ports(*[None] * 50))


def test_a_preferred_port_that_is_taken_gives_another() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        [other] = free_ports(port)
    assert other != port


def test_a_port_that_somebody_serves_on_all_addresses_is_taken() -> None:
    with socket.create_server(("", 0)) as taken:
        assert free_ports(taken.getsockname()[1]) != [taken.getsockname()[1]]


def test_all_ports_differ() -> None:
    [port] = free_ports(None)
    assert len(set(free_ports(port, port, None, None))) == 4


def test_a_port_given_can_be_listened_on_at_once() -> None:
    for port in free_ports(None, None, None):
        socket.create_server((LOOPBACK, port), reuse_port=False).close()
