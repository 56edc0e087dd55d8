"""Addresses and networks, in the form in which they are compared."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from chatd.core.events import Address

Network = IPv4Network | IPv6Network


def parse_network(text: str) -> Network | None:
    """Return `text` as an address or a network (`10.0.0.0/8`), or None if it is neither."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    whole = network.prefixlen == network.max_prefixlen
    return ip_network(_unmap_ipv4(network.network_address)) if whole else network


def host_of(address: Address | None) -> Network | None:
    """Return the IP address of a client as a network of one, or None for a word such as `unix`."""
    return _network_of_host(address[0]) if isinstance(address, tuple) else None


@lru_cache(maxsize=4096)  # a new connection needs it several times
def _network_of_host(text: str) -> Network | None:
    try:
        host = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return ip_network(_unmap_ipv4(host))


def limit_key(address: Address | None) -> str | None:
    """Return the key under which limits count `address`; None for this machine: no limit."""
    host = host_of(address)
    if host is None or host.is_loopback:
        return None
    # A customer of a provider has a whole IPv6 /64, so all addresses in it count as one.
    return str(host.supernet(new_prefix=64) if isinstance(host, IPv6Network) else host)


def _unmap_ipv4(host: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address in an IPv6 address such as `::ffff:1.2.3.4`, others unchanged."""
    return getattr(host, "ipv4_mapped", None) or host
