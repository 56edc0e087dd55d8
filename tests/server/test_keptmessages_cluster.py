"""Kept private messages where two servers share a log and a store: each is read once."""

import pytest
from twisted.internet.defer import Deferred

from chatd.server.keptmessages import STAY_SECONDS
from tests.server.cluster import WORD
from tests.server.keeping import KEPT, kept

LINE = "[1970-01-01 00:00:00 UTC] Ann (secret): {}"


@pytest.fixture
def ann(cluster, servers):
    """Return the guest Ann of the first server; bob has an account and is not present."""
    bob = servers[1].connect()
    bob.send(f"`register bob {WORD}")
    cluster.settle(0.25)
    bob.lose()
    ann = servers[0].connect()
    ann.send("`rename Ann")
    cluster.settle(0.25)
    ann.read()
    return ann


def send(cluster, ann, text="psst"):
    """Send bob a private message, which is kept."""
    ann.send(f"`secret bob {text}")
    cluster.settle(0.25)
    assert ann.read() == KEPT


def log_in(cluster, server):
    """Return a session of bob, and what it reads after the reply to its login."""
    client = server.connect()
    client.send(f"`login bob {WORD}")
    cluster.settle(0.25)
    reply, *rest = client.read()
    assert reply == "Server: Welcome back, bob."
    return client, rest


@pytest.mark.parametrize("place", [0, 1])
def test_delivered_by_the_server_of_the_login(cluster, servers, ann, place):
    """Whichever that is; then the messages are removed."""
    send(cluster, ann)
    _, lines = log_in(cluster, servers[place])
    assert lines == [LINE.format("psst")]
    cluster.settle(STAY_SECONDS)
    assert kept(servers[0]) == []


def test_a_second_session_on_another_server(cluster, servers, ann):
    """It reads nothing, as long as the first one stays."""
    send(cluster, ann)
    log_in(cluster, servers[0])
    second, lines = log_in(cluster, servers[1])
    cluster.settle(STAY_SECONDS)
    assert (lines, second.read(), kept(servers[1])) == ([], [], [])


def test_the_first_session_is_lost_early(cluster, servers, ann):
    """The session on the other server reads them."""
    send(cluster, ann)
    first, _ = log_in(cluster, servers[0])
    second, _ = log_in(cluster, servers[1])
    first.lose()
    cluster.settle(0.25)
    assert second.read() == [LINE.format("psst")]
    cluster.settle(STAY_SECONDS)
    assert kept(servers[0]) == []


def test_the_server_of_the_first_session_dies(cluster, servers, ann):
    """The session on the other server reads them when the others know it."""
    send(cluster, ann)
    log_in(cluster, servers[0])
    second, _ = log_in(cluster, servers[1])
    cluster.kill("n1")
    cluster.declare_dead("n1")
    cluster.settle(0.25)
    assert second.read() == [LINE.format("psst")]


def test_a_login_on_another_server_while_a_message_is_added(cluster, servers, ann):
    """The message comes to that session."""
    store, added = cluster.stores["n1"], Deferred()
    keep_message = store.keep_message

    async def wait(*arguments):
        await added
        return await keep_message(*arguments)

    store.keep_message = wait
    ann.send("`secret bob psst")
    cluster.settle(0.25)
    bob, lines = log_in(cluster, servers[1])
    assert lines == []
    added.callback(None)
    cluster.settle(0.25)
    assert (ann.read(), bob.read()) == (KEPT, [LINE.format("psst")])
