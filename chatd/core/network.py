"""Addresses and networks, in the form in which they are compared."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

from chatd.core.events import Address

Network = IPv4Network | IPv6Network

_MAPPED_BITS: Final = 96
"""How many bits of an IPv6 address are before the IPv4 address that it may contain."""


_SHOWN: Final = (
    re.compile(r"\('(?P<host>[^']*)', *\d+\)"),  # `who`, `list`, the log: ('203.0.113.9', 4711)
    re.compile(r"<?\[(?P<host>[^]]*)\](?::\d+)?>?"),  # [2001:db8::1]:4711
    re.compile(r"<?(?P<host>[\d.]+)(?::\d+)?>?"),  # <203.0.113.9:4711>, 203.0.113.9:4711
)
"""The forms in which the address of a client is shown or written."""

_LIKE_ADDRESS: Final = re.compile(r"[\d.]*[.][\d./]*|.*[:\[\]<>'(),].*|[\d.]+/\d*", re.DOTALL)


def parse_network(text: str) -> Network | None:
    """Return `text` as an address or a network (`10.0.0.0/8`), or None if it is neither.

    An address may be written in any form in which one is shown, such as `('203.0.113.9', 4711)`.
    """
    for form in _SHOWN:
        match = form.fullmatch(text)
        if match:
            text = match["host"]
            break
    address, slash, length = text.partition("/")
    try:
        network = ip_network(address.partition("%")[0] + slash + length, strict=False)
    except ValueError:
        return None
    return _unmap_network(network)


def is_like_address(text: str) -> bool:
    """Return whether `text` is an address or a network, or was probably meant to be one.

    That is digits with dots or a slash, and all with a character that no name has.
    """
    return _LIKE_ADDRESS.fullmatch(text) is not None


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


def network_key(address: Address | None) -> str | None:
    """Return the key of the network of `address`, an IPv4 /24 or an IPv6 /48; None as `limit_key`.

    One user may have all addresses of an IPv6 /48.
    """
    host = host_of(address)
    if host is None or host.is_loopback:
        return None
    return str(host.supernet(new_prefix=48 if isinstance(host, IPv6Network) else 24))


def _unmap_ipv4(host: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address in an IPv6 address such as `::ffff:1.2.3.4`, others unchanged."""
    return getattr(host, "ipv4_mapped", None) or host


def _unmap_network(network: Network) -> Network:
    """Return the IPv4 network in an IPv6 network such as `::ffff:1.2.3.0/120`, others unchanged."""
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        host = _unmap_ipv4(network.network_address)
        if isinstance(host, IPv4Address):
            return IPv4Network((host, network.prefixlen - _MAPPED_BITS))
    return network
