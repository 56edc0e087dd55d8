"""Addresses and networks, as bans and limits compare them."""

from ipaddress import ip_network

import pytest

from chatd.core.network import host_of, limit_key, network_key, parse_network


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.7", "10.0.0.7/32"),
        ("10.0.0.7/8", "10.0.0.0/8"),
        ("::ffff:10.0.0.7", "10.0.0.7/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_networks(text, network):
    """An address is a network of one; an IPv4 address in IPv6 is the IPv4 address."""
    assert parse_network(text) == ip_network(network)


@pytest.mark.parametrize("text", ["Bob", "300.1.2.3", "10.0.0", "10.0.0.0/33", ""])
def test_other_texts(text):
    """Other texts are no network."""
    assert parse_network(text) is None


def test_host_of_a_client():
    """The host of a client is compared without its port and zone; a UNIX socket has none."""
    assert host_of(("10.0.0.7", 50000)) == ip_network("10.0.0.7")
    assert host_of(("fe80::1%eth0", 50000)) == ip_network("fe80::1")
    assert host_of("unix") is None
    assert host_of(None) is None


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (("192.0.2.7", 1), "192.0.2.7/32"),
        (("2001:db8:0:7:8::9", 1), "2001:db8:0:7::/64"),
        (("127.0.0.1", 1), None),
        (("::1", 1), None),
        ("unix", None),
    ],
)
def test_limit_keys(address, key):
    """Limits count an IPv6 /64 as one address, and have none for this machine."""
    assert limit_key(address) == key


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:0:7:8::9", "2001:db8::/48"),
        ("127.0.0.1", None),
        ("::1", None),
    ],
)
def test_network_keys(host, key):
    """One user may have an IPv6 /48; this machine has no key."""
    assert network_key((host, 1)) == key
