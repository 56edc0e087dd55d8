"""The usage of connections: messages, bytes, and the time they wait for the limits."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.server.usage import (
    SNAPSHOT_SECONDS,
    Limit,
    RecentUsage,
    ThrottledTotals,
    Usage,
    UsageTotals,
)
from chatd.storage.testing import result
from chatd.testing import MemoryServer


class Time:
    """A clock that a test sets."""

    now = 0.0

    def seconds(self):
        """Return the time."""
        return self.now


def usage_of(server, client):
    """Return the usage of a client of the server."""
    (session,) = (
        s for s in server.service.sessions if s.address[1] == client.transport.peerAddr.port
    )
    return session.usage.now()


def test_messages_and_bytes():
    """Messages in rooms count, commands do not; all bytes count."""
    server = MemoryServer()
    ann = server.join("1", "Ann")
    before = usage_of(server, ann)
    assert before.messages == 0
    ann.send("one", "two", "`help", "`broadcast 1 three")
    assert usage_of(server, ann).since(before) == UsageTotals(
        3, len("one\0two\0`help\0`broadcast 1 three\0"), 0
    )


def test_refused_messages_do_not_count():
    """A message that is too long is not said."""
    server = MemoryServer(max_message=10)
    ann = server.join("1", "Ann")
    ann.send("x" * 11)
    assert usage_of(server, ann).messages == 0


def test_waits_for_the_rate_of_frames():
    """A session whose frames are too many waits; the server has the same figures."""
    server = MemoryServer(rate=2, burst=5)
    totals = server.service.counters.throttled
    ann = server.join("1", "Ann")
    server.turn(10)
    ann.send(*["hi"] * 9)
    assert (totals.connections, totals.waits) == (1, 1)
    server.turn(0.5)
    assert (
        usage_of(server, ann).throttled_seconds == totals.seconds(server.reactor.seconds()) == 0.5
    )
    for _ in range(20):
        server.turn(0.5)
    assert totals.connections == 0
    assert usage_of(server, ann).throttled_seconds == 2
    assert totals.seconds(server.reactor.seconds()) == 2


def test_waits_for_the_rate_of_bytes():
    """A session whose bytes are too many waits as well."""
    server = MemoryServer(rate=2, burst=5, byte_rate=1000, byte_burst=1000)
    totals = server.service.counters.throttled
    ann = server.connect()
    ann.send_bytes(b"x" * 3000)
    assert totals.connections == 1
    server.turn(1)
    assert totals.connections == 1
    server.turn(2)
    assert totals.connections == 0
    assert 2 <= usage_of(server, ann).throttled_seconds <= 3


def test_a_connection_that_ends_waits_no_longer():
    """The wait of a connection that is lost has ended."""
    server = MemoryServer(rate=2, burst=5, byte_rate=1000, byte_burst=1000)
    totals = server.service.counters.throttled
    ann = server.connect()
    ann.send_bytes(b"`enter 1 Ann\0" + b"x\0" * 2000)
    assert totals.connections == 1
    ann.lose()
    server.turn(20)
    assert totals.connections == 0
    waited = totals.seconds(server.reactor.seconds())
    server.turn(20)
    assert totals.seconds(server.reactor.seconds()) == waited > 0


def test_a_turn_of_the_reactor_is_no_wait():
    """Frames that only wait for others to be served do not count."""
    server = MemoryServer()
    ann = server.join("1", "Ann")
    ann.send(*["hi"] * 200)
    server.turn()
    assert server.service.counters.throttled.waits == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from([Limit.FRAMES, Limit.BYTES]),
            st.booleans(),
            st.floats(0, 10),
        )
    )
)
def test_the_totals_are_those_of_all_connections(steps):
    """The total never goes down, and is the sum of all; two limits at once count once."""
    time, totals = Time(), ThrottledTotals()
    usages = [Usage(totals, time.seconds) for _ in range(3)]
    before = 0
    for index, limit, begins, seconds in steps:
        usage = usages[index]
        (usage.wait_begins if begins else usage.wait_ends)(limit)
        time.now += seconds
        throttled = [usage.now().throttled for usage in usages]
        assert totals.seconds(time.now) == sum(throttled) / 1000 >= before
        assert max(throttled) <= time.now * 1000
        before = totals.seconds(time.now)
    for usage in usages:
        usage.wait_ends()
    assert totals.connections == 0


def test_the_last_minute():
    """A message of more than a minute and ten seconds ago does not count."""
    time = Time()
    usages = [Usage(ThrottledTotals(), time.seconds)]
    recent = RecentUsage(lambda: usages, time.seconds)
    usages[0].messages = 3
    assert recent.last_minute(usages[0]).messages == 3
    for _ in range(8):
        result(recent.update())
        time.now += SNAPSHOT_SECONDS
        usages[0].messages += 1
        usages[0].bytes += 10
    assert recent.last_minute(usages[0]) == UsageTotals(7, 70, 0)
    new = Usage(ThrottledTotals(), time.seconds)
    new.bytes = 5
    assert recent.last_minute(new).bytes == 5
    usages.clear()
    for _ in range(9):
        result(recent.update())
        time.now += SNAPSHOT_SECONDS
    assert all(not snapshot for _, snapshot in recent._snapshots)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["message", "bytes", "begin", "end", "nothing"]), st.integers(0, 20)
        ),
        max_size=30,
    )
)
def test_a_snapshot_is_what_was_counted(steps):
    """The usage that did not change is noted as well as any other."""
    time = Time()
    usage = Usage(ThrottledTotals(), time.seconds)
    former = UsageTotals()
    for what, seconds in steps:
        if what == "message":
            usage.messages += 1
        elif what == "bytes":
            usage.bytes += 10
        elif what == "begin":
            usage.wait_begins(Limit.BYTES)
        elif what == "end":
            usage.wait_ends()
        time.now += seconds
        present = usage.now()
        former = usage.refresh(former)
        assert former == present
