"""Addresses as they are compared: one machine is one address, however it is written."""

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
    """Return the address or network (`10.0.0.0/8`) that `text` is, or None if it is neither."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    whole = network.prefixlen == network.max_prefixlen
    return ip_network(_unmap_ipv4(network.network_address)) if whole else network


def host_of(address: Address | None) -> Network | None:
    """Return the one address that somebody comes from, or None where there is none, as with `unix`."""
    return _network_of_host(address[0]) if isinstance(address, tuple) else None


@lru_cache(maxsize=4096)  # it is asked for several times as somebody comes, and takes a while
def _network_of_host(text: str) -> Network | None:
    try:
        host = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return ip_network(_unmap_ipv4(host))


def limit_key(address: Address | None) -> str | None:
    """Return whom an address counts for; None for this machine, which may stand for many people."""
    host = host_of(address)
    if host is None or host.is_loopback:
        return None
    # One customer has a whole IPv6 /64, and every address in it.
    return str(host.supernet(new_prefix=64) if isinstance(host, IPv6Network) else host)


def _unmap_ipv4(host: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address of `::ffff:1.2.3.4`; any other as it is."""
    return getattr(host, "ipv4_mapped", None) or host
