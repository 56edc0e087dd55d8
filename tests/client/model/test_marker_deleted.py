"""Messages that are deleted before they are shown."""

import pytest

from chatd.client.model.effects import Incoming
from chatd.client.model.marker import ReadMarker
from chatd.core.events import Message
from chatd.core.room_events import MessageDeleted


def message(number):
    """Return a message of Bob."""
    return Message("1", number, "Bob", "spam", 0.0)


def gone(number):
    """Return that message without its text."""
    return message(number)._replace(text="", is_deleted=True)


def deletion(number):
    """Return the event that tells of it."""
    return Incoming(MessageDeleted("1", number, "Ann", 0.0), 1)


@pytest.fixture
def marker():
    """Return the marker of a user who has returned to a room; 8 and 9 were missed."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(9, 7)
    return marker


def test_missed(marker):
    """A message of a history is shown without its text, though the history still has it."""
    marker.buffer(deletion(9))
    assert marker.add_history([message(8), message(9)]) == [message(8), gone(9)]


def test_buffered(marker):
    """A message that waits for the history is shown without its text."""
    assert marker.received(10)
    marker.buffer(Incoming(message(10), 1))
    marker.buffer(deletion(10))
    marker.add_history([message(8), message(9)])
    assert marker.finish()
    assert marker.drain() == [Incoming(gone(10), 1), deletion(10)]


def test_recent():
    """A message of those before the joining is shown without its text."""
    marker = ReadMarker(9)
    marker.await_recent(9)
    marker.buffer(deletion(8))
    assert marker.add_recent([message(8), message(9)]) == [gone(8), message(9)]


def test_connection_lost_again(marker):
    """After another loss the history is asked for again, and knows what was deleted."""
    marker.buffer(deletion(9))
    marker.suspend()
    marker.rejoin(9, 7)
    assert marker.add_history([message(8), gone(9)]) == [message(8), gone(9)]
