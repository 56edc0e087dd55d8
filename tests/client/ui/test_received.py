"""Events and replies of a server that is not trusted."""

from chatd.client.ui.received import sanitized
from chatd.core.events import Joined, LeaveReason, Left
from chatd.protocol.received import Ok, RoomInfo, RoomList


def test_all_texts_are_sanitized():
    """Names, texts, addresses and data are, and all other values stay."""
    joined = sanitized(Joined("1\x1b", "A\u202enn", ("h\x07", 1), 2.5))
    assert joined == Joined("1", "Ann", ("h", 1), 2.5)
    left = Left("1", "Ann\x1b", None, LeaveReason.KICKED, 2.5)
    assert sanitized(left).reason is LeaveReason.KICKED
    rooms = RoomList((RoomInfo("1\x1b", "tea", (("Ann\x1b", None),)),))
    assert sanitized(rooms) == RoomList((RoomInfo("1", "tea", (("Ann", None),)),))
    reply = Ok("login", "hi\x1b", None, {"rooms": ["1\x1b"], "last": 3})
    assert sanitized(reply) == Ok("login", "hi", None, {"rooms": ["1"], "last": 3})
