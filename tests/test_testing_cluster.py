"""The promises of servers that share a log in memory."""

import pytest

from chatd.oplog.testing import Network
from chatd.storage.testing import NO_LIMIT, result
from chatd.testing_cluster import MemoryCluster


@pytest.fixture
def cluster():
    """Return two servers with a room."""
    return MemoryCluster(rooms=(("1", "tea"),))


def texts(cluster):
    """Return the texts that are in the store."""
    messages = result(cluster.store.history("1", 0, NO_LIMIT, NO_LIMIT))
    return [message.text for message in messages]


def test_servers_have_their_names_and_options():
    """Each has the options, and a name of its own."""
    cluster = MemoryCluster(3, rooms=(("7", "food"),))
    assert list(cluster.servers) == ["n1", "n2", "n3"]
    for node, server in cluster.servers.items():
        assert server.service.oplog.node == node
        assert [room.id for room in server.service.world.rooms] == ["7"]


def test_servers_begin_with_the_same_state(cluster):
    """The last ids of the rooms are those that the first one reads, whoever opens the store."""
    last_ids = {
        server.service.world.rooms.by_key("1").last_id for server in cluster.servers.values()
    }
    assert last_ids == {0}


def test_servers_share_log_and_store(cluster):
    """A message to one is applied by the other, and is in the store once."""
    first, second = cluster.servers.values()
    bob = second.join("1", "Bob")
    first.join("1", "Ann").ask("hi")
    assert bob.read()[-1] == "Ann: hi"
    cluster.settle(1)
    assert texts(cluster) == ["hi"]


def test_settle_lets_time_pass(cluster):
    """Messages on their way arrive after so many seconds."""
    cluster.log.network = Network(delay=lambda _: 2)
    first, second = cluster.servers.values()
    bob = second.connect()
    bob.send("`enter 1 Bob")
    cluster.settle(3)
    assert bob.read() == []
    cluster.settle(2)
    assert bob.read() == ["Server: You join @chatroom 1"]
    assert cluster.reactor.seconds() == first.wall_time() == second.wall_time() == 5


def test_a_killed_server_is_cut_off(cluster):
    """It reaches nobody, and nobody knows of its end before it is declared dead."""
    first, second = cluster.servers.values()
    ann, bob = first.join("1", "Ann"), second.join("1", "Bob")
    assert cluster.kill("n1") is first
    assert list(cluster.servers) == ["n2"]
    ann.ask("nobody reads this")
    cluster.settle()
    assert (bob.read(), texts(cluster)) == ([], [])
    assert second.service.world.ended_nodes == set()
    cluster.declare_dead("n1")
    assert bob.read() == ["Server: Ann quitted."]
    assert second.service.world.ended_nodes == {"n1"}


def test_a_killed_server_stores_nothing(cluster):
    """Its process has ended: what it had to store is up to the others."""
    first, second = cluster.servers.values()
    second.join("1", "Bob")
    first.join("1", "Ann").ask("hi")
    cluster.kill("n1")
    cluster.kill("n2")
    cluster.settle()
    assert texts(cluster) == []


def test_a_server_that_hangs_is_declared_dead(cluster):
    """Another one does that, also if the first of them hangs."""
    _, second = cluster.servers.values()
    cluster.log.network = Network(is_lost=lambda node: node == "n1")
    cluster.declare_dead("n1")
    cluster.settle(1)
    assert second.service.world.ended_nodes == {"n1"}
