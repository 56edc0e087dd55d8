"""Several clients of one account, and renamed guests, with a server in memory."""

import pytest

from chatd.client.ui.guided_mode import GuidedMode
from chatd.testing import MemoryServer

PASSWORD = "correct-horse"


@pytest.fixture
def first(harness):
    """Return the harness of a client that is logged in to the account alice."""
    harness.type(f"`register alice {PASSWORD}")
    return harness


@pytest.fixture
def second(first, rooms, make_harness):  # noqa: ARG001 -- it registers the account
    """Return the harness of a second client of the same account."""
    harness = make_harness(rooms)
    harness.start()
    assert harness.type(f"`login alice {PASSWORD}") == ["Server: Welcome back, alice."]
    return harness


@pytest.fixture
def guided(first, rooms, make_harness):  # noqa: ARG001 -- it registers the account
    """Return the harness of a second client of the account, in guided mode."""
    harness = make_harness(rooms, GuidedMode())
    harness.start()
    return harness


def log_in(guided):
    """Log in to the account in guided mode; return the lines shown."""
    return guided.type("2", "alice", PASSWORD)


def test_login_into_rooms(first, rooms, make_harness):
    """A client that logs in is in the rooms of the account, without having joined them."""
    bob = rooms.join("1", "Bob")
    first.type("`join 1", "`join 2")
    other = make_harness(rooms)
    other.start()
    assert other.type(f"`login alice {PASSWORD}") == [
        "Server: Welcome back, alice.",
        "Server: You are in chatroom 1",
        "Server: You are in chatroom 2",
    ]
    other.type("`switch 1", "hello")
    assert bob.read()[-1] == "alice: hello"
    assert first.read() == ["[1] alice: hello"]
    bob.send("hi")
    assert first.read() == other.read() == ["[1] Bob: hi"]


def test_joined_and_left_by_the_other_client(first, second, rooms):
    """A client shows what its user joins and leaves elsewhere, and keeps its current room."""
    bob = rooms.join("1", "Bob")
    first.type("`join 1")
    assert second.read() == ["alice: joined us @chatroom 1."]
    second.type("`join 2")
    assert first.read() == ["[2] alice: joined us @chatroom 2."]
    first.type("in tea")
    assert bob.read()[-1] == "alice: in tea"
    second.type("`quit 2")
    assert first.read() == ["[2] Server: alice quitted."]
    assert first.client.frontend.state.rooms == second.client.frontend.state.rooms == ["1"]


def test_private_messages(first, second, rooms):
    """Both clients read private messages; the one that does not send reads the addressee."""
    bob = rooms.join("1", "Bob")
    bob.ask("`secret alice psst")
    assert first.read() == second.read() == ["Bob (secret): psst"]
    assert first.type("`secret Bob hush") == ["Server: Secret sent to Bob."]
    assert second.read() == ["alice (secret to Bob): hush"]
    assert bob.read() == ["alice (secret): hush"]


def test_moved_by_the_administrator(first, second, rooms):
    """Both clients read the notices of a kick and a move, and nothing else of them."""
    first.type("`join 1")
    second.read()
    rooms.console("kick alice 1")
    kicked = ["Server: You were kicked out from chatroom tea@1 by the Administrator!"]
    assert first.read() == second.read() == kicked
    rooms.console("group 2 alice")
    moved = ["Server: You were grouped into chatroom food@2 by the Administrator."]
    assert first.read() == second.read() == moved
    states = [harness.client.frontend.state for harness in (first, second)]
    assert [(state.rooms, state.current) for state in states] == [(["2"], "2")] * 2


def test_one_client_logs_out(first, second, rooms):
    """A client that logs out is in no room; the other one stays."""
    bob = rooms.join("1", "Bob")
    first.type("`join 1")
    second.read()
    assert second.type("`logout") == ["Server: Bye, alice"]
    bob.send("still there?")
    assert first.read() == ["Bob: still there?"]
    assert second.read() == []
    assert second.client.frontend.state.rooms == []


def test_one_client_reconnects(first, second, rooms):
    """A client that resumes is in the rooms again and reads missed messages, time after time."""
    bob = rooms.join("1", "Bob")
    first.type("`join 1")
    second.read()
    for number in (1, 2):
        second.endpoint.lose()
        second.read()
        bob.ask(f"message {number}")
        rooms.turn(1)
        shown = second.wait(2)
        rooms.turn(1)
        assert [*shown, *second.read()] == [
            "Connected again.",
            "Server: Welcome back, alice.",
            "Server: You are in chatroom 1",
            "While you were away, in chatroom 1:",
            f"[1970-01-01 00:00:0{2 * (number - 1)}] Bob: message {number}",
        ]
    assert first.read() == ["Bob: message 1", "Bob: message 2"]
    assert bob.read() == []


def test_replaced(make_harness):
    """A client that is replaced by another one of the account does not connect again."""
    server = MemoryServer(sessions_per_account=1)
    first, second = make_harness(server), make_harness(server)
    for harness in (first, second):
        harness.start()
    first.type(f"`register alice {PASSWORD}")
    second.type(f"`login alice {PASSWORD}")
    assert first.read() == ["Server: You logged in from another place.", "Not connected."]
    assert first.wait(1000) == []
    assert first.endpoint.attempts == 1


# -- names


def test_renamed(harness, rooms, make_harness):
    """A guest with a new name is known by it, to this client and to others."""
    other = make_harness(rooms)
    other.start()
    harness.type("`join 1 Ann", "`join 2")
    other.type("`join 1 Bob", "`join 2")
    harness.read()
    assert harness.type("`rename Anna") == ["Server: You are now known as Anna."]
    assert other.read() == ["Server: Ann is now known as Anna."]
    assert harness.client.frontend.state.name == "Anna"
    harness.type("hi, I am Anna")
    assert other.read() == ["[2] Anna: hi, I am Anna"]
    assert "Anna" in other.client.frontend.state.known_names
    harness.endpoint.peer.lose()
    harness.read()
    assert harness.wait(1)[1] == "Server: Welcome back, Anna."


def test_rename_of_an_account(first):
    """The name of an account cannot be changed."""
    assert first.type("`rename Bob") == ["Server: Your name is that of your account."]


# -- guided mode


def test_guided_login_into_a_room(first, guided, rooms):
    """A user of guided mode whose other client is in a room is welcomed there."""
    first.type("`join 1")
    assert log_in(guided) == [
        "Welcome back, alice.",
        "Joined 1 group as alice",
        "INFO> Connected to host. Start sending messages.",
        "LIST => to get list of people online",
        "LEAVE => to leave the chat room",
        "LOGOUT => logout.",
    ]
    bob = rooms.join("1", "Bob")
    guided.type("hi")
    assert bob.read() == ["alice: hi"]


def test_guided_joined_and_left_by_the_other_client(first, guided):
    """Guided mode shows what its user joins and leaves elsewhere, and then asks for a room."""
    log_in(guided)
    first.type("`join 1")
    assert guided.read() == ["INFO> alice joined room [1] from <127.0.0.1:50001>"]
    assert guided.client.frontend.prompt.speaker == "alice"
    first.type("`quit")
    assert guided.read() == [
        "INFO> alice left room [1].",
        "<---- CHAT ROOMS ---->",
        "* 1 (tea) <0>",
        "* 2 (food) <0>",
        "",
    ]
    assert guided.client.frontend.prompt.text == "Join a Chat Room or Create New: "


def test_guided_messages_of_the_other_client(first, guided, rooms):
    """Guided mode shows the messages and private messages that its user sends elsewhere."""
    rooms.join("1", "Bob")
    first.type("`join 1")
    log_in(guided)
    first.type("hello", "`secret Bob psst")
    said, private = guided.read()
    assert said.startswith("alice> [")
    assert said.endswith("] hello")
    assert private == "INFO> alice (secret to Bob): psst"


def test_guided_reconnects_into_a_room(first, guided, rooms):
    """A user of guided mode who resumes is in the room again without joining it."""
    first.type("`join 1")
    log_in(guided)
    guided.endpoint.lose()
    assert guided.read() == ["INFO> Connection lost."]
    shown = guided.wait(1)
    rooms.turn(1)
    assert [*shown, *guided.read()] == ["INFO> Connected again.", "INFO> Welcome back, alice."]
    assert guided.client.frontend.prompt.speaker == "alice"
    assert first.read() == []


def test_guided_renamed(first, guided, rooms):
    """Guided mode shows the new name of a guest."""
    bob = rooms.join("1", "Bob")
    first.type("`join 1")
    log_in(guided)
    bob.ask("`rename Rob")
    assert guided.read() == ["INFO> Bob is now known as Rob."]


def test_guided_replaced(make_harness):
    """A client in guided mode that is replaced by another one of the account ends."""
    server = MemoryServer(sessions_per_account=1)
    guided, other = make_harness(server, GuidedMode()), make_harness(server)
    for harness in (guided, other):
        harness.start()
    guided.type("1", "alice", PASSWORD)
    other.type(f"`login alice {PASSWORD}")
    assert guided.read() == ["INFO> You logged in from another place.", "INFO> Not connected."]
    assert guided.client.ended.called
    assert guided.client.failed
