"""A session of an account that has others, and of a user who is renamed."""

from chatd.client.model.effects import Send, StopReconnecting, TellReadAfter
from chatd.client.model.phase import Phase
from chatd.client.model.rejoin import TAG
from chatd.client.model.session import ChatSession
from chatd.client.ui.command_mode import CommandMode
from chatd.core.events import Joined, LeaveReason, Left, Message
from chatd.protocol.command import Request
from chatd.protocol.received import Disconnect, History, Ok
from tests.client.model.replies import (
    HEADING,
    MISSED,
    UNKNOWN,
    asked,
    backfill,
    bob,
    join,
    resumed,
    sort,
)


def resumed_in(*rooms, token="token 2b"):
    """Return the reply to `resume` for an account in rooms, with the next token."""
    data = {"name": "Alice", "account": "Alice", "rooms": list(rooms), "session": token}
    return Ok("resume", "Welcome back, Alice.", TAG, data)


def test_login_with_rooms():
    """A user whose other session is in rooms is in them after the login, and misses nothing."""
    frontend = CommandMode()
    frontend.connected("token 1")
    reply = Ok("login", "Welcome back, Alice.", None, {"name": "Alice", "rooms": ["1", "2"]})
    lines, requests = sort(frontend.handle(reply))
    assert lines == [
        "Server: Welcome back, Alice.",
        "Server: You are in chatroom 1",
        "Server: You are in chatroom 2",
    ]
    assert [request.tag for request in requests] == ["newest:1", "newest:2"]
    assert (frontend.state.rooms, frontend.state.current) == (["1", "2"], "2")
    assert sort(frontend.handle(bob(41)))[0] == ["[1] Bob: message 41"]


def test_resume_with_rooms(account):
    """A room that other sessions have kept is not joined; its missed messages are shown."""
    lines, requests = sort(account.handle(resumed_in("1")))
    assert lines == ["Server: Welcome back, Alice.", "Server: You are in chatroom 1"]
    assert requests == [asked(since=5)]
    page = History("1", (bob(6),), MISSED)
    assert sort(account.handle(page)) == ([HEADING, *backfill(6)], [asked(since=6)])
    assert sort(account.handle(History("1", (), MISSED))) == ([], [])
    assert account.session.phase is Phase.ONLINE


def test_resume_with_some_rooms(frontend):
    """Rooms that other sessions have left are joined again."""
    frontend.handle(join("2", last=0))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    _, requests = sort(frontend.handle(resumed_in("1")))
    assert [request.command for request in requests] == ["history", "join"]
    assert requests[1].arguments["chatroom_id"] == "2"


def test_next_resume_token(account):
    """The token in the reply to `resume` is the one for the next time."""
    account.handle(resumed_in("1"))
    account.disconnected(reconnecting=True)
    _, (resume,) = sort(account.connected("token 3"))
    assert resume.arguments == {"session": "token 2b"}


def test_resume_without_a_next_token(account):
    """Without a token in the reply the one of the connection is for the next time."""
    account.handle(resumed("Alice"))
    account.disconnected(reconnecting=True)
    _, (resume,) = sort(account.connected("token 3"))
    assert resume.arguments == {"session": "token 2"}


def test_join_while_resuming(account):
    """A reply to `resume` after the user joined another room is handled: rooms and next token."""
    account.typed("`join 2")
    lines, requests = sort(account.handle(resumed_in("1")))
    assert lines == ["Server: Welcome back, Alice.", "Server: You are in chatroom 1"]
    assert requests == [asked(since=5)]
    account.handle(History("1", (), MISSED))
    assert sort(account.handle(bob(6)))[0] == ["Bob: message 6"]
    account.disconnected(reconnecting=True)
    _, (resume,) = sort(account.connected("token 3"))
    assert resume.arguments == {"session": "token 2b"}


def test_join_while_resuming_fails(account):
    """A refused `resume` after the user joined another room is not shown."""
    account.typed("`join 2")
    assert account.handle(UNKNOWN) == []


def test_own_message_of_another_session(frontend):
    """A message of the user from another session is shown as everybody's is."""
    other = Message("1", 6, "Alice", "from elsewhere", 0.0)
    assert sort(frontend.handle(other)) == (["Alice: from elsewhere"], [])


def test_joined_by_another_session(frontend):
    """A room joined by another session is shown, with its tag, and its newest id is asked for."""
    joined = Joined("2", "Alice", None, 0.0, is_self=True)
    lines, (newest,) = sort(frontend.handle(joined))
    assert lines == ["[2] Alice: joined us @chatroom 2."]
    assert newest.tag == "newest:2"
    assert (frontend.state.rooms, frontend.state.current) == (["1", "2"], "1")
    left = Left("2", "Alice", None, LeaveReason.QUIT, 0.0, is_self=True)
    assert sort(frontend.handle(left)) == (["[2] Server: Alice quitted."], [])
    assert frontend.state.rooms == ["1"]


def test_current_room_after_another_session(frontend):
    """After a lost connection the current room is that of this session, not of another one."""
    frontend.handle(Joined("2", "Alice", None, 0.0, is_self=True))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    _, requests = sort(frontend.handle(resumed_in("1", "2")))
    assert requests[-1] == Request("switch", {"chatroom_id": "1"}, TAG)


def test_replaced(frontend):
    """A session that is replaced does not connect again."""
    closing = Disconnect("replaced", "You logged in from another place.", False, "Server")
    status, stop = frontend.handle(closing)
    assert status.text == "Server: You logged in from another place."
    assert stop == StopReconnecting()


def test_renamed(frontend):
    """A user who is renamed takes the new name back after a lost connection."""
    frontend.handle(Ok("rename", "You are now known as Al.", None, {"name": "Al"}))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    _, (rejoin,) = sort(frontend.handle(UNKNOWN))
    assert rejoin.arguments == {"chatroom_id": "1", "chatter_name": "Al"}


def test_login_with_rooms_on_a_terminal():
    """The rooms are asked about, so that it is known what is read there, and who is there."""
    session = ChatSession(recent=3)
    session.connected("token 1")
    login = Ok("login", "Welcome back, Alice.", None, {"name": "Alice", "rooms": ["1", "2"]})
    requests = [each.request.tag for each in session.handle(login) if isinstance(each, Send)]
    assert requests == ["look:1", "look:2", "recent:1", "recent:2"]
    assert session.handle(join("1", last=7, tag="look:1")) == []
    assert session.state.current == "2"


def test_seen(account):
    """A user of an account who is in a room, and misses nothing there, sees its messages."""
    session = account.session
    session.handle(resumed_in("1"))
    session.handle(bob(7))
    assert session.seen() == []
    session.handle(History("1", (bob(6),), MISSED))
    session.handle(History("1", (), MISSED))
    (due,) = session.seen()
    assert isinstance(due, TellReadAfter)
    (send,) = session.reading.tell()
    assert send.request.arguments == {"chatroom_id": "1", "id": "7"}
    session.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0.0))
    assert session.seen() == []


def test_guest_reads_alone(frontend):
    """A guest has no other session, which is to know what is read."""
    frontend.handle(bob(6))
    assert frontend.session.seen() == []
