"""The end of one of several servers: what becomes of its users and of the messages."""

import json
import os

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.core.world.account_operations import EndNode, MessagesStored
from chatd.oplog.testing import Network
from chatd.storage.testing import NO_LIMIT, result, temporary_schema
from chatd.testing_cluster import MemoryCluster
from tests.server.cluster import OPTIONS, WORD, PostgresqlCluster, ask, connect_json, read


@pytest.fixture(params=["memory", "postgresql"])
def three(request):
    """Return three servers with each kind of store that servers can share."""
    if request.param == "memory":
        yield MemoryCluster(3, **OPTIONS)
        return
    url = os.environ.get("CHATD_TEST_POSTGRESQL")
    if not url:
        pytest.skip("CHATD_TEST_POSTGRESQL is not set")
    with temporary_schema(url) as schema:
        cluster = PostgresqlCluster(schema, 3, **OPTIONS)
        yield cluster
        cluster.close()


def history(cluster, node=None):
    """Return ids and texts of the messages of room 1 that are in the store of a server."""
    store = cluster.stores[node or next(iter(cluster.servers))]
    messages = result(store.history("1", 0, NO_LIMIT, NO_LIMIT))
    return [(message.id, message.text) for message in messages]


@pytest.mark.parametrize("stored_before", [True, False])
def test_the_scribe_dies_while_others_talk(three, stored_before):
    """Its users leave once, their names are free, and the others store what it had not stored."""
    servers = three.servers
    ann = servers["n1"].join("1", "Ann")
    bob, _ = connect_json(servers["n2"])
    cid, _ = connect_json(servers["n3"])
    ask(bob, "join", chatroom_id="1", chatter_name="Bob")
    ask(cid, "join", chatroom_id="1", chatter_name="Cid")
    texts = []

    def say(client, text):
        texts.append(text)
        client.send(text if client is ann else json.dumps({"command": "say", "text": text}))
        servers["n2"].turn()

    if stored_before:
        say(ann, "first")
        three.settle(1)
        assert history(three) == [(1, "first")]
    for client in (bob, cid):
        client.read()
    say(ann, "from Ann")
    say(bob, "from Bob")
    three.kill("n1")
    say(cid, "from Cid")
    three.declare_dead("n1")
    three.settle()
    say(bob, "again")
    three.settle()
    events = [json.loads(frame) for frame in cid.read()]
    assert [(event["who"], event["reason"]) for event in events if event["event"] == "left"] == [
        ("Ann", "lost")
    ]
    heard = [event["text"] for event in events if event["event"] == "said"]
    assert heard == ["from Ann", "from Bob", "again"]
    stored = [event["id"] for event in events if event["event"] == "stored"]
    assert stored == [texts.index("from Cid") + 1]
    assert history(three) == list(enumerate(texts, 1))
    newcomer, _ = connect_json(servers["n3"])
    reply = ask(newcomer, "join", chatroom_id="1", chatter_name="Ann")
    assert reply["members"] == ["Bob", "Cid", "Ann"]


def test_two_scribes_die(three):
    """The last server has every message once."""
    texts = []
    clients = {node: server.join("1", f"user-{node}") for node, server in three.servers.items()}
    for node in ("n1", "n2"):
        for client in clients.values():
            texts.append(f"{len(texts)}")
            client.ask(texts[-1])
        clients.pop(node)
        three.kill(node)
        for client in clients.values():
            texts.append(f"{len(texts)}")
            client.ask(texts[-1])
        three.declare_dead(node)
        three.settle()
    assert history(three) == list(enumerate(texts, 1))


@pytest.mark.parametrize("is_account", [True, False])
def test_a_session_of_a_dead_server_is_resumed_on_another(cluster, servers, is_account):
    """The token brings the name back, and works once."""
    program, token = connect_json(servers[0])
    if is_account:
        ask(program, "register", username="Ann", password=WORD)
    ask(program, "join", chatroom_id="1", chatter_name="Ann")
    bob = servers[1].join("1", "Bob")
    cluster.kill("n1")
    cluster.declare_dead("n1")
    assert bob.read() == ["Server: Ann quitted."]
    new, _ = connect_json(servers[1])
    reply = ask(new, "resume", session=token)
    assert (reply["event"], reply["name"]) == ("reply", "Ann")
    assert ask(new, "join", chatroom_id="1")["name"] == "Ann"
    assert bob.read() == ["Ann: joined us @chatroom 1."]
    again = ask(connect_json(servers[1])[0], "resume", session=token)
    assert again["code"] == "no-such-session"


def test_a_session_is_resumed_while_its_server_is_alive(servers, guests):
    """The former connection, on the other server, is closed."""
    _, bob = guests
    program, token = connect_json(servers[0])
    ask(program, "join", chatroom_id="1", chatter_name="Eve")
    new, _ = connect_json(servers[1])
    bob.read()
    assert ask(new, "resume", session=token)["name"] == "Eve"
    assert read(program, "event", "code")[-1] == ("closing", "replaced")
    assert program.closed
    assert bob.read() == ["Server: Eve quitted."]


def test_a_user_with_a_session_on_a_dead_server(cluster, servers, account):
    """The user stays, with the other session, and nobody is told."""
    text, program = account
    bob = servers[1].join("1", "Bob")
    text.ask("`join 1")
    bob.read()
    cluster.kill("n1")
    cluster.declare_dead("n1")
    program.send(json.dumps({"command": "say", "text": "still here", "chatroom_id": "1"}))
    program.read()
    assert bob.read() == ["alice: still here"]


def test_a_server_that_hung_and_is_taken_for_dead(cluster, servers, guests):
    """Messages of its clients reach nobody: they are refused."""
    ann, bob = guests
    cluster.log.network = Network(is_lost=lambda node: node == "n1")
    ann.ask("lost")
    servers[1].service.oplog.submit(EndNode("n1", 0))
    assert bob.read() == ["Server: Ann quitted."]
    cluster.log.network = Network()
    cluster.settle()
    assert ann.ask("late")[0] == "Server: The server cannot reach its store now, try again later."
    assert bob.read() == []
    assert "n1" in servers[0].service.world.ended_nodes


def test_a_server_that_stops(cluster, servers, guests):
    """Its users leave at once, and its messages are stored."""
    ann, bob = guests
    ann.send("bye")
    servers[0].service.stopService()
    cluster.settle()
    assert ann.closed
    assert bob.read() == ["Ann: bye", "Server: Ann quitted."]
    del cluster.servers["n1"]
    assert history(cluster) == [(1, "bye")]


def test_a_server_stops_while_it_ends_a_room(three):
    """The room is gone; if it is created again, it has no history, and its ids go on."""
    servers = three.servers
    servers["n2"].join("1", "Bob").ask("gone")
    three.settle(1)
    assert history(three, "n2") == [(1, "gone")]
    servers["n1"].console("end 1")
    servers["n1"].service.stopService()
    three.settle(1)
    cid = servers["n3"].connect()
    assert cid.ask("`enter 1 Cid") == ["Server: You join @chatroom 1"]
    cid.ask("kept")
    three.settle()
    assert history(three, "n2") == [(2, "kept")]


def test_a_room_ends_while_the_scribe_is_late(three):
    """Messages that are stored late do not bring the room back."""
    servers = dict(three.servers)
    servers["n1"].join("1", "Bob").ask("hi")
    three.settle(1)
    operations = [operation for _, entry in three.log.entries for operation in entry.operations]
    scribe = next(each.node for each in operations if isinstance(each, MessagesStored))
    del servers[scribe]
    other, _ = servers.values()
    ann = other.join("2", "Ann")
    three.log.network = Network(delay=lambda node: 0.5 if node == scribe else 0)
    ann.ask("the first message of this room")
    three.reactor.advance(0.1)
    other.console("end 2")
    three.reactor.pump([0.1] * 20)
    assert [room.id for room in three.servers[scribe].service.world.rooms] == ["1"]
    assert [room.id for room in three.store.open([], shared=True).rooms] == ["1"]


def away_until(cluster, end, call):
    """Return a call of a store that fails until a time."""

    async def fail_or_call(*arguments, **options):
        if cluster.reactor.seconds() < end:
            raise StoreUnavailableError("away")
        return await call(*arguments, **options)

    return fail_or_call


@pytest.mark.parametrize("outage", [8.6, 8.8])
def test_what_the_scribe_gives_up_is_stored_nowhere(outage):
    """After an outage in which old messages are given up, no server says that they are stored."""
    cluster = MemoryCluster(**OPTIONS)
    speakers = [connect_json(server)[0] for server in cluster.servers.values()]
    for speaker, name in zip(speakers, ("Ann", "Bob"), strict=True):
        ask(speaker, "join", chatroom_id="1", chatter_name=name)
        speaker.send(json.dumps({"command": "say", "text": "first"}))
    cluster.settle(1)
    for speaker in speakers:
        speaker.read()
    end = cluster.reactor.seconds() + outage
    for store in cluster.stores.values():
        store.append = away_until(cluster, end, store.append)
        store.take_over = away_until(cluster, end, store.take_over)
    for text in ("old", "new"):
        for speaker in speakers:
            speaker.send(json.dumps({"command": "say", "text": text}))
        cluster.reactor.pump([0.1] * 40)
    cluster.reactor.pump([0.1] * 120)
    kept = {number for number, _ in history(cluster)}
    for speaker in speakers:
        told = [json.loads(frame) for frame in speaker.read()]
        stored = {event["id"] for event in told if event["event"] == "stored"}
        assert stored <= kept
        assert len(stored) + sum(event["event"] == "error" for event in told) == 2


@pytest.mark.parametrize("size", [1, 2])
def test_the_last_servers_that_stop_store_all_messages(size):
    """Also those that are on their way through the log at that moment."""
    cluster = MemoryCluster(size, **OPTIONS)
    ann = cluster.servers["n1"].join("1", "Ann")
    cluster.settle(1)
    ann.send("last")
    stopped = [server.service.stopService() for server in cluster.servers.values()]
    cluster.settle(8)
    assert all(each.called for each in stopped)
    assert history(cluster) == [(1, "last")]


def test_an_entry_that_is_longer_than_a_write_is_stored_whole():
    """The write that begins with its first messages does not pass for all of it."""
    cluster = MemoryCluster(2, max_frame=65536, **OPTIONS)
    server = cluster.servers["n1"]
    ann, bob = server.join("1", "Ann"), connect_json(server)[0]
    ask(bob, "join", chatroom_id="1", chatter_name="Bob")
    cluster.settle(1)
    ann.send(*["x" * 50_000] * 40)
    bob.send(json.dumps({"command": "say", "text": "the last one"}))
    cluster.settle(3)
    assert [number for number, _ in history(cluster)] == [*range(1, 42)]
