"""The user's messages on a terminal: refused ones, and those that wait for the connection."""

import pytest

from chatd.client.model.waiting import MAX_WAITING
from chatd.client.ui.frontend import Restore
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.protocol.received import Error, Receipt
from tests.client.conftest import HERE
from tests.client.ui.frontends import join, texts


@pytest.fixture
def frontend():
    """Return the frontend with a connection, before the first join."""
    frontend = TerminalMode()
    frontend.start(HERE)
    frontend.connected()
    return frontend


def test_refused_message_comes_back(frontend):
    """A message that the server refuses is put into the input again; one that it keeps is not."""
    (first,) = join(frontend, "tea").typed("hello")
    (second,) = frontend.typed("there")
    (third,) = frontend.typed("again")
    *lines, restored = frontend.handle(Error("say", "too-long", "Too long.", first.request.tag))
    assert texts(lines) == ["Server: Too long.", "Your message has 5 bytes."]
    assert restored == Restore("hello")
    assert frontend.handle(Receipt("tea", 1, second.request.tag)) == []
    not_stored = Error("say", "not-stored", "Not stored.", third.request.tag)
    assert not any(isinstance(action, Restore) for action in frontend.handle(not_stored))


def test_refused_frame_comes_back(frontend):
    """A frame that is too long to be read is the longest message: it comes back."""
    join(frontend, "tea").typed("hi")
    frontend.typed("hello")
    assert frontend.handle(Error(None, "too-long", "Too long."))[-1] == Restore("hello")


def test_moderated(frontend):
    """A message that the room does not allow comes back."""
    (send,) = join(frontend, "tea").typed("hello")
    refused = Error("say", "moderated", "Chatroom tea is moderated.", send.request.tag)
    assert frontend.handle(refused)[-1] == Restore("hello")


@pytest.fixture
def harness(rooms, make_harness):
    """Return a client on a terminal whose user is in the room `1` as Ann."""
    harness = make_harness(rooms, TerminalMode())
    harness.start()
    harness.type("`join 1 Ann")
    return harness


def test_waiting(rooms, harness):
    """Messages typed without a connection are sent in order after the return."""
    bob = rooms.join("1", "Bob")
    harness.endpoint.server = None
    harness.endpoint.lose()
    assert harness.read() == ["Connection lost. Trying again in 1 s."]
    assert harness.type("one", "two", " ") == ["Ann: one (waiting)", "Ann: two (waiting)"]
    assert harness.type("`list") == ["Not connected: `list was not sent."]
    harness.wait(1)
    bob.read()
    harness.endpoint.server = rooms
    lines = harness.wait(2)
    assert lines[-1:] == ["Sent 2 messages that were waiting."]
    assert bob.read()[-2:] == ["Ann: one", "Ann: two"]


def test_waiting_is_dropped(harness):
    """Messages that wait when the user leaves the server are not sent, and the user is told."""
    harness.endpoint.server = None
    harness.endpoint.lose()
    harness.type("one")
    harness.read()
    assert harness.type("`disconnect") == ["Not sent to chatroom 1: one", "Disconnected."]


def test_waiting_room_is_gone(rooms, harness):
    """A message for a room that the user does not return to is not sent."""
    harness.endpoint.server = None
    harness.endpoint.lose()
    harness.type("one")
    rooms.console("end 1")
    harness.endpoint.server = rooms
    assert "Not sent to chatroom 1: one" in harness.wait(1)


def test_waiting_is_bounded(harness):
    """No more than the limit waits; what is beyond stays in the input."""
    harness.endpoint.server = None
    harness.endpoint.lose()
    harness.read()
    harness.type(*map(str, range(MAX_WAITING)))
    assert harness.type("more") == ["Not sent: 50 messages are waiting already."]
    assert harness.restored == "more"
