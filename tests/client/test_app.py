"""The client with a server in memory: connecting, losing, coming back, leaving."""

import pytest

from chatd.client.ui.effects import Exit, Hangup
from chatd.core.events import DisconnectReason, Message
from chatd.protocol.received import Ok


def test_a_conversation(desk, rooms):
    """What one types is answered, and others read it."""
    bob = rooms.join("1", "Bob")
    assert desk.type("`join 1 Alice") == ["Server: You join @chatroom 1"]
    assert desk.type("hello") == []
    assert bob.read() == ["Alice: joined us @chatroom 1.", "Alice: hello"]
    assert bob.ask("`secret Alice psst") == ["Server: Secret sent to Alice."]
    assert desk.read() == ["Bob (secret): psst"]


def test_moved_by_the_administrator(desk, rooms):
    """Kicks and groupings are read once, and known."""
    desk.type("`join 1 Alice")
    rooms.console("kick Alice 1")
    assert desk.read() == ["Server: You were kicked out from chatroom tea@1 by the Administrator!"]
    assert desk.client.talk.where.rooms == []
    rooms.console("group 2 Alice")
    assert desk.read() == ["Server: You were grouped into chatroom food@2 by the Administrator."]
    assert desk.client.talk.where.current == "2"
    rooms.console("end 2")
    assert desk.read() == ["Administrator: chatroom is being closed by the Administrator."]
    assert desk.client.talk.where.current is None


def test_starts_without_a_server(new_desk, rooms):
    """Without a server one is told so, nothing is tried again, and one can ask for a connection."""
    desk = new_desk(None)
    assert desk.sit_down() == ["Not connected."]
    assert desk.wait(1000) == []
    assert desk.road.attempts == 1
    desk.road.server = rooms
    assert desk.type("`connect example.org 77") == ["Connected."]
    assert str(desk.road.addresses[-1]) == "example.org:77"
    assert desk.type("`list") == ["Server: \ntea@1: no chatters!\nfood@2: no chatters!\n"]


def test_comes_back(desk, rooms):
    """After a lost connection one has one's name and rooms again."""
    desk.type("`join 1 Alice", "`join 2", "`switch 1")
    desk.road.peer.lose()
    assert desk.read() == ["Connection lost."]
    assert desk.type("hi") == ["Not connected."]
    assert desk.wait(1) == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
        "Server: You join @chatroom 2",
        "Server: You are now in chatroom tea@1",
    ]
    bob = rooms.join("1", "Bob")
    desk.type("hi again")
    assert bob.read() == ["Alice: hi again"]


def test_pauses_grow(desk):
    """A server that stays away is tried for at growing intervals, up to a minute."""
    server, desk.road.server = desk.road.server, None
    desk.road.peer.lose()
    desk.read()
    attempts = []
    for second in range(400):
        before = desk.road.attempts
        desk.wait(1)
        if desk.road.attempts > before:
            attempts.append(second + 1)
    assert attempts[:9] == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    desk.road.server = server
    assert desk.wait(60) == ["Connected again."]


def test_pauses_stay_long_for_a_server_that_drops_at_once(desk):
    """A server that takes connections and drops them is not asked every second."""
    for pause in (1, 2, 4, 8):
        desk.road.peer.lose()
        assert desk.read() == ["Connection lost."]
        assert desk.wait(pause - 0.5) == []
        assert desk.wait(0.5) == ["Connected again."]


def test_pauses_are_short_again_after_a_steady_connection(desk):
    """Who was long connected begins anew."""
    for _ in range(3):
        desk.wait(60)
        desk.road.peer.lose()
        assert desk.read() == ["Connection lost."]
        assert desk.wait(1) == ["Connected again."]


def test_takes_over_the_lost_connection(desk, rooms):
    """One has one's name again though the server has not noticed that the old connection is dead."""
    desk.type("`join 1 Alice")
    bob = rooms.join("1", "Bob")
    ghost = desk.road.peer
    desk.road.lose()
    assert desk.read() == ["Connection lost."]
    assert desk.wait(1)[:3] == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
    ]
    assert ghost.closed
    assert bob.read() == ["Server: Alice quitted.", "Alice: joined us @chatroom 1."]


def test_name_still_in_use(desk, rooms):
    """Who finds his name taken waits for it, as long as it may be his own dead connection."""
    desk.type("`join 1 Alice")
    desk.road.peer.lose()
    assert desk.read() == ["Connection lost."]
    other = rooms.join("1", "Alice")
    assert desk.wait(1) == ["Connected again.", "Your name is still in use. Trying again..."]
    assert desk.wait(1) == []
    other.lose()
    assert desk.wait(2) == ["Server: You join @chatroom 1"]


def test_connect_is_faithful_to_a_lost_server(desk):
    """Who asks for the lost server is told nothing new, and it is tried for again."""
    server, desk.road.server = desk.road.server, None
    desk.type("`join 1 Alice")
    desk.road.peer.lose()
    desk.read()
    assert desk.type("`connect localhost 9999") == ["Trying again."]
    desk.road.server = server
    assert desk.wait(1) == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
    ]


def test_stays_away_after_retry_false(desk, rooms):
    """Who is told not to come back does not."""
    for session in list(rooms.service.sessions):
        session.close(DisconnectReason.BANNED)
    assert desk.read() == ["Server: You were banned by the Administrator!", "Not connected."]
    assert desk.wait(1000) == []
    assert desk.road.attempts == 1


def test_comes_back_after_a_shutdown(desk, rooms):
    """A server that is restarted is waited for."""
    rooms.service.stopService()
    assert desk.read() == ["Administrator: Chatserver is going to shutdown...", "Connection lost."]


def test_disconnect(desk, rooms):
    """Who leaves the server is gone there, and not brought back."""
    bob = rooms.join("1", "Bob")
    desk.type("`join 1 Alice")
    assert desk.type("`disconnect") == ["Disconnected."]
    assert bob.read()[-1] == "Server: Alice quitted."
    assert desk.wait(1000) == []
    assert desk.type("`list", "`disconnect") == ["Not connected.", "Not connected."]


def test_disconnect_while_coming_back(desk):
    """Who has had enough of waiting can stop it."""
    desk.road.peer.lose()
    desk.read()
    assert desk.type("`disconnect") == ["Disconnected."]
    assert desk.wait(1000) == []
    assert desk.road.attempts == 1


def test_exit(desk):
    """What is still due is shown, then the client ends."""
    assert desk.type("`list", "`exit") == [
        "Server: \ntea@1: no chatters!\nfood@2: no chatters!\n",
        "quitting...",
    ]
    assert desk.client.ended.called
    assert desk.client.complete
    assert desk.clock.getDelayedCalls() == []


def test_exit_without_a_server(new_desk):
    """Without a server there is nothing to wait for."""
    desk = new_desk(None)
    desk.sit_down()
    assert desk.type("`exit") == ["quitting..."]
    assert desk.client.ended.called


def test_exit_while_coming_back(desk):
    """Nothing is tried for after the end."""
    desk.road.peer.lose()
    desk.read()
    assert desk.type("`exit") == ["quitting..."]
    assert desk.clock.getDelayedCalls() == []


def test_missed(desk, rooms):
    """What was said while one was away is shown once, marked; one's own messages are not."""
    bob = rooms.join("1", "Bob")
    desk.type("`join 1 Alice", "hello")
    desk.road.lose()
    bob.ask("are you there?")
    rooms.turn(1)
    desk.read()
    shown = desk.wait(1)
    rooms.turn(1)
    assert [*shown, *desk.read()] == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
        "While you were away, in chatroom 1:",
        "[1970-01-01 00:00:00] Bob: are you there?",
    ]
    bob.send("good")
    assert desk.read() == ["Bob: good"]


def test_exit_that_failed(desk):
    """It is known that the program ended for want of a server."""
    desk.client.perform([Exit(failed=True)])
    desk.read()
    assert desk.client.ended.called
    assert desk.client.failed


def test_pauses_do_not_outlive_the_client(desk, rooms):
    """Who leaves while a name is waited for leaves nothing behind."""
    desk.type("`join 1 Alice")
    desk.road.peer.lose()
    desk.read()
    rooms.join("1", "Alice")
    desk.wait(1)
    desk.client.leave()
    desk.clock.advance(1)
    desk.read()
    assert desk.client.ended.called
    assert desk.clock.getDelayedCalls() == []


@pytest.mark.parametrize("after", ["`disconnect", "`connect localhost 9999", "`foo", "hi"])
def test_nothing_after_exit(desk, after):
    """What is pasted behind the end is not done, and keeps nobody from ending."""
    assert desk.type(f"`exit\n{after}") == ["quitting..."]
    assert desk.client.ended.called
    assert desk.clock.getDelayedCalls() == []


def test_typed_while_leaving(desk):
    """What is typed after the end was asked for is not done either."""
    for line in ("`exit", "`disconnect", "`foo"):
        desk.client.typed(line)
    assert desk.read() == ["quitting..."]
    assert desk.client.ended.called


def test_nothing_is_done_while_leaving(desk):
    """Whatever comes of what the server still says, it is only shown."""
    desk.client.leave()
    desk.client.perform([Hangup()])
    desk.read()
    assert desk.client.ended.called


def test_answer_lost(desk):
    """Whose answer was lost with the connection was not given all that he asked for."""
    desk.client.typed("`list")
    desk.road.lose()
    assert not desk.client.complete


def test_all_answered_before_the_loss(desk):
    """Who has all answers, and is back, has lost nothing."""
    desk.type("`join 1 Alice", "`list", "hi", "")
    desk.road.peer.lose()
    desk.read()
    desk.wait(1)
    desk.type("`exit")
    assert desk.client.complete


def test_perhaps_not_delivered(desk):
    """A message that has come nowhere was asked for, and not carried out."""
    desk.type("`join 1 Alice")
    desk.road.peer.lose()
    desk.client.typed("hi")
    desk.read()
    assert desk.wait(1)[-1] == "Perhaps not delivered: hi"
    assert not desk.client.complete


def test_patience_counts_from_what_came_last(desk):
    """A slow server is waited for as long as it goes on answering."""
    desk.client.typed("`list")
    desk.client.leave()
    for _ in range(3):
        desk.clock.advance(9)
        desk.client.link_event(Message("1", 1, "Bob", "hi", 0.0))
    desk.clock.advance(9)
    assert not desk.client.ended.called
    desk.clock.advance(1)
    assert desk.client.ended.called
    assert not desk.client.complete


def test_silence_answers_nothing(desk):
    """That a server was silent for too long does not make what it owes less."""
    desk.client.typed("`list")
    waiting = desk.client.drained()
    desk.clock.advance(10)
    assert waiting.result is False
    assert desk.client.unanswered
    desk.read()
    assert not desk.client.unanswered
    assert desk.clock.getDelayedCalls() == []


def test_probe_that_is_late(desk):
    """The answer to a question given up does not pass for the answer to the next."""
    desk.client.typed("`list")
    desk.client.drained()
    desk.clock.advance(10)
    waiting = desk.client.drained()
    desk.client.link_event(Ok("help", "…", "caught up:2"))
    assert not waiting.called
    desk.read()
    assert waiting.result is True


def test_greeted_once(desk):
    """Who is refused at every attempt is told so once, and again after he was let in."""
    desk.client.link_text("Server: You were banned!")
    desk.client.link_text("Server: You were banned!")
    assert desk.read() == ["Server: You were banned!"]
    desk.client.link_up(None)
    desk.client.link_text("Server: You were banned!")
    assert desk.read() == ["Server: You were banned!"]


def test_server_that_cannot_be_dealt_with(desk):
    """Whatever a server sends, the worst is that it is left, with one clear line."""

    def stumble(_):
        raise KeyError("ro\x1bom")

    desk.client.talk.received = stumble
    assert desk.type("`list") == [
        "Cannot go on with localhost:9999: KeyError: 'ro\\x1bom'.",
        "Not connected.",
    ]
    assert desk.wait(1000) == []
    assert desk.road.attempts == 1
    assert not desk.client.complete
