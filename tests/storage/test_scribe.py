"""The scribe: which of several servers adds messages to the store, and which messages."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.errors import StoreUnavailableError
from chatd.core.events import RoomClosed
from chatd.core.rooms import Room
from chatd.core.world.effects import StoredUpTo
from chatd.storage.scribe import PATIENCE_SECONDS, TAKE_OVER_SECONDS, Scribe
from chatd.storage.testing import batch


class Content:
    """The content of a store: `messages` are (room, id), in the order in which they were added."""

    def __init__(self):
        self.messages = []
        self.position = 0
        self.appender = None


class Store:
    """The store of a server. `taken` has for each call of `take_over` whether it was forced.

    While `error` is set, all calls raise it.
    """

    def __init__(self, content):
        self.content = content
        self.taken = []
        self.error = None

    async def take_over(self, *, force=False):
        """Become the one that appends."""
        self.taken.append(force)
        if self.error is not None:
            raise self.error
        if self.content.appender not in {None, self} and not force:
            raise StoreUnavailableError("another server stores the messages")
        self.content.appender = self
        return self.content.position

    async def append(self, batches, _, position):
        """Add messages, and set the position."""
        if self.error is not None:
            raise self.error
        if self.content.appender is not self:
            raise StoreUnavailableError("this server does not store messages")
        for each in batches:
            self.content.messages += [(each.room, message.id) for message in each.messages()]
        self.content.position = position

    async def history(self, room, _, limit, __):
        """Return the newest messages of a room."""
        newest = [number for key, number in self.content.messages if key == room][-limit:]
        return [batch(number, room=room).messages()[0] for number in newest]


class Server:
    """A server with a scribe, and its part of the log.

    `sent` has the operations that it has added, `ended_nodes` the servers whose end is in the log.
    """

    is_applying = False

    def __init__(self, node, content, clock, ended):
        self.node = node
        self.store = Store(content)
        self.sent = []
        self.submit = self.sent.append
        self.position = 0
        self.ended_nodes = ended
        self.scribe = Scribe(self.store, clock)
        self.scribe.log = self

    def apply(self, position, *batches):
        """Apply an entry with messages."""
        self.position = position
        for each in batches:
            self.scribe.on_messages(Room(each.room, each.room), each, None)

    def write(self, *batches):
        """Store messages; return a list that gets None, or the error, when that ends."""
        done = []
        Deferred.fromCoroutine(self.scribe.append(batches, {})).addBoth(done.append)
        return done


class Cluster:
    """Three servers with one store; `ended` has the servers whose end is in the log."""

    def __init__(self):
        self.clock = Clock()
        self.content = Content()
        self.ended = set()
        self.servers = [
            Server(node, self.content, self.clock, self.ended) for node in ("n1", "n2", "n3")
        ]

    def apply(self, position, *batches):
        """Let all servers apply an entry with messages."""
        for server in self.servers:
            server.apply(position, *batches)

    def tell(self):
        """Bring all operations to all servers."""
        for sender in self.servers:
            operations, sender.sent[:] = list(sender.sent), []
            for operation in operations:
                for server in self.servers:
                    server.scribe.on_stored(StoredUpTo(operation.node, operation.position))

    @property
    def ids(self):
        """The ids of the messages that are stored."""
        return [number for _, number in self.content.messages]


@pytest.fixture
def cluster():
    """Return three servers."""
    return Cluster()


@pytest.fixture
def first(cluster):
    """Return the server that is the scribe; it has stored a message, and the others know."""
    cluster.apply(1, batch(1))
    cluster.servers[0].write(batch(1))
    cluster.tell()
    return cluster.servers[0]


@pytest.fixture
def second(cluster, first):  # noqa: ARG001 -- the first one is the scribe
    """Return a server that is not the scribe."""
    return cluster.servers[1]


def test_the_first_server_becomes_the_scribe(cluster):
    """It waits for nobody, stores the messages with their position, and tells the others."""
    first, second, _ = cluster.servers
    cluster.apply(5, batch(1), batch(2))
    assert first.write(batch(1), batch(2)) == [None]
    assert (cluster.ids, cluster.content.position) == ([1, 2], 5)
    assert [(each.node, each.position) for each in first.sent] == [("n1", 0), ("n1", 5)]
    assert first.store.taken == [False]
    cluster.tell()
    assert second.write(batch(1), batch(2)) == [None], "it is stored"
    assert second.store.taken == []


def test_the_scribe_takes_over_once(cluster, first):
    """It goes on without asking the store again."""
    cluster.apply(2, batch(2))
    assert first.write(batch(2)) == [None]
    assert first.store.taken == [False]
    assert cluster.ids == [1, 2]


def test_others_wait_for_the_operation_of_the_scribe(cluster, first, second):
    """They store nothing, and return when the log says that the messages are stored."""
    cluster.apply(2, batch(2))
    done = second.write(batch(2))
    assert first.write(batch(2)) == [None]
    assert done == []
    cluster.tell()
    assert done == [None]
    assert (second.store.taken, second.sent, cluster.ids) == ([], [], [1, 2])


def test_messages_that_are_not_reached_are_waited_for(cluster, first, second):
    """The scribe has stored an earlier entry only."""
    cluster.apply(2, batch(2))
    cluster.apply(3, batch(3))
    done = second.write(batch(2), batch(3))
    first.write(batch(2))
    cluster.tell()
    assert done == []
    first.write(batch(3))
    cluster.tell()
    assert done == [None]


def test_a_server_takes_over_when_the_scribe_makes_no_progress(cluster, first, second):
    """After a while it asks the store, which says that the scribe is gone."""
    cluster.apply(2, batch(2))
    done = second.write(batch(2))
    cluster.content.appender = None  # the process of the first server has ended
    cluster.clock.advance(TAKE_OVER_SECONDS / 2)
    assert second.store.taken == []
    cluster.clock.advance(TAKE_OVER_SECONDS / 2)
    assert done == [None]
    assert second.store.taken == [False]
    assert cluster.ids == [1, 2]
    cluster.tell()
    cluster.apply(3, batch(3))
    assert first.write(batch(3)) == []
    assert second.write(batch(3)) == [None]
    assert cluster.ids == [1, 2, 3]


def test_taking_over_is_forced_if_the_end_of_the_scribe_is_in_the_log(cluster, first, second):
    """The scribe hangs, and the store takes it for alive; later it stores nothing."""
    cluster.apply(2, batch(2))
    done = second.write(batch(2))
    cluster.ended.add("n1")
    cluster.clock.advance(TAKE_OVER_SECONDS)
    assert (done, second.store.taken, cluster.ids) == ([None], [True], [1, 2])
    cluster.apply(3, batch(3))
    (failure,) = first.write(batch(3))
    assert failure.type is StoreUnavailableError
    assert cluster.ids == [1, 2]


def test_a_scribe_that_is_alive_is_not_forced(cluster, first, second):
    """The waiting server gives up after its patience, and the scribe goes on."""
    cluster.apply(2, batch(2))
    done = second.write(batch(2))
    while not done:
        assert cluster.clock.seconds() <= PATIENCE_SECONDS
        cluster.clock.advance(TAKE_OVER_SECONDS)
    assert done[0].type is StoreUnavailableError
    assert cluster.clock.seconds() == PATIENCE_SECONDS
    assert set(second.store.taken) == {False}
    assert first.write(batch(2)) == [None]
    assert cluster.ids == [1, 2]


def test_progress_of_another_server_ends_the_wait(cluster, first, second):
    """A third server has taken over meanwhile: its operation is enough."""
    cluster.apply(2, batch(2))
    done, third = second.write(batch(2)), cluster.servers[2]
    cluster.clock.advance(TAKE_OVER_SECONDS / 2)
    cluster.content.appender = third.store
    third.sent.append(StoredUpTo("n3", 2))
    cluster.tell()
    assert done == [None]
    assert (second.store.taken, first.store.taken) == ([], [False])


def test_progress_puts_the_takeover_off(cluster, first, second):
    """A scribe that is busy with earlier messages is not replaced."""
    for position in (2, 3, 4):
        cluster.apply(position, batch(position))
    done = second.write(batch(4))
    for position in (2, 3, 4):
        cluster.clock.advance(TAKE_OVER_SECONDS * 0.75)
        assert (done, second.store.taken) == ([], [])
        first.write(batch(position))
        cluster.tell()
    assert done == [None]


def test_the_new_scribe_goes_on_behind_the_stored_position(cluster, second):
    """Messages that the former one stored, but could not tell, are not stored again."""
    cluster.apply(2, batch(2))
    cluster.apply(3, batch(3))
    cluster.servers[0].write(batch(2))
    cluster.servers[0].write(batch(3))
    cluster.servers[0].sent.clear()
    cluster.content.appender = None
    done = second.write(batch(2), batch(3))
    cluster.clock.advance(TAKE_OVER_SECONDS)
    assert done == [None]
    assert (cluster.ids, cluster.content.position) == ([1, 2, 3], 3)
    assert [(each.node, each.position) for each in second.sent] == [("n2", 3)]


def test_a_new_scribe_that_is_behind_stores_nothing_twice(cluster, second):
    """The store has messages of entries that this server applies later."""
    former = cluster.servers[0]
    for position in (2, 3, 4):
        former.apply(position, batch(position))
        former.write(batch(position))
    former.sent.clear()
    cluster.content.appender = None
    second.apply(2, batch(2))
    assert second.write(batch(2)) == []
    cluster.clock.advance(TAKE_OVER_SECONDS)
    for position in (3, 4, 5):
        second.apply(position, batch(position))
        assert second.write(batch(position)) == [None]
        assert cluster.content.position >= 4
    assert (cluster.ids, cluster.content.position) == ([1, 2, 3, 4, 5], 5)


def test_the_position_is_not_reached_by_a_part_of_an_entry(cluster, first):
    """The position of an entry is stored with its last messages."""
    cluster.apply(2, batch(2, 3), batch(5, 3), batch(1, room="food"))
    first.write(batch(2, 3))
    assert cluster.content.position == 1
    first.write(batch(5, 3), batch(1, room="food"))
    assert cluster.content.position == 2


def test_a_part_of_an_entry_is_not_stored_twice(cluster, first, second):
    """The former scribe has stored a part of a large entry before its end."""
    entry = batch(2, 3), batch(1, room="food"), batch(5, 3)
    cluster.apply(2, *entry)
    first.write(*entry[:2])
    cluster.tell()
    cluster.content.appender = None
    done = second.write(*entry)
    cluster.clock.advance(TAKE_OVER_SECONDS)
    assert done == [None]
    assert cluster.content.position == 2
    assert sorted(cluster.content.messages) == [("food", 1), *(("tea", n) for n in range(1, 8))]


def test_a_part_of_an_entry_is_not_stored_twice_by_several_writes(cluster, first, second):
    """The new scribe needs as many writes as the former one for the part that is there."""
    entry = [batch(number) for number in (2, 3, 4)]
    cluster.apply(2, *entry)
    for each in entry[:2]:
        first.write(each)
    cluster.tell()
    cluster.content.appender = None
    for each in entry:
        second.write(each)
        cluster.clock.advance(TAKE_OVER_SECONDS)
    assert (cluster.ids, cluster.content.position) == ([1, 2, 3, 4], 2)


def test_a_closed_room_does_not_hold_up_the_others(cluster, first, second):
    """The last messages of an entry are discarded with their room: the rest is stored."""
    cluster.apply(2, batch(2), batch(1, room="food"))
    done = second.write(batch(2), batch(1, room="food"))
    for server in cluster.servers:
        server.scribe.on_event(Room("food", "food"), RoomClosed("food", 0))
    assert done == []
    assert first.write(batch(2)) == [None]
    cluster.tell()
    assert done == [None]


def test_a_scribe_that_cannot_append_asks_to_take_over_again(cluster, first):
    """The store may have given its role to another server."""
    cluster.apply(2, batch(2))
    first.store.error = StoreUnavailableError("gone")
    (failure,) = first.write(batch(2))
    assert failure.type is StoreUnavailableError
    assert first.store.taken == [False]
    first.store.error = None
    assert first.write(batch(2)) == [None]
    assert first.store.taken == [False, False]
    assert cluster.ids == [1, 2]


def test_a_scribe_that_was_replaced_waits_for_the_new_one(cluster, first, second):
    """Its messages are stored by the new one."""
    cluster.apply(2, batch(2))
    cluster.content.appender = second.store
    (failure,) = first.write(batch(2))
    assert failure.type is StoreUnavailableError
    again = first.write(batch(2))
    assert again == []
    second.sent.append(StoredUpTo("n2", 2))
    cluster.tell()
    assert again == [None]


def test_a_store_that_is_unavailable_for_all(cluster):
    """The server that waits raises the store's error after its patience."""
    server = cluster.servers[0]
    server.store.error = StoreUnavailableError("the disk is full")
    cluster.apply(1, batch(1))
    done = server.write(batch(1))
    cluster.clock.pump([TAKE_OVER_SECONDS] * 3)
    assert done == []
    cluster.clock.advance(TAKE_OVER_SECONDS)
    assert done[0].value is server.store.error
    server.store.error = None
    done = server.write(batch(1))
    cluster.clock.advance(TAKE_OVER_SECONDS)
    assert (done, cluster.ids) == ([None], [1])


def test_a_scribe_that_ended_before_it_was_known_is_replaced(cluster):
    """It took over and hung before an operation told the others; its end is in the log."""
    first, second, _ = cluster.servers
    cluster.content.appender = first.store
    cluster.apply(1, batch(1))
    refused = second.write(batch(1))
    cluster.clock.pump([TAKE_OVER_SECONDS] * 5)
    assert refused[0].check(StoreUnavailableError)
    cluster.ended.add("n1")
    for _ in range(2):  # the writer repeats a write that failed
        done = second.write(batch(1))
        cluster.clock.pump([TAKE_OVER_SECONDS] * 5)
    assert done == [None]
