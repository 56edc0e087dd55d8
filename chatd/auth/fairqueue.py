"""A queue that serves networks in turn, in each network addresses in turn, oldest items first.

A provider gives a customer an IPv6 /48 or /56, so a single attacker may have as many addresses as
they like. They still get one turn in a round, as everybody else does. When the queue is full, the
newest item of those who have most in it makes place for one of those who have less.

Loopback and UNIX sockets are one network without limits of its own: they may be a proxy with all
clients behind it, and a connection waits for one item at most.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sized
from typing import Generic, NamedTuple, TypeVar

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.network import limit_key, network_key

_T = TypeVar("_T")
_Group = TypeVar("_Group", bound=Sized)


class QueueLimits(NamedTuple):
    """How many items may wait from one address, from one network, and in all."""

    address: int
    network: int
    total: int


class FairQueue(Generic[_T]):
    """Items that wait, each with the address of the client that it is for."""

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
        self._networks: OrderedDict[str | None, _Network[_T]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, item: _T, address: Address | None) -> _T | None:
        """Append an item; return the one that had to make place for it, if any.

        Raises `ChatError` if the queue is full and it is this item that has no place.
        """
        limits, key = self._limits, network_key(address)
        network = self._networks.get(key) or _Network()
        dropped = None
        if key is not None:
            if network.length(address) >= limits.address:
                raise ChatError(ErrorCode.BUSY)
            if len(network) >= limits.network:
                dropped = network.drop_for(address)
        if dropped is None and self._length >= limits.total:
            dropped = self._drop_for(network)
        self._length += dropped is None
        self._networks[key] = network
        network.push(item, address)
        return dropped

    def pop(self) -> _T | None:
        """Remove and return the item whose turn it is, or None if there is none."""
        if not self._networks:
            return None
        key, network = next(iter(self._networks.items()))
        item = network.pop()
        self._length -= 1
        self._networks.move_to_end(key)
        self._forget_if_empty(key)
        return item

    def remove(self, item: _T, address: Address | None) -> None:
        """Remove an item, if it still waits."""
        key = network_key(address)
        network = self._networks.get(key)
        if network is not None and network.remove(item, address):
            self._length -= 1
            self._forget_if_empty(key)

    def _drop_for(self, network: _Network[_T]) -> _T:
        """Remove and return the newest item of the largest network, if it is larger than another.

        Raises `ChatError` if no network has more items than `network` would have.
        """
        key, largest = _largest(self._networks)
        if len(largest) <= len(network) + 1:
            raise ChatError(ErrorCode.BUSY)
        dropped = largest.drop()
        self._forget_if_empty(key)
        return dropped

    def _forget_if_empty(self, key: str | None) -> None:
        if not self._networks[key]:
            del self._networks[key]


class _Network(Generic[_T]):
    """The items of one network."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str | None, deque[_T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._addresses.values()))

    def length(self, address: Address | None) -> int:
        """Return how many items wait from an address."""
        return len(self._addresses.get(limit_key(address), ()))

    def push(self, item: _T, address: Address | None) -> None:
        """Append an item."""
        self._addresses.setdefault(limit_key(address), deque()).append(item)

    def pop(self) -> _T:
        """Remove and return the item whose turn it is."""
        key, items = next(iter(self._addresses.items()))
        item = items.popleft()
        self._addresses.move_to_end(key)
        self._forget_if_empty(key)
        return item

    def remove(self, item: _T, address: Address | None) -> bool:
        """Remove an item; return whether it was there."""
        key = limit_key(address)
        items = self._addresses.get(key, deque())
        if item not in items:
            return False
        items.remove(item)
        self._forget_if_empty(key)
        return True

    def drop(self) -> _T:
        """Remove and return the newest item of the address that has most."""
        key, items = _largest(self._addresses)
        item = items.pop()
        self._forget_if_empty(key)
        return item

    def drop_for(self, address: Address | None) -> _T:
        """As `drop`; raise `ChatError` if no address has more items than `address` would have."""
        _, items = _largest(self._addresses)
        if len(items) <= self.length(address) + 1:
            raise ChatError(ErrorCode.BUSY)
        return self.drop()

    def _forget_if_empty(self, key: str | None) -> None:
        if not self._addresses[key]:
            del self._addresses[key]


def _largest(groups: OrderedDict[str | None, _Group]) -> tuple[str | None, _Group]:
    return max(groups.items(), key=lambda group: len(group[1]))
