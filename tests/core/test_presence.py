"""Which users somebody sees, and which of them are away."""

import json

import pytest

from chatd.core.presence import MAX_AWAY, Presence
from chatd.core.profiles import Profile
from chatd.testing import MemoryServer
from tests.core.calls import run

WORD = "staple-battery"


@pytest.fixture
def server():
    """Return a server where a user may be in several rooms."""
    return MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=2)


def test_the_members_of_a_room(server):
    """They come in the order of joining, with away messages, also for a user elsewhere."""
    bob, alice = server.join("1", "bob"), server.join("1", "Alice")
    assert bob.ask("`away lunch")[-1] == "Server: You are away."
    assert alice.ask("`who 1")[-1] == "Server: \nbob, away: lunch\nAlice\n"
    stranger = server.connect()
    assert stranger.ask("`users 1") == ["Server: \nbob, away: lunch\nAlice\n"]
    assert stranger.ask("`who 2") == ["Server: \n"]
    assert stranger.ask("`who 3")[0].startswith("Server: Chatroom 3 NOT exist!")


def test_all_users_that_share_a_room(server):
    """Each of them is listed once, in the order of the rooms; nobody from elsewhere."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    for client in (bob, alice):
        client.ask("`join 2")
    server.join("2", "Carol")
    alice.read()
    bob.read()
    assert alice.ask("`names") == ["Server: \nAlice\nBob\nCarol\n"]
    alice.ask("`quit 2")
    assert alice.ask("`who")[-1] == "Server: \nAlice\nBob\n"
    alice.ask("`quit")
    assert alice.ask("`who") == ["Server: Join a room first!"]


def test_a_long_list_is_cut(server):
    """It has fifty members, and tells how many follow."""
    for number in range(52):
        last = server.join("1", f"User{number}x")
    frame = last.ask("`who")[0]
    assert frame.count("\n") == 52
    assert frame.endswith("\nUser49x\n… and 2 more\n")
    last.ask("`format json")
    reply = json.loads(last.ask('{"command":"who"}')[0])
    assert (len(reply["members"]), reply["more"]) == (50, 2)


def test_who_in_json(server):
    """A program gets names and away messages as they are."""
    alice, bob = server.join("1", "Alice"), server.join("1", "אבג")
    bob.ask("`away ד")
    alice.ask("`format json")
    reply = json.loads(alice.ask('{"command":"who","tag":"t"}')[0])
    assert reply == {
        "event": "reply",
        "command": "who",
        "tag": "t",
        "text": "\nAlice\nאבג, away: ד\n",
        "members": [{"name": "Alice"}, {"name": "אבג", "away": "ד"}],
    }


def test_names_and_messages_from_right_to_left_are_isolated(server):
    """They do not change the order of a line, and further lines of a message are indented."""
    bob = server.join("1", "אבג")
    bob.send("`away ד\nAmy")
    assert bob.ask("`who")[-1] == "Server: \n\u2068אבג\u2069, away: \u2068ד\u2069\n  Amy\n"


# -- away


def test_a_sender_is_told_once(server):
    """A sender of a secret reads the message once, until it changes."""
    alice, bob, carol = (server.join("1", name) for name in ("Alice", "Bob", "Carol"))
    bob.ask("`away lunch")
    alice.read()
    assert alice.ask("`secret Bob hi") == [
        "Server: Secret sent to Bob.",
        "Server: Bob is away: lunch",
    ]
    assert alice.ask("`secret Bob hi") == ["Server: Secret sent to Bob."]
    assert carol.ask("`secret Bob hi")[-1] == "Server: Bob is away: lunch"
    bob.ask("`away dinner")
    assert alice.ask("`secret Bob hi")[-1] == "Server: Bob is away: dinner"
    assert bob.ask("`away")[-1] == "Server: You are back."
    assert carol.ask("`secret Bob hi") == ["Server: Secret sent to Bob."]
    bob.ask("`away asleep")
    assert bob.ask("`secret Bob hi") == ["Bob (secret): hi", "Server: Secret sent to Bob."]


def test_the_message_in_json(server):
    """The reply to a secret has it once, as a field and in the words."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.ask("`format json")
    bob.ask("`away lunch")
    secret = '{"command":"secret","chatter_name":"Bob","message":"hi"}'
    reply = json.loads(alice.ask(secret)[0])
    assert (reply["text"], reply["away"]) == ("Secret sent to Bob. Bob is away: lunch", "lunch")
    assert "away" not in json.loads(alice.ask(secret)[0])
    reply = json.loads(alice.ask('{"command":"away","message":"tea"}')[0])
    assert (reply["text"], reply["away"]) == ("You are away.", "tea")
    assert "away" not in json.loads(alice.ask('{"command":"away"}')[0])


def test_all_sessions_of_a_user_are_away(server):
    """The message belongs to the user, whichever session sets it."""
    first, second = server.connect(), server.connect()
    first.ask(f"`register ann {WORD}")
    second.ask(f"`login ann {WORD}")
    first.ask("`away lunch")
    alice = server.join("1", "Alice")
    assert alice.ask("`secret ann hi")[-1] == "Server: ann is away: lunch"
    second.ask("`away")
    assert "away" not in first.ask("`who 1")[-1]
    assert alice.ask("`secret ann hi") == ["Server: Secret sent to ann."]


def test_the_message_has_a_limit(server):
    """A longer one is refused and changes nothing; a user without a name cannot be away."""
    bob = server.join("1", "Bob")
    bob.ask("`away lunch")
    assert bob.ask(f"`away {'é' * (MAX_AWAY // 2)}é") == [
        f"Server: Message too long (at most {MAX_AWAY} bytes)."
    ]
    assert bob.ask("`who") == ["Server: \nBob, away: lunch\n"]
    assert bob.ask(f"`away {'é' * (MAX_AWAY // 2)}") == ["Server: You are away."]
    assert server.connect().ask("`away x") == ["Server: Join a room first!"]


def test_set_profile(server):
    """The client of a user who has no name yet may tell it; it is that of the user from then on."""
    presence = Presence(server.service.world, server.service.oplog)
    session, profile = server.open_session(), Profile("ann", "Ann of the Thousand Days")
    run(presence.set_profile(session, profile, 0.0))
    run(server.service.chat.join(session, "1", "Ann", 0.0))
    assert session.user.profile == profile
    bob = server.join("1", "Bob")
    run(presence.set_profile(session, Profile("bot", is_bot=True), 0.0))
    assert (session.user.profile.is_bot, bob.read()) == (True, [])
