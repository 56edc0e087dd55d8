"""What the tests of stores say in rooms."""

from chatd.core.events import Said

ALL = 10**9
NOW = 1_700_000_000.1234567


def said(number, text="x", room="tea", sender="Ann", time=NOW):
    """Return a message."""
    return Said(room, number, sender, text, time)


def ids(messages):
    """Return the ids of messages."""
    return [message.id for message in messages]


def talk(store, count, room="tea"):
    """Say `count` messages in a room."""
    store.keep([said(n, room=room) for n in range(1, count + 1)], {})
