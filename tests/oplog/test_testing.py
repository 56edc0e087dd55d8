"""The log in memory: its order, and the faults of its network."""

from pickle import PicklingError

import pytest
from twisted.internet.task import Clock

from chatd.core.world.operations import Announce, SetAway
from chatd.oplog.entry import Entry
from chatd.oplog.testing import MemoryLog, Network


class Cluster:
    """A log with two subscribers; `told` has the texts that each of them was told."""

    def __init__(self):
        self.clock = Clock()
        self.log = MemoryLog(self.clock)
        self.told = {"n1": [], "n2": []}
        self.entries = []
        for node, told in self.told.items():
            self.log.subscribe(node, lambda placed, told=told: self.note(placed, told))

    def note(self, placed, told):
        """Note what a server is told."""
        self.entries.append(placed.entry)
        told.append((placed.position, placed.entry.operations[0].text))

    def append(self, text, number=1, node="n1"):
        """Add an entry."""
        self.log.append(Entry(node, number, 0.0, (Announce("1", text, 0),)))

    def read(self, after=0, node="n1"):
        """Read entries; return a list that gets the positions."""
        found = []
        self.log.read(node, after).addCallback(
            lambda entries: found.extend(placed.position for placed in entries)
        )
        return found


@pytest.fixture
def cluster():
    """Return a log with two subscribers."""
    return Cluster()


def test_order(cluster):
    """All servers are told all entries, in the order in which they came, with their positions."""
    cluster.append("a")
    cluster.append("b", node="n2")
    cluster.append("c", number=2)
    cluster.clock.advance(0)
    cluster.clock.advance(0)
    expected = [(1, "a"), (2, "b"), (3, "c")]
    assert cluster.told == {"n1": expected, "n2": expected}
    assert [placed.position for placed in cluster.log.entries] == [1, 2, 3]


def test_an_entry_is_there_once(cluster):
    """It is known by its server and its number; one after a gap is not added."""
    for number in (1, 1, 3, 2, 1):
        cluster.append(str(number), number)
    cluster.append("other", 1, "n2")
    cluster.clock.advance(0)
    texts = [placed.entry.operations[0].text for placed in cluster.log.entries]
    assert texts == ["1", "2", "other"]


def test_reading(cluster):
    """The answer has the entries after a position."""
    for number in (1, 2, 3):
        cluster.append("x", number)
    cluster.clock.advance(0)
    first, none = cluster.read(1), cluster.read(3)
    assert first == []
    cluster.clock.pump([0, 0])
    assert (first, none) == ([2, 3], [])


def test_delays(cluster):
    """Each message takes the time that the network says, to the log and back."""
    cluster.log.network = Network(delay=lambda node: {"n1": 1, "n2": 5}[node])
    cluster.append("a")
    cluster.clock.advance(0.5)
    assert cluster.log.entries == []
    cluster.clock.advance(0.5)
    assert len(cluster.log.entries) == 1
    cluster.clock.advance(1)
    assert cluster.told == {"n1": [(1, "a")], "n2": []}
    found = cluster.read()
    cluster.clock.pump([1, 0.5])
    assert found == []
    cluster.clock.advance(0.5)
    assert found == [1]
    cluster.clock.advance(2)
    assert cluster.told["n2"] == [(1, "a")]


def test_losses(cluster):
    """Lost messages do not arrive, and entries in the log stay there."""
    cluster.log.network = Network(is_lost=lambda node: node == "n1")
    cluster.append("lost")
    cluster.append("a", node="n2")
    found = cluster.read()
    cluster.clock.pump([0, 0, 10])
    assert cluster.told == {"n1": [], "n2": [(1, "a")]}
    assert found == []
    cluster.log.network = Network()
    found = cluster.read()
    cluster.clock.pump([0, 0])
    assert found == [1]


def test_repetitions(cluster):
    """A message comes twice, but the log has the entry once, and a question has one answer."""
    cluster.log.network = Network(is_repeated=lambda _: True)
    cluster.append("a")
    found = cluster.read()
    cluster.clock.pump([0, 0])
    assert len(cluster.log.entries) == 1
    assert cluster.told == {"n1": [(1, "a")] * 2, "n2": [(1, "a")] * 2}
    assert found == [1]


def test_entries_are_copied(cluster):
    """Each server gets values of its own: no object is shared by servers."""
    cluster.append("a")
    cluster.clock.pump([0, 0])
    first, second = cluster.entries
    (kept,) = cluster.log.entries
    assert first == second == kept.entry
    assert len({id(first), id(second), id(kept.entry)}) == 3
    assert len({id(entry.operations[0]) for entry in (first, second, kept.entry)}) == 3


def test_an_operation_with_more_than_plain_values_fails(cluster):
    """An object that cannot be written as bytes does not reach the log."""
    cluster.log.append(Entry("n1", 1, 0.0, (SetAway(lambda: None, "x", 0.0),)))
    with pytest.raises((AttributeError, PicklingError)):
        cluster.clock.advance(0)
    assert cluster.log.entries == []


def test_a_server_that_is_killed_is_cut_off(cluster):
    """Messages from it and to it do not arrive; others go on."""
    cluster.log.network = Network(delay=lambda _: 1)
    cluster.append("before", node="n2")
    cluster.append("own")
    found = cluster.read()
    cluster.clock.advance(0.5)
    cluster.log.kill("n1")
    cluster.append("late", 2)
    cluster.clock.pump([0.5, 1, 1])
    assert cluster.told == {"n1": [], "n2": [(1, "before")]}
    assert found == []
    cluster.append("after", 2, "n2")
    cluster.clock.pump([1, 1])
    assert cluster.told["n2"] == [(1, "before"), (2, "after")]
