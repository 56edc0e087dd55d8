"""A server's replies and events in tests of sessions, and the lines and requests after them."""

from chatd.client.model.effects import Send
from chatd.client.model.rejoin import TAG
from chatd.client.ui.frontend import Line
from chatd.core.events import Message
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok

MISSED = "missed:1"

HEADING = "While you were away, in chatroom 1:"

UNKNOWN = Error("resume", "no-such-session", "There is no such session.", TAG)


def join(room="1", last=0, tag=None, name="Alice"):
    """Return the reply to `join`."""
    return Ok("join", "You join", tag, {"room": room, "name": name, "last": last})


def resumed(account=None):
    """Return the reply to `resume`."""
    data = {"name": "Alice", "account": account}
    return Ok("resume", "Welcome back, Alice.", TAG, data)


def bob(number, room="1"):
    """Return a message of Bob."""
    return Message(room, number, "Bob", f"message {number}", 0.0)


def backfill(*numbers):
    """Return the lines that show messages of Bob as missed."""
    return [f"[1970-01-01 00:00:00] Bob: message {number}" for number in numbers]


def asked(room="1", since=0):
    """Return the request for missed messages."""
    return Request(
        "history", {"chatroom_id": room, "since": str(since), "limit": "500"}, f"missed:{room}"
    )


def sort(effects):
    """Return the texts of the lines, and the requests."""
    lines = [effect.text for effect in effects if isinstance(effect, Line)]
    return lines, [effect.request for effect in effects if isinstance(effect, Send)]
