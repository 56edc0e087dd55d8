"""The replies that a server has still to send."""

import pytest

from chatd.client.model.pending import PendingReplies
from chatd.core.events import Message
from chatd.protocol.command import Request
from chatd.protocol.received import Error, History, Ok, RoomList


@pytest.fixture
def pending():
    """Return the pending replies to `list` and `history`."""
    pending = PendingReplies()
    pending.sent(Request("list"))
    pending.sent(Request("history"))
    return pending


def test_nothing_sent():
    """A client that has sent nothing waits for nothing."""
    pending = PendingReplies()
    assert (pending.unanswered, pending.has_pending) == (0, False)


def test_replies(pending):
    """Each reply without a tag is that to a request of the user."""
    assert (pending.unanswered, pending.has_pending) == (2, True)
    assert not pending.received(RoomList(()))
    assert pending.has_pending
    assert not pending.received(History("1", ()))
    assert not pending.has_pending


@pytest.mark.parametrize(
    "event",
    [
        Message("1", 1, "Bob", "hi", 0.0),
        Ok("join", "…", "rejoin"),
        Error("say", "in-no-room", "Join a room first!"),
        Error(None, "too-long", "Message too long."),
    ],
)
def test_other_events(pending, event):
    """Events, tagged replies and refusals of messages are no replies to commands."""
    for _ in range(3):
        pending.received(event)
    assert pending.has_pending


@pytest.mark.parametrize("request_", [Request("say", {"text": ""}), Request("join", {}, "rejoin")])
def test_requests_without_a_certain_reply(request_):
    """A message has no reply, and the client's own requests are not the user's."""
    pending = PendingReplies()
    pending.sent(request_)
    assert (pending.unanswered, pending.has_pending) == (1, False)


def test_pong(pending):
    """The reply to a ping shows that all requests before it are served."""
    ping = pending.ping()
    assert (ping.command, pending.unanswered) == ("ping", 3)
    pong = Ok("ping", "pong", ping.tag)
    assert pending.is_pong(pong)
    assert pending.received(pong)
    assert (pending.unanswered, pending.has_pending) == (0, False)


def test_request_after_the_ping(pending):
    """A request after the ping stays unanswered."""
    ping = pending.ping()
    pending.sent(Request("list"))
    assert pending.received(Ok("ping", "pong", ping.tag))
    assert (pending.unanswered, pending.has_pending) == (1, True)


def test_earlier_pong(pending):
    """The reply to an earlier ping is a pong, and shows nothing of the last one."""
    first = pending.ping()
    pending.ping()
    pong = Ok("ping", "pong", first.tag)
    assert pending.is_pong(pong)
    assert not pending.received(pong)
    assert pending.unanswered == 4


@pytest.mark.parametrize(
    "event", [RoomList(()), Ok("ping", "pong"), Ok("x", "…", "1"), Message("1", 1, "B", "x", 0.0)]
)
def test_no_pong(pending, event):
    """Another event is no pong."""
    assert not pending.is_pong(event)


def test_exit(pending):
    """The reply to `exit` is the last one."""
    pending.received(Ok("exit", "Goodbye!"))
    assert (pending.unanswered, pending.has_pending) == (0, False)


def test_reset(pending):
    """After the end of the connection no reply is to come."""
    pending.reset()
    assert (pending.unanswered, pending.has_pending) == (0, False)
