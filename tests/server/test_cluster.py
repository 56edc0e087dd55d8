"""Clients of two servers that share a log and a store: for them it is one server."""

import json
import random

import pytest

from chatd.core.expiry import EMPTY_SECONDS
from chatd.daemon.maintenance import MAINTENANCE_SECONDS
from chatd.oplog.testing import Network
from chatd.testing_cluster import MemoryCluster
from tests.server.cluster import OPTIONS, WORD, ask, connect_json, console, read

# -- talking


def test_one_room_has_one_order(cluster, servers):
    """All read all messages in the same order; ids and history have no gaps."""
    programs = [connect_json(server)[0] for server in servers * 2]
    for number, program in enumerate(programs):
        ask(program, "join", chatroom_id="1", chatter_name=f"user{number}")
    for program in programs:
        program.read()
    for text in range(5):
        for program in programs:
            program.send(json.dumps({"command": "say", "text": str(text)}))
    heard = [read(program, "id", "from", "text") for program in programs]
    cluster.settle(1)
    history = ask(programs[0], "history", chatroom_id="1", since=0)["messages"]
    said = [(message["id"], message["from"], message["text"]) for message in history]
    assert [number for number, _, _ in said] == list(range(1, 21))
    for number, messages in enumerate(heard):
        assert messages == [each for each in said if each[1] != f"user{number}"]
    last = ask(programs[1], "history", chatroom_id="1", since=0)["messages"]
    assert last == history


def test_receipts_come_to_the_speaker(cluster, servers):
    """On the server that stores the messages, and on the other one."""
    for server, name in zip(servers, ("Ann", "Bob"), strict=True):
        program, _ = connect_json(server)
        ask(program, "join", chatroom_id="1", chatter_name=name)
        program.send(json.dumps({"command": "say", "text": "hi", "tag": name}))
        cluster.settle(1)
        stored = [json.loads(frame) for frame in program.read()]
        assert [(event["event"], event["tag"]) for event in stored] == [("stored", name)]


def test_names_are_unique(servers, guests):
    """A name is taken on all servers, and free on all when its user has left."""
    ann, bob = guests
    assert bob.ask("`rename ann") == ["Server: Name Ann is already in use!"]
    other = servers[1].connect()
    assert other.ask("`enter 1 Ann") == ["Server: Name Ann is already in use!"]
    ann.ask("`exit")
    assert bob.read() == ["Server: Ann quitted."]
    assert other.ask("`enter 1 Ann") == ["Server: You join @chatroom 1"]


def test_two_guests_ask_for_a_name_at_once(servers):
    """The first in the log has it, the other one is refused."""
    clients = [server.connect() for server in servers]
    for client in clients:
        client.send("`enter 1 Zoe")
    read = [client.read() for client in clients]
    assert sorted(line for lines in read for line in lines) == [
        "Server: Name Zoe is already in use!",
        "Server: You join @chatroom 1",
    ]


def test_rename(guests):
    """Clients of the other server read it once."""
    ann, bob = guests
    assert ann.ask("`rename Eve") == ["Server: You are now known as Eve."]
    assert bob.read() == ["Server: Ann is now known as Eve."]
    assert bob.ask("`secret Eve psst") == ["Server: Secret sent to Eve."]


def test_a_room_created_by_a_client(servers, guests):
    """Clients of the other server can join it."""
    ann, bob = guests
    assert ann.ask("`enter 7") == ["Server: You join @chatroom 7"]
    assert bob.ask("`enter 7") == ["Server: You join @chatroom 7"]
    assert ann.read() == ["[7] Bob: joined us @chatroom 7."]
    assert [room.id for server in servers for room in server.service.world.rooms] == [
        "1",
        "2",
        "7",
    ] * 2


def test_a_room_that_expires_is_ended_once(cluster, servers, capture_log):
    """All servers look for empty rooms; one of them ends the room, and none logs a failure."""
    ann = servers[0].join("7", "Ann")
    ann.ask("`exit")
    for _ in range(int(EMPTY_SECONDS / MAINTENANCE_SECONDS) + 2):
        cluster.reactor.advance(MAINTENANCE_SECONDS)
    for server in servers:
        assert [room.id for room in server.service.world.rooms] == ["1", "2"]
    assert not [line for line in capture_log() if "failed" in line]
    assert sum("ended 1 chatroom" in line for line in capture_log()) == 1


# -- the administrator


def test_kick_and_group(servers, guests):
    """The administrator of one server acts on users of the other."""
    ann, bob = guests
    servers[0].console("kick Bob 1")
    kicked = "Server: You were kicked out from chatroom tea@1 by the Administrator!"
    assert bob.read() == [kicked]
    assert ann.read() == ["Administrator: Bob was kicked out."]
    ann.ask("not for Bob")
    assert bob.read() == []
    servers[0].console("group 1 Bob")
    grouped = "Server: You were grouped into chatroom tea@1 by the Administrator."
    assert bob.read() == [grouped]
    bob.ask("back")
    assert ann.read()[-1] == "Bob: back"


def test_mute(servers, guests):
    """A user who is muted on one server cannot talk on the other."""
    ann, bob = guests
    servers[0].console("mute Bob 1")
    refusal = "Server: You may not talk in chatroom tea@1."
    assert bob.read() == [refusal]
    ann.read()
    assert bob.ask("hm") == [refusal]
    assert ann.read() == []
    servers[1].console("unmute Bob 1")
    assert bob.read() == ["Server: You may talk in chatroom tea@1 again."]
    bob.ask("hm")
    assert ann.read()[-1] == "Bob: hm"


def test_ban(servers, guests):
    """A user of the other server is disconnected, and may not come back on any."""
    ann, bob = guests
    assert console(servers[0], "ban Bob 10 spam") == ["Administrator: Bob was banned."]
    assert bob.read() == ["Server: You were banned by the Administrator: spam"]
    assert bob.closed
    assert ann.read() == ["Server: Bob quitted."]
    for server in servers:
        client = server.connect()
        client.send("`enter 1 Bob")
        assert client.read()[-1] == "Server: You were banned by the Administrator: spam"


def test_announce_and_end(servers, guests):
    """Members on all servers read it, and a room that ends is gone on all servers."""
    ann, bob = guests
    servers[0].console("say 1 lunch")
    assert ann.read() == bob.read() == ["Administrator: lunch"]
    servers[1].console("end 1")
    closed = ["Administrator: chatroom is being closed by the Administrator."]
    assert ann.read() == bob.read() == closed
    for server in servers:
        assert [room.id for room in server.service.world.rooms] == ["2"]


# -- accounts


def test_an_account_has_one_user_with_two_sessions(servers, account):
    """The other session follows into rooms, and reads the own messages."""
    text, program = account
    bob = servers[1].join("2", "Bob")
    text.ask("`join 1")
    text.ask("`join 2")
    assert read(program, "event", "room", "self") == [("joined", "1", True), ("joined", "2", True)]
    assert bob.read() == ["alice: joined us @chatroom 2."], "once"
    text.ask("hi")
    assert read(program, "room", "from", "text") == [("2", "alice", "hi")]
    program.send(json.dumps({"command": "say", "text": "from the program", "chatroom_id": "1"}))
    program.read()
    assert text.read() == ["[1] alice: from the program"]
    late, _ = connect_json(servers[0])
    assert ask(late, "login", username="alice", password=WORD)["rooms"] == ["1", "2"]


def test_the_user_stays_with_a_session_on_any_server(servers, account):
    """The room reads that they left when the last session ends, once."""
    text, program = account
    bob = servers[1].join("1", "Bob")
    text.ask("`join 1")
    bob.read()
    text.lose()
    assert bob.read() == []
    program.lose()
    assert bob.read() == ["Server: alice quitted."]


def test_the_oldest_session_of_too_many_ends():
    """Wherever it is."""
    cluster = MemoryCluster(sessions_per_account=1, **OPTIONS)
    first, second = (server.connect() for server in cluster.servers.values())
    first.ask(f"`register alice {WORD}")
    assert second.ask(f"`login alice {WORD}") == ["Server: Welcome back, alice."]
    assert first.read() == ["Server: You logged in from another place."]
    assert first.closed


def test_logout(account):
    """The session on the other server stays logged in."""
    text, program = account
    text.ask("`join 1")
    program.read()
    assert text.ask("`logout") == ["Server: Bye, alice"]
    assert text.ask("`enter 1 alice") == ["Server: Name alice is already in use!"]
    assert ask(program, "logout")["name"] == "alice"


def test_a_new_password_ends_sessions_on_the_other_server(servers, account):
    """The session is told why, and its token does not let it come back."""
    text, program = account
    assert text.ask(f"`password {WORD} another-one") == ["Server: Password changed."]
    assert read(program, "event", "code") == [("closing", "password-changed")]
    assert program.closed
    assert servers[1].connect().ask(f"`login alice {WORD}") == [
        "Server: Wrong username or password."
    ]


def test_revoke_all(account):
    """All other sessions end, those of the other server, too."""
    text, program = account
    assert ask(program, "revoke", number="all")["event"] == "reply"
    assert text.closed


def test_an_account_that_is_removed(servers, account):
    """Its sessions end on all servers, and its name is free."""
    text, program = account
    assert console(servers[1], "unregister alice") == ["Administrator: alice was unregistered."]
    assert text.read() == ["Server: Your account was removed by the Administrator."]
    assert text.closed
    assert program.closed
    for server in servers:
        assert server.service.world.find_account("alice") is None


def test_a_remembered_login(servers, account):
    """Its token is valid on all servers, and the same."""
    _, program = account
    token = ask(program, "remember")["token"]
    for server in servers:
        client, _ = connect_json(server)
        assert ask(client, "recall", token=token)["name"] == "alice"


# -- users


def test_private_messages_and_away(guests, account):
    """They cross servers, and reach all sessions of an account once."""
    ann, bob = guests
    text, program = account
    assert bob.ask("`secret alice psst") == ["Server: Secret sent to alice."]
    assert text.read() == ["Bob (secret): psst"]
    assert read(program, "from", "text") == [("Bob", "psst")]
    text.ask("`secret Bob hush")
    assert bob.read() == ["alice (secret): hush"]
    assert read(program, "from", "to", "text") == [("alice", "Bob", "hush")]
    assert ann.ask("`away lunch") == ["Server: You are away."]
    sent = ["Server: Secret sent to Ann."]
    assert bob.ask("`secret Ann x") == [*sent, "Server: Ann is away: lunch"]
    assert bob.ask("`secret Ann x") == sent


def test_ignore(guests, account):
    """A guest and an account can be ignored from the other server, by all sessions of a user."""
    ann, bob = guests
    text, program = account
    text.ask("`join 1")
    assert ask(program, "ignore", chatter_name="Ann")["event"] == "reply"
    ann.read()
    ann.ask("for Bob alone")
    assert bob.read()[-1] == "Ann: for Bob alone"
    assert text.read() == []
    assert read(program, "text", "ignored") == [("for Bob alone", True)]
    assert bob.ask("`ignore alice") == ["Server: You ignore alice."]
    text.ask("for Ann alone")
    assert ann.read() == ["alice: for Ann alone"]
    assert bob.read() == []


# -- the network


def talk(network):
    """Return what three clients read of a conversation of which each step has its time."""
    cluster = MemoryCluster(3, **OPTIONS)
    clients = [connect_json(server)[0] for server in cluster.servers.values()]
    cluster.settle()
    cluster.log.network = network
    for number, client in enumerate(clients):
        name = f"user{number}"
        client.send(json.dumps({"command": "join", "chatroom_id": "1", "chatter_name": name}))
        cluster.settle(20)
    for turn in range(6):
        client = clients[turn % 3]
        for text in "abc":
            client.send(json.dumps({"command": "say", "text": f"{turn}{text}"}))
        cluster.settle(20)
    cluster.servers["n2"].console("kick user0 1")
    cluster.settle(20)
    clients[1].lose()
    cluster.settle(20)
    return [
        read(client, "event", "room", "id", "from", "text", "who", "reason") for client in clients
    ]


@pytest.mark.parametrize("fault", ["late", "lossy", "repeating", "all"])
def test_a_bad_network_gives_the_same_transcripts(fault):
    """Messages that are late, lost or repeated change nothing but the time."""
    chance = random.Random(fault)
    network = Network()
    if fault in {"late", "all"}:
        network.delay = lambda _: chance.choice([0, 0.05, 0.3])
    if fault in {"lossy", "all"}:
        network.is_lost = lambda _: chance.random() < 0.2
    if fault in {"repeating", "all"}:
        network.is_repeated = lambda _: chance.random() < 0.2
    expected = talk(Network())
    assert len(expected[2]) > 10
    assert talk(network) == expected
