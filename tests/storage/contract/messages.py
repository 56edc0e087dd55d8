"""What the tests of stores say in rooms."""

from chatd.core.events import Message, MessageBatch

ALL = 10**9
NOW = 1_700_000_000.1234567


def said(number, text="x", room="tea", sender="Ann", time=NOW):
    """Return a message."""
    return Message(room, number, sender, text, time)


def bursts(*messages):
    """Return messages as bursts of one each."""
    return [MessageBatch(one.room, one.id, one.sender, [one.text], one.time) for one in messages]


def burst(first, count, room="tea", time=NOW):
    """Return a burst of messages, whose texts are their ids."""
    return MessageBatch(room, first, "Ann", [str(n) for n in range(first, first + count)], time)


def ids(messages):
    """Return the ids of messages."""
    return [message.id for message in messages]


def talk(store, count, room="tea"):
    """Say `count` messages in a room."""
    store.append(bursts(*(said(n, room=room) for n in range(1, count + 1))), {})
