"""The client with a server in memory: connecting, losing, coming back, leaving."""

import pytest

from chatd.client.ui.frontend import Exit, Hangup
from chatd.core.events import DisconnectReason, Message
from chatd.protocol.received import Ok


def test_a_conversation(harness, rooms):
    """What one types is answered, and others read it."""
    bob = rooms.join("1", "Bob")
    assert harness.type("`join 1 Alice") == ["Server: You join @chatroom 1"]
    assert harness.type("hello") == []
    assert bob.read() == ["Alice: joined us @chatroom 1.", "Alice: hello"]
    assert bob.ask("`secret Alice psst") == ["Server: Secret sent to Alice."]
    assert harness.read() == ["Bob (secret): psst"]


def test_moved_by_the_administrator(harness, rooms):
    """Kicks and groupings are read once, and known."""
    harness.type("`join 1 Alice")
    rooms.console("kick Alice 1")
    assert harness.read() == [
        "Server: You were kicked out from chatroom tea@1 by the Administrator!"
    ]
    assert harness.client.frontend.state.rooms == []
    rooms.console("group 2 Alice")
    assert harness.read() == ["Server: You were grouped into chatroom food@2 by the Administrator."]
    assert harness.client.frontend.state.current == "2"
    rooms.console("end 2")
    assert harness.read() == ["Administrator: chatroom is being closed by the Administrator."]
    assert harness.client.frontend.state.current is None


def test_starts_without_a_server(make_harness, rooms):
    """Without a server one is told so, nothing is tried again, and one can ask for a connection."""
    harness = make_harness(None)
    assert harness.start() == ["Not connected."]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1
    harness.endpoint.server = rooms
    assert harness.type("`connect example.org 77") == ["Connected."]
    assert str(harness.endpoint.addresses[-1]) == "example.org:77"
    assert harness.type("`list") == ["Server: \ntea@1: no chatters!\nfood@2: no chatters!\n"]


def test_comes_back(harness, rooms):
    """After a lost connection one has one's name and rooms again."""
    harness.type("`join 1 Alice", "`join 2", "`switch 1")
    harness.endpoint.peer.lose()
    assert harness.read() == ["Connection lost."]
    assert harness.type("hi") == ["Not connected."]
    assert harness.wait(1) == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
        "Server: You join @chatroom 2",
        "Server: You are now in chatroom tea@1",
    ]
    bob = rooms.join("1", "Bob")
    harness.type("hi again")
    assert bob.read() == ["Alice: hi again"]


def test_pauses_grow(harness):
    """A server that stays away is tried for at growing intervals, up to a minute."""
    server, harness.endpoint.server = harness.endpoint.server, None
    harness.endpoint.peer.lose()
    harness.read()
    attempts = []
    for second in range(400):
        before = harness.endpoint.attempts
        harness.wait(1)
        if harness.endpoint.attempts > before:
            attempts.append(second + 1)
    assert attempts[:9] == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    harness.endpoint.server = server
    assert harness.wait(60) == ["Connected again."]


def test_pauses_stay_long_for_a_server_that_drops_at_once(harness):
    """A server that takes connections and drops them is not asked every second."""
    for pause in (1, 2, 4, 8):
        harness.endpoint.peer.lose()
        assert harness.read() == ["Connection lost."]
        assert harness.wait(pause - 0.5) == []
        assert harness.wait(0.5) == ["Connected again."]


def test_pauses_are_short_again_after_a_steady_connection(harness):
    """Who was long connected begins anew."""
    for _ in range(3):
        harness.wait(60)
        harness.endpoint.peer.lose()
        assert harness.read() == ["Connection lost."]
        assert harness.wait(1) == ["Connected again."]


def test_takes_over_the_lost_connection(harness, rooms):
    """One has one's name again though the server has not noticed that the old connection is dead."""
    harness.type("`join 1 Alice")
    bob = rooms.join("1", "Bob")
    ghost = harness.endpoint.peer
    harness.endpoint.lose()
    assert harness.read() == ["Connection lost."]
    assert harness.wait(1)[:3] == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
    ]
    assert ghost.closed
    assert bob.read() == ["Server: Alice quitted.", "Alice: joined us @chatroom 1."]


def test_name_still_in_use(harness, rooms):
    """Who finds his name taken waits for it, as long as it may be his own dead connection."""
    harness.type("`join 1 Alice")
    harness.endpoint.peer.lose()
    assert harness.read() == ["Connection lost."]
    other = rooms.join("1", "Alice")
    assert harness.wait(1) == ["Connected again.", "Your name is still in use. Trying again..."]
    assert harness.wait(1) == []
    other.lose()
    assert harness.wait(2) == ["Server: You join @chatroom 1"]


def test_connect_is_faithful_to_a_lost_server(harness):
    """Who asks for the lost server is told nothing new, and it is tried for again."""
    server, harness.endpoint.server = harness.endpoint.server, None
    harness.type("`join 1 Alice")
    harness.endpoint.peer.lose()
    harness.read()
    assert harness.type("`connect localhost 9999") == ["Trying again."]
    harness.endpoint.server = server
    assert harness.wait(1) == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
    ]


def test_stays_away_after_retry_false(harness, rooms):
    """Who is told not to come back does not."""
    for session in list(rooms.service.sessions):
        session.close(DisconnectReason.BANNED)
    assert harness.read() == ["Server: You were banned by the Administrator!", "Not connected."]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1


def test_comes_back_after_a_shutdown(harness, rooms):
    """A server that is restarted is waited for."""
    rooms.service.stopService()
    assert harness.read() == [
        "Administrator: Chatserver is going to shutdown...",
        "Connection lost.",
    ]


def test_disconnect(harness, rooms):
    """Who leaves the server is gone there, and not brought back."""
    bob = rooms.join("1", "Bob")
    harness.type("`join 1 Alice")
    assert harness.type("`disconnect") == ["Disconnected."]
    assert bob.read()[-1] == "Server: Alice quitted."
    assert harness.wait(1000) == []
    assert harness.type("`list", "`disconnect") == ["Not connected.", "Not connected."]


def test_disconnect_while_coming_back(harness):
    """Who has had enough of waiting can stop it."""
    harness.endpoint.peer.lose()
    harness.read()
    assert harness.type("`disconnect") == ["Disconnected."]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1


def test_exit(harness):
    """What is still due is shown, then the client ends."""
    assert harness.type("`list", "`exit") == [
        "Server: \ntea@1: no chatters!\nfood@2: no chatters!\n",
        "quitting...",
    ]
    assert harness.client.ended.called
    assert harness.client.complete
    assert harness.clock.getDelayedCalls() == []


def test_exit_without_a_server(make_harness):
    """Without a server there is nothing to wait for."""
    harness = make_harness(None)
    harness.start()
    assert harness.type("`exit") == ["quitting..."]
    assert harness.client.ended.called


def test_exit_while_coming_back(harness):
    """Nothing is tried for after the end."""
    harness.endpoint.peer.lose()
    harness.read()
    assert harness.type("`exit") == ["quitting..."]
    assert harness.clock.getDelayedCalls() == []


def test_missed(harness, rooms):
    """What was said while one was away is shown once, marked; one's own messages are not."""
    bob = rooms.join("1", "Bob")
    harness.type("`join 1 Alice", "hello")
    harness.endpoint.lose()
    bob.ask("are you there?")
    rooms.turn(1)
    harness.read()
    shown = harness.wait(1)
    rooms.turn(1)
    assert [*shown, *harness.read()] == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
        "While you were away, in chatroom 1:",
        "[1970-01-01 00:00:00] Bob: are you there?",
    ]
    bob.send("good")
    assert harness.read() == ["Bob: good"]


def test_exit_that_failed(harness):
    """It is known that the program ended for want of a server."""
    harness.client.perform([Exit(failed=True)])
    harness.read()
    assert harness.client.ended.called
    assert harness.client.failed


def test_pauses_do_not_outlive_the_client(harness, rooms):
    """Who leaves while a name is waited for leaves nothing behind."""
    harness.type("`join 1 Alice")
    harness.endpoint.peer.lose()
    harness.read()
    rooms.join("1", "Alice")
    harness.wait(1)
    harness.client.leave()
    harness.clock.advance(1)
    harness.read()
    assert harness.client.ended.called
    assert harness.clock.getDelayedCalls() == []


@pytest.mark.parametrize("after", ["`disconnect", "`connect localhost 9999", "`foo", "hi"])
def test_nothing_after_exit(harness, after):
    """What is pasted behind the end is not done, and keeps nobody from ending."""
    assert harness.type(f"`exit\n{after}") == ["quitting..."]
    assert harness.client.ended.called
    assert harness.clock.getDelayedCalls() == []


def test_typed_while_leaving(harness):
    """What is typed after the end was asked for is not done either."""
    for line in ("`exit", "`disconnect", "`foo"):
        harness.client.typed(line)
    assert harness.read() == ["quitting..."]
    assert harness.client.ended.called


def test_nothing_is_done_while_leaving(harness):
    """Whatever comes of what the server still says, it is only shown."""
    harness.client.leave()
    harness.client.perform([Hangup()])
    harness.read()
    assert harness.client.ended.called


def test_answer_lost(harness):
    """Whose answer was lost with the connection was not given all that he asked for."""
    harness.client.typed("`list")
    harness.endpoint.lose()
    assert not harness.client.complete


def test_all_answered_before_the_loss(harness):
    """Who has all answers, and is back, has lost nothing."""
    harness.type("`join 1 Alice", "`list", "hi", "")
    harness.endpoint.peer.lose()
    harness.read()
    harness.wait(1)
    harness.type("`exit")
    assert harness.client.complete


def test_perhaps_not_delivered(harness):
    """A message that has come nowhere was asked for, and not carried out."""
    harness.type("`join 1 Alice")
    harness.endpoint.peer.lose()
    harness.client.typed("hi")
    harness.read()
    assert harness.wait(1)[-1] == "Perhaps not delivered: hi"
    assert not harness.client.complete


def test_patience_counts_from_what_came_last(harness):
    """A slow server is waited for as long as it goes on answering."""
    harness.client.typed("`list")
    harness.client.leave()
    for _ in range(3):
        harness.clock.advance(9)
        harness.client.event_received(Message("1", 1, "Bob", "hi", 0.0))
    harness.clock.advance(9)
    assert not harness.client.ended.called
    harness.clock.advance(1)
    assert harness.client.ended.called
    assert not harness.client.complete


def test_silence_answers_nothing(harness):
    """That a server was silent for too long does not make what it owes less."""
    harness.client.typed("`list")
    waiting = harness.client.drained()
    harness.clock.advance(10)
    assert waiting.result is False
    assert harness.client.unanswered
    harness.read()
    assert not harness.client.unanswered
    assert harness.clock.getDelayedCalls() == []


def test_probe_that_is_late(harness):
    """The answer to a question given up does not pass for the answer to the next."""
    harness.client.typed("`list")
    harness.client.drained()
    harness.clock.advance(10)
    waiting = harness.client.drained()
    harness.client.event_received(Ok("help", "…", "caught up:2"))
    assert not waiting.called
    harness.read()
    assert waiting.result is True


def test_greeted_once(harness):
    """Who is refused at every attempt is told so once, and again after he was let in."""
    harness.client.banner_received("Server: You were banned!")
    harness.client.banner_received("Server: You were banned!")
    assert harness.read() == ["Server: You were banned!"]
    harness.client.connected(None)
    harness.client.banner_received("Server: You were banned!")
    assert harness.read() == ["Server: You were banned!"]


def test_server_that_cannot_be_dealt_with(harness):
    """Whatever a server sends, the worst is that it is left, with one clear line."""

    def stumble(_):
        raise KeyError("ro\x1bom")

    harness.client.frontend.handle = stumble
    assert harness.type("`list") == [
        "Cannot go on with localhost:9999: KeyError: 'ro\\x1bom'.",
        "Not connected.",
    ]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1
    assert not harness.client.complete
