"""The client fetches all pages of a list of rooms, for completion."""

from chatd.client.model.effects import Incoming, Send
from chatd.client.model.session import ChatSession
from chatd.protocol.command import Request
from chatd.protocol.received import Error, RoomInfo, RoomList


def test_further_pages():
    """The user sees the first page; the names on the others are known, too."""
    session = ChatSession()
    session.connected(None)
    first = RoomList((RoomInfo("1", "tea", (("Ann", None),)),), more=2)
    shown, ask = session.handle(first)
    assert shown == Incoming(first, 0)
    assert ask == Send(Request("list", {"since": "1"}, "rooms"))
    second = RoomList((RoomInfo("2", "food", (("Bob", None),)),), "rooms", more=1)
    assert session.handle(second) == [Send(Request("list", {"since": "2"}, "rooms"))]
    assert list(session.state.known_rooms) == ["1", "2"]
    assert list(session.state.known_names) == ["Ann", "Bob"]
    assert session.handle(Error("list", "no-such-room", "gone", "rooms")) == []
    assert session.handle(RoomList((), "rooms", more=1)) == [], "a server that never ends"
