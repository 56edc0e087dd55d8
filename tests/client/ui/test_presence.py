"""Whether the user is at the terminal."""

from chatd.client.model.effects import TellReadAfter
from chatd.client.model.session import ChatSession
from chatd.client.ui.presence import PRESENT_SECONDS, Presence
from chatd.core.events import Message
from chatd.protocol.received import Ok


def test_presence():
    """A user who has pressed no key for a while sees nothing, and reads it with the next key."""
    now = [0.0]
    session = ChatSession()
    session.connected(None)
    session.handle(Ok("login", "…", None, {"name": "ann"}))
    session.handle(Ok("join", "…", None, {"room": "tea", "name": "ann", "last": 0}))
    presence = Presence(session, lambda: now[0])
    now[0] = PRESENT_SECONDS
    session.handle(Message("tea", 1, "Bob", "hi", 0.0))
    assert presence.seen() == []
    (due,) = presence.noticed()
    assert isinstance(due, TellReadAfter)
    now[0] += PRESENT_SECONDS / 2
    session.reading.tell()
    session.handle(Message("tea", 2, "Bob", "hi", 0.0))
    assert presence.seen() == [due]
