"""The client with a server in memory: connecting, reconnecting and leaving."""

import pytest

from chatd.client.ui.frontend import Exit, Hangup
from chatd.core.events import DisconnectReason, Message
from chatd.core.world.names import HOLD_SECONDS
from chatd.protocol.received import Ok


def test_conversation(harness, rooms):
    """The server replies to the user's lines, and other users read their messages."""
    bob = rooms.join("1", "Bob")
    assert harness.type("`join 1 Alice") == ["Server: You join @chatroom 1"]
    assert harness.type("hello") == []
    assert bob.read() == ["Alice: joined us @chatroom 1.", "Alice: hello"]
    assert bob.ask("`secret Alice psst") == ["Server: Secret sent to Alice."]
    assert harness.read() == ["Bob (secret): psst"]


def test_moved_by_the_administrator(harness, rooms):
    """The client shows a kick and a move once, and follows them."""
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
    """Without a server the client says so, and connects when the user asks for it."""
    harness = make_harness(None)
    assert harness.start() == ["Not connected."]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1
    harness.endpoint.server = rooms
    assert harness.type("`connect example.org 77") == ["Connected."]
    assert str(harness.endpoint.addresses[-1]) == "example.org:77"
    assert harness.type("`list") == ["Server: \ntea@1: no chatters!\nfood@2: no chatters!\n"]


def test_rejoins_after_a_lost_connection(harness, rooms):
    """After a lost connection the client has its name and its rooms again."""
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


def test_takes_over_the_lost_connection(harness, rooms):
    """The client takes its name back although the server has not noticed the loss."""
    harness.type("`join 1 Alice")
    bob = rooms.join("1", "Bob")
    dead_connection = harness.endpoint.peer
    harness.endpoint.lose()
    assert harness.read() == ["Connection lost."]
    assert harness.wait(1)[:3] == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
    ]
    assert dead_connection.closed
    assert bob.read() == ["Server: Alice quitted.", "Alice: joined us @chatroom 1."]


def test_waits_for_its_name(harness, rooms):
    """A guest whose name is in use waits for it: the server may have missed the loss."""
    harness.type("`join 1 Alice")
    harness.endpoint.peer.lose()
    assert harness.read() == ["Connection lost."]
    rooms.turn(HOLD_SECONDS)
    other = rooms.join("1", "Alice")
    assert harness.wait(1) == ["Connected again.", "Your name is still in use. Trying again..."]
    assert harness.wait(1) == []
    other.lose()
    assert harness.wait(2) == ["Server: You join @chatroom 1"]


def test_connect_to_the_lost_server(harness):
    """`connect` to the lost server tries again at once, and keeps the rooms."""
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
    """A client that is told not to connect again does not."""
    for session in list(rooms.service.sessions):
        session.close(DisconnectReason.BANNED)
    assert harness.read() == ["Server: You were banned by the Administrator!", "Not connected."]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1


def test_waits_for_a_restarted_server(harness, rooms):
    """A client whose server shuts down connects again."""
    rooms.service.stopService()
    assert harness.read() == [
        "Administrator: Chatserver is going to shutdown...",
        "Connection lost.",
    ]


def test_disconnect(harness, rooms):
    """A user who disconnects leaves the server for good."""
    bob = rooms.join("1", "Bob")
    harness.type("`join 1 Alice")
    assert harness.type("`disconnect") == ["Disconnected."]
    assert bob.read()[-1] == "Server: Alice quitted."
    assert harness.wait(1000) == []
    assert harness.type("`list", "`disconnect") == ["Not connected.", "Not connected."]


def test_disconnect_while_reconnecting(harness):
    """`disconnect` ends the attempts to connect."""
    harness.endpoint.peer.lose()
    harness.read()
    assert harness.type("`disconnect") == ["Disconnected."]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1


def test_exit(harness):
    """`exit` shows the replies that are still due, then the client ends."""
    assert harness.type("`list", "`exit") == [
        "Server: \ntea@1: no chatters!\nfood@2: no chatters!\n",
        "quitting...",
    ]
    assert harness.client.ended.called
    assert harness.client.complete
    assert harness.clock.getDelayedCalls() == []


def test_exit_without_a_server(make_harness):
    """Without a server the client ends at once."""
    harness = make_harness(None)
    harness.start()
    assert harness.type("`exit") == ["quitting..."]
    assert harness.client.ended.called


def test_exit_while_reconnecting(harness):
    """After `exit` the client makes no other attempt to connect."""
    harness.endpoint.peer.lose()
    harness.read()
    assert harness.type("`exit") == ["quitting..."]
    assert harness.clock.getDelayedCalls() == []


def test_shows_missed_messages(harness, rooms):
    """Messages that the user missed are shown once, marked; the user's own are not."""
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
    """An `Exit` that reports a failure makes the client a failed one."""
    harness.client.perform([Exit(failed=True)])
    harness.read()
    assert harness.client.ended.called
    assert harness.client.failed


def test_no_timer_outlives_the_client(harness, rooms):
    """A client that leaves while it waits for its name leaves no timer behind."""
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
    """Lines pasted after `exit` are not handled, and the client ends."""
    assert harness.type(f"`exit\n{after}") == ["quitting..."]
    assert harness.client.ended.called
    assert harness.clock.getDelayedCalls() == []


def test_typed_while_leaving(harness):
    """Lines typed after `exit` are not handled."""
    for line in ("`exit", "`disconnect", "`foo"):
        harness.client.typed(line)
    assert harness.read() == ["quitting..."]
    assert harness.client.ended.called


def test_actions_while_leaving(harness):
    """A client that is leaving carries out no actions but lines."""
    harness.client.leave()
    harness.client.perform([Hangup()])
    harness.read()
    assert harness.client.ended.called


def test_reply_lost(harness):
    """A client that loses the connection before a reply is not complete."""
    harness.client.typed("`list")
    harness.endpoint.lose()
    assert not harness.client.complete


def test_all_answered_before_the_loss(harness):
    """A client that has all replies before it reconnects is complete."""
    harness.type("`join 1 Alice", "`list", "hi", "")
    harness.endpoint.peer.lose()
    harness.read()
    harness.wait(1)
    harness.type("`exit")
    assert harness.client.complete


def test_perhaps_not_delivered(harness):
    """A client with an unconfirmed message is not complete."""
    harness.type("`join 1 Alice")
    harness.endpoint.peer.lose()
    harness.client.typed("hi")
    harness.read()
    assert harness.wait(1)[-1] == "Perhaps not delivered: hi"
    assert not harness.client.complete


def test_exit_timeout_counts_from_the_last_event(harness):
    """A client that is leaving waits for as long as the server goes on sending."""
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


def test_silent_server(harness):
    """Requests to a silent server stay unanswered when the client gives up waiting."""
    harness.client.typed("`list")
    waiting = harness.client.drained()
    harness.clock.advance(10)
    assert waiting.result is False
    assert harness.client.unanswered
    harness.read()
    assert not harness.client.unanswered
    assert harness.clock.getDelayedCalls() == []


def test_late_pong(harness):
    """The reply to an earlier ping is not taken for the reply to the last one."""
    harness.client.typed("`list")
    harness.client.drained()
    harness.clock.advance(10)
    waiting = harness.client.drained()
    harness.client.event_received(Ok("help", "…", "caught up:2"))
    assert not waiting.called
    harness.read()
    assert waiting.result is True


def test_banner_is_shown_once(harness):
    """A banner that comes at every attempt is shown once for each connection."""
    harness.client.banner_received("Server: You were banned!")
    harness.client.banner_received("Server: You were banned!")
    assert harness.read() == ["Server: You were banned!"]
    harness.client.connected(None, {})
    harness.client.banner_received("Server: You were banned!")
    assert harness.read() == ["Server: You were banned!"]


def test_event_that_cannot_be_handled(harness):
    """An event that the client cannot handle ends the connection with one clear line."""

    def fail(_):
        raise KeyError("ro\x1bom")

    harness.client.frontend.handle = fail
    assert harness.type("`list") == [
        "Cannot go on with localhost:9999: KeyError: 'ro\\x1bom'.",
        "Not connected.",
    ]
    assert harness.wait(1000) == []
    assert harness.endpoint.attempts == 1
    assert not harness.client.complete
