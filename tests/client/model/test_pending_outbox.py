"""The outbox: messages of the user that the server has not confirmed."""

import pytest

from chatd.client.model.pending import Outbox
from chatd.core.events import Message
from chatd.protocol.command import Request


def say(text):
    """Return a request that says something."""
    return Request("say", {"text": text})


def own(number, text, room="1"):
    """Return a message of the user in a history."""
    return Message(room, number, "Alice", text, 0.0)


@pytest.fixture
def outbox():
    """Return an outbox with the messages a, b and c, sent when 5 was the newest id of room 1."""
    outbox = Outbox()
    for text in "abc":
        outbox.add(say(text), {"1": 5})
    return outbox


@pytest.mark.parametrize(
    ("request_", "tag"),
    [
        (say("hi"), "1"),
        (Request("broadcast", {"chatroom_id": "1", "message": "hi"}), "1"),
        (Request("secret", {"chatter_name": "Bob", "message": "hi"}), "1"),
        (say(""), None),
        (Request("list"), None),
    ],
)
def test_tags(request_, tag):
    """A message gets a tag; an empty one and other requests are sent as they are."""
    assert Outbox().add(request_, {}) == request_._replace(tag=tag)


def test_confirmed(outbox):
    """A message that is stored is not in doubt after the connection is lost."""
    outbox.stored("1", 6, "1")
    outbox.disconnected()
    assert outbox.abandon() == ["b", "c"]
    assert outbox.abandon() == []


def test_refused(outbox):
    """A message that the server refuses is not in doubt."""
    outbox.replied("2")
    outbox.disconnected()
    assert outbox.abandon() == ["a", "c"]


def test_too_long(outbox):
    """The longest message, in bytes, is the one that was too long."""
    outbox.add(say("üü"), {})
    outbox.add(say("xxx"), {})
    outbox.too_long()
    outbox.disconnected()
    assert outbox.abandon() == ["a", "b", "c", "xxx"]


def test_too_long_without_messages():
    """A refusal of a line that is no message changes nothing."""
    outbox = Outbox()
    outbox.too_long()
    outbox.disconnected()
    assert outbox.abandon() == []


def test_reset(outbox):
    """A client that leaves the server forgets its messages."""
    outbox.disconnected()
    outbox.add(say("d"), {})
    outbox.reset()
    outbox.disconnected()
    assert outbox.abandon() == []


def test_no_more_than_1000_messages():
    """The oldest of more than 1,000 messages are forgotten."""
    outbox = Outbox()
    for number in range(1001):
        outbox.add(say(str(number)), {})
    outbox.disconnected()
    texts = outbox.abandon()
    assert (len(texts), texts[0]) == (1000, "1")


def test_match(outbox):
    """A message in a history confirms an equal one that was sent before it."""
    outbox.disconnected()
    assert outbox.match("1", own(6, "b"))
    assert not outbox.match("1", own(6, "b"))
    assert not outbox.match("1", own(7, "b"))
    assert outbox.abandon() == ["a", "c"]


def test_match_has_a_higher_id(outbox):
    """A message in a history is not one that was sent after it."""
    outbox.disconnected()
    assert not outbox.match("1", own(5, "a"))
    assert not outbox.match("2", own(9, "x", "2"))


def test_ids_rise(outbox):
    """A message sent after a confirmed one has a higher id."""
    outbox.stored("1", 8, "1")
    outbox.disconnected()
    assert not outbox.match("1", own(7, "b"))
    assert outbox.match("1", own(9, "b"))


def test_receipt_of_a_message_in_doubt(outbox):
    """A receipt also confirms a message that is in doubt, and no history does so again."""
    outbox.disconnected()
    outbox.stored("1", 6, "1")
    assert not outbox.match("1", own(6, "b"))
    assert outbox.abandon() == ["b", "c"]


def test_resend_after(outbox):
    """The history is needed from the id on that was the newest when a message was sent."""
    assert outbox.resend_after("1", 3) is None
    outbox.disconnected()
    assert outbox.resend_after("1", 3) == 5
    assert outbox.resend_after("2", 3) == 3


def test_private_messages():
    """No history has a private message."""
    outbox = Outbox()
    outbox.add(Request("secret", {"chatter_name": "Bob", "message": "psst"}), {"1": 5})
    outbox.disconnected()
    assert outbox.resend_after("1", 3) is None
    assert not outbox.match("1", own(6, "psst"))
    assert outbox.abandon() == ["psst"]
