"""The fair queue: who is next, and who is refused when it is full."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.auth.fairqueue import FairQueue, QueueLimits
from chatd.core.errors import ChatError

LIMITS = QueueLimits(address=3, network=4, total=6)
WIDE = QueueLimits(100, 100, 100)

hosts = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.1.1", "2001:db8::1", "127.0.0.1"])


def push(queue, item, host):
    """Append an item for a client from `host`; return the item that it displaces."""
    return queue.push(item, (host, 1))


def drain(queue):
    """Return all items, in the order in which they are served."""
    return [queue.pop() for _ in range(len(queue))]


def test_turns():
    """Networks take turns, in a network its addresses do, and of each the oldest is first."""
    queue = FairQueue(WIDE)
    for item, host in [
        ("a1", "2001:db8:0:1::1"),
        ("a2", "2001:db8:0:1::1"),
        ("a3", "2001:db8:0:1::2"),
        ("b1", "2001:db8:0:2::1"),
        ("c1", "10.0.0.1"),
        ("c2", "10.0.0.1"),
        ("d1", "127.0.0.1"),
    ]:
        assert push(queue, item, host) is None
    assert drain(queue) == ["a1", "c1", "d1", "b1", "c2", "a2", "a3"]
    assert queue.pop() is None


def test_limits_of_an_address_and_a_network():
    """An address past its limit is refused; in a full network the address with most loses one."""
    queue = FairQueue(LIMITS)
    for n in range(3):
        push(queue, n, "10.0.0.1")
    with pytest.raises(ChatError, match="busy"):
        push(queue, 3, "10.0.0.1")
    push(queue, "b", "10.0.0.2")
    assert push(queue, "c", "10.0.0.3") == 2
    with pytest.raises(ChatError, match="busy"):
        push(queue, "d", "10.0.0.2")
    assert len(queue) == 4


def test_a_full_queue_drops_the_newest_of_the_largest_network():
    """A network that has fewer gets a place of the one that has most, until they are equal."""
    queue = FairQueue(LIMITS)
    for n in range(4):
        push(queue, f"a{n}", f"10.0.0.{n % 2}")
    push(queue, "b", "10.0.1.1")
    push(queue, "c", "10.0.2.1")
    assert push(queue, "d", "10.0.3.1") in {"a2", "a3"}
    assert push(queue, "e", "10.0.4.1") in {"a2", "a3"}
    assert push(queue, "f", "10.0.5.1") in {"a0", "a1"}
    with pytest.raises(ChatError, match="busy"):
        push(queue, "g", "10.0.6.1")
    assert len(queue) == 6


def test_this_machine_has_the_limit_of_all_alone():
    """Loopback, which may be a proxy, is limited by the total, and gives way to others."""
    queue = FairQueue(LIMITS)
    for n in range(6):
        push(queue, n, "127.0.0.1")
    with pytest.raises(ChatError, match="busy"):
        queue.push(6, None)
    assert push(queue, "b", "10.0.0.1") == 5


@given(st.lists(st.tuples(hosts, st.sampled_from(["push", "pop", "remove"])), max_size=60))
def test_no_item_is_lost(steps):
    """Each item is served, removed, dropped or refused, once; and the length is right."""
    queue, waiting = FairQueue(LIMITS), {}
    for item, (host, step) in enumerate(steps):
        if step == "push":
            try:
                dropped = push(queue, item, host)
            except ChatError:
                continue
            waiting.pop(dropped, None)
            waiting[item] = host
        elif step == "pop":
            served = queue.pop()
            assert (served in waiting) if waiting else (served is None)
            waiting.pop(served, None)
        elif waiting:
            gone, its_host = waiting.popitem()
            queue.remove(gone, (its_host, 1))
            queue.remove(gone, (its_host, 1))
        assert len(queue) == len(waiting) <= LIMITS.total
    assert sorted(drain(queue)) == sorted(waiting)
