"""The session after a lost connection, through command mode: name, rooms and missed messages."""

import pytest

from chatd.client.model.effects import RetryAfter, Send, StopReconnecting
from chatd.client.model.rejoin import TAG
from chatd.client.model.session import ChatSession, Phase
from chatd.client.ui.actions import Line
from chatd.client.ui.command_mode import CommandMode
from chatd.core.events import Joined, LeaveReason, Left, Message, RoomClosed
from chatd.protocol.commands import Request
from chatd.protocol.received import Disconnect, Error, History, Ok, Receipt

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


@pytest.fixture
def frontend():
    """Return command mode for Alice in room 1, whose newest message is 5."""
    frontend = CommandMode()
    frontend.connected("token 1")
    frontend.handle(join(last=5))
    return frontend


@pytest.fixture
def away(frontend):
    """Return command mode after a lost connection: it has its name, and no room yet."""
    frontend.handle(bob(6))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    return frontend


def test_resumes(frontend):
    """The client resumes its session, then joins its rooms."""
    frontend.disconnected(reconnecting=True)
    resume = Request("resume", {"session": "token 1"}, TAG)
    assert sort(frontend.connected("token 2")) == (["Connected again."], [resume])
    rejoin = Request("join", {"chatroom_id": "1", "chatter_name": "Alice"}, TAG)
    assert sort(frontend.handle(resumed())) == (["Server: Welcome back, Alice."], [rejoin])
    assert sort(frontend.handle(join(last=5, tag=TAG))) == (["Server: You join"], [])
    assert not frontend.is_rejoining


def test_newest_token(frontend):
    """A token that comes later replaces the one before."""
    assert frontend.handle(Ok("format", "…", "x", {"session": "token 1b"})) == []
    frontend.disconnected(reconnecting=True)
    _, (resume,) = sort(frontend.connected("token 2"))
    assert resume.arguments == {"session": "token 1b"}


def test_reply_to_resume_lost(frontend):
    """If the reply to `resume` is lost, the old token is tried first, then the next one."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.disconnected(reconnecting=True)
    _, (first,) = sort(frontend.connected("token 3"))
    assert first.arguments == {"session": "token 1"}
    _, (second,) = sort(frontend.handle(UNKNOWN))
    assert second.arguments == {"session": "token 2"}
    frontend.handle(resumed())
    frontend.disconnected(reconnecting=True)
    _, (third,) = sort(frontend.connected("token 4"))
    assert third.arguments == {"session": "token 3"}


@pytest.mark.parametrize("code", ["no-such-session", "name-in-use"])
def test_guest_cannot_resume(frontend, code):
    """A guest whose session cannot be resumed takes the name back by joining, and waits."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    lines, (rejoin,) = sort(frontend.handle(Error("resume", code, "…", TAG)))
    assert (lines, rejoin.command) == ([], "join")
    status, later = frontend.handle(Error("join", "name-in-use", "…", TAG))
    assert status.text == "Your name is still in use. Trying again..."
    assert isinstance(later, RetryAfter)


@pytest.fixture
def account(frontend):
    """Return command mode for a user who was logged in, and whose session is being resumed."""
    frontend.handle(Ok("logout", "Bye, Alice", None, {"name": "Alice"}))
    frontend.handle(Ok("login", "Welcome back", None, {"name": "Alice"}))
    frontend.handle(join(last=5))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    return frontend


def test_log_in_again(account):
    """A user who has to log in again is then back in the rooms."""
    assert sort(account.handle(UNKNOWN)) == (["You have to log in again: `login Alice"], [])
    assert not account.is_rejoining
    account.typed("`login Alice password")
    lines, (rejoin,) = sort(account.handle(Ok("login", "Welcome back", None, {"name": "Alice"})))
    assert lines == ["Server: Welcome back"]
    assert rejoin.command == "join"
    _, (history,) = sort(account.handle(join(last=6, tag=TAG)))
    assert history == asked(since=5)


def test_log_in_again_and_lost_again(account):
    """After another loss the user still has to log in, and no token is tried."""
    account.handle(UNKNOWN)
    account.disconnected(reconnecting=True)
    words = ["Connected again.", "You have to log in again: `login Alice"]
    assert sort(account.connected("token 3")) == (words, [])


def test_log_in_to_another_account(account):
    """A user who logs in to another account is not brought into the rooms."""
    account.handle(UNKNOWN)
    assert sort(account.handle(Ok("login", "…", None, {"name": "Carol"})))[1] == []


def test_store_away(account):
    """While the store is unavailable the client tries again, and says so once."""
    error = Error("resume", "unavailable", "…", TAG)
    status, later = account.handle(error)
    assert status.text == "The server cannot reach its store now. Trying again..."
    assert isinstance(later, RetryAfter)
    _, (again,) = sort(account.retry())
    assert again.arguments == {"session": "token 1"}
    assert account.retry() == []
    assert [type(effect) for effect in account.handle(error)] == [RetryAfter]


def test_told_not_to_reconnect(frontend):
    """The client stops reconnecting when the server says that it may not."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    status = frontend.handle(Disconnect("banned", "You were banned!", retry=False))
    assert status[1:] == [StopReconnecting()]
    assert sort(frontend.disconnected(reconnecting=False))[0] == ["Not connected."]
    assert frontend.retry() == []


# -- missed messages


def test_missed(away):
    """Missed messages are shown under one heading, page by page."""
    assert sort(away.handle(join(last=9, tag=TAG))) == (["Server: You join"], [asked(since=6)])
    first = History("1", (bob(7), bob(8)), MISSED)
    assert sort(away.handle(first)) == ([HEADING, *backfill(7, 8)], [asked(since=8)])
    assert sort(away.handle(History("1", (bob(9),), MISSED))) == (backfill(9), [])
    assert not away.is_rejoining


def test_nothing_missed(away):
    """The client asks for no history where nothing was said."""
    assert sort(away.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_ids_with_a_gap(away):
    """After a crash of the server ids may have a gap; an empty page is the last one."""
    away.handle(join(last=17_000, tag=TAG))
    lines, (more,) = sort(away.handle(History("1", (bob(7),), MISSED)))
    assert (lines, more) == ([HEADING, *backfill(7)], asked(since=7))
    assert sort(away.handle(History("1", (), MISSED))) == ([], [])
    assert sort(away.handle(bob(17_001))) == (["Bob: message 17001"], [])


def test_ids_start_again(away):
    """All messages of a server whose ids start from 1 again are new."""
    _, (history,) = sort(away.handle(join(last=2, tag=TAG)))
    assert history == asked(since=0)
    page = History("1", (bob(1), bob(2)), MISSED)
    assert sort(away.handle(page))[0] == [HEADING, *backfill(1, 2)]
    assert sort(away.handle(bob(3)))[0] == ["Bob: message 3"]


def test_events_before_the_history(away):
    """Events that arrive before the history are shown after it, once."""
    away.handle(join(last=7, tag=TAG))
    assert away.handle(bob(8)) == away.handle(Joined("1", "Carol", None, 0)) == []
    page = History("1", (bob(7), bob(8)), MISSED)
    carol = "Carol: joined us @chatroom 1."
    assert sort(away.handle(page))[0] == [HEADING, *backfill(7), "Bob: message 8", carol]
    assert away.handle(bob(8)) == []


def test_lost_again_before_all_history(away):
    """After another loss the client asks for exactly the messages not shown yet."""
    away.handle(join(last=9, tag=TAG))
    away.handle(bob(10))
    away.handle(History("1", (bob(7),), MISSED))
    away.disconnected(reconnecting=True)
    away.connected("token 3")
    away.handle(resumed())
    assert sort(away.handle(join(last=10, tag=TAG)))[1] == [asked(since=7)]
    page = History("1", (bob(8), bob(9), bob(10)), MISSED)
    assert sort(away.handle(page))[0] == [HEADING, *backfill(8, 9, 10)]


def test_kicked_before_the_history(away):
    """A user who is kicked before the history arrives reads the buffered messages."""
    away.handle(join(last=7, tag=TAG))
    away.handle(bob(8))
    assert away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0)) == []
    page = Error("history", "not-in-room", "Join chatroom 1 first!", MISSED)
    assert sort(away.handle(page)) == (["Bob: message 8"], [])
    assert sort(away.handle(join(last=9))) == (["Server: You join"], [])


def test_closed_before_the_history(away):
    """The end of a room is shown after the messages in it."""
    away.handle(join(last=7, tag=TAG))
    assert away.handle(RoomClosed("1", 0)) == []
    ended = "Administrator: chatroom is being closed by the Administrator."
    page = History("1", (bob(7),), MISSED)
    assert sort(away.handle(page)) == ([HEADING, *backfill(7), ended], [])


def test_quit_before_the_history(away):
    """A user who quits reads the buffered messages, and no history."""
    away.handle(join(last=7, tag=TAG))
    away.handle(bob(8))
    quit_reply = Ok("quit", "You quitted", None, {"room": "1"})
    assert sort(away.handle(quit_reply))[0] == ["Server: You quitted", "Bob: message 8"]
    assert away.handle(History("1", (bob(7),), MISSED)) == []


def test_history_unavailable(away):
    """While the history is unavailable, messages are shown live, and the history later."""
    away.handle(join(last=7, tag=TAG))
    away.handle(bob(8))
    error = Error("history", "unavailable", "…", MISSED)
    *lines, later = away.handle(error)
    assert [line.text for line in lines][1:] == ["Bob: message 8"]
    assert isinstance(later, RetryAfter)
    assert not away.is_rejoining
    assert sort(away.handle(bob(9)))[0] == ["Bob: message 9"]
    assert sort(away.retry()) == ([], [asked(since=6)])
    assert away.retry() == []
    page = History("1", (bob(7), bob(8), bob(9)), MISSED)
    assert sort(away.handle(page)) == ([HEADING, *backfill(7)], [])


def test_quit_and_joined_again(frontend):
    """A user who quits and joins again has missed nothing."""
    frontend.handle(Ok("quit", "You quitted", None, {"room": "1"}))
    assert sort(frontend.handle(join(last=99))) == (["Server: You join"], [])
    assert sort(frontend.handle(bob(100)))[0] == ["Bob: message 100"]


def test_joined_by_hand(frontend):
    """A user who joins the room before the client does reads the missed messages."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.typed("`join 1 Alicia")
    frontend.handle(UNKNOWN)
    assert sort(frontend.handle(join(last=6, name="Alicia")))[1] == [asked(since=5)]


def test_moved_while_rejoining(away):
    """A user who is moved into the room before it is joined reads the missed messages."""
    assert sort(away.handle(Joined("1", "Alice", None, 0))) == ([], [asked(since=6)])
    away.handle(bob(8))
    page = History("1", (bob(7), bob(8)), MISSED)
    lines, (more,) = sort(away.handle(page))
    assert (lines, more) == ([HEADING, *backfill(7)], asked(since=8))
    assert sort(away.handle(History("1", (), MISSED)))[0] == ["Bob: message 8"]


def test_moved_before_the_loss(frontend):
    """In a room that a user was moved into, the messages after the newest one are missed."""
    frontend.handle(Joined("2", "Alice", None, 0))
    frontend.handle(History("2", (bob(41, "2"),), "newest:2"))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=5, tag=TAG))
    _, (history,) = sort(frontend.handle(join("2", last=42, tag=TAG)))
    assert history == asked("2", since=41)


def test_pages_of_two_rooms(frontend):
    """Each page stands under the heading of its room."""
    frontend.handle(join("2", last=0))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.handle(join("2", last=2, tag=TAG))
    heading_2 = HEADING.replace("1", "2")
    ids = [("1", 6), ("2", 1), ("1", 7), ("2", 2)]
    pages = [History(room, (bob(n, room),), f"missed:{room}") for room, n in ids]
    shown = [sort(frontend.handle(page))[0] for page in pages]
    assert shown == [
        [HEADING, *backfill(6)],
        [heading_2, *backfill(1)],
        [HEADING, *backfill(7)],
        [heading_2, *backfill(2)],
    ]


def test_line_between_pages(away):
    """A page after another line has a heading again."""
    away.handle(join(last=8, tag=TAG))
    away.handle(History("1", (bob(7),), MISSED))
    away.handle(Ok("list", "…"))
    assert sort(away.handle(History("1", (bob(8),), MISSED)))[0] == [HEADING, *backfill(8)]


@pytest.mark.parametrize(
    "back", [join(last=9), Joined("1", "Alice", None, 0)], ids=["by hand", "grouped"]
)
def test_kicked_and_back_while_catching_up(away, back):
    """A user who is kicked and returns reads missed and buffered messages in order."""
    away.handle(join(last=8, tag=TAG))
    away.handle(bob(9))
    away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0))
    assert sort(away.handle(back))[1] == []
    away.handle(bob(10))
    page = History("1", (bob(7), bob(8)), MISSED)
    buffered = ["Bob: message 9", "Bob: message 10"]
    lines, more = sort(away.handle(page))
    assert [line for line in lines if "joined" not in line and "You join" not in line] == [
        HEADING,
        *backfill(7, 8),
        *buffered,
    ]
    assert more == []
    assert sort(away.handle(bob(11)))[0] == ["Bob: message 11"]


def test_joined_twice_while_catching_up(away):
    """A second join before the history changes nothing."""
    away.handle(join(last=8, tag=TAG))
    away.handle(bob(9))
    assert sort(away.handle(join(last=9))) == (["Server: You join"], [])
    page = History("1", (bob(7), bob(8)), MISSED)
    assert sort(away.handle(page)) == ([HEADING, *backfill(7, 8), "Bob: message 9"], [])


def reconnect(frontend, last, token):
    """Lose the connection and rejoin; return the requests in the room."""
    frontend.disconnected(reconnecting=True)
    frontend.connected(token)
    frontend.handle(resumed())
    return sort(frontend.handle(join(last=last, tag=TAG)))[1]


def test_said_after_the_kick(away):
    """Messages between a kick and the return are not missed, nor after another loss."""
    away.handle(join(last=7, tag=TAG))
    away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0))
    away.handle(join(last=12))
    away.handle(History("1", (bob(7),), MISSED))
    assert reconnect(away, 13, "token 3") == [asked(since=12)]


def test_kicked_before_rejoining(away):
    """A kick before the room is joined again changes nothing."""
    away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0))
    away.handle(join(last=7, tag=TAG))
    away.handle(History("1", (bob(7),), MISSED))
    assert reconnect(away, 8, "token 3") == [asked(since=7)]


# -- the user's own messages


def test_stored(frontend):
    """A message of the user that is stored is not shown as missed."""
    frontend.typed("hi")
    assert frontend.handle(Receipt("1", 6, "1")) == []
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_not_stored(frontend):
    """A message that could not be stored is reported once."""
    frontend.typed("hi")
    data = {"room": "1", "id": 6}
    error = Error("say", "not-stored", "Your message could not be stored.", "1", data)
    assert sort(frontend.handle(error))[0] == ["Server: Your message could not be stored."]
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_in_doubt(frontend):
    """A sent message found in the history is not shown; one not found is reported once."""
    for line in ("one", "`broadcast 1 two", "thr\nee", ""):
        frontend.typed(line)
    frontend.handle(bob(8))
    assert sort(frontend.disconnected(reconnecting=True))[0] == ["Connection lost."]
    frontend.connected("token 2")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=8, tag=TAG)))
    assert history == asked(since=5)
    own = (Message("1", 6, "Alice", "one", 0.0), Message("1", 7, "Alice", "two", 0.0))
    page = History("1", (*own, bob(8)), MISSED)
    assert sort(frontend.handle(page))[0] == ["Perhaps not delivered: thr\n  ee"]
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 3")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=8, tag=TAG)))[0] == ["Server: You join"]


def test_equal_messages(frontend):
    """A message is not taken for an equal one before or after it."""
    frontend.typed("hi")
    frontend.handle(Receipt("1", 6, "1"))
    frontend.typed("hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.typed("hi")
    later = (bob(7), Message("1", 8, "Alice", "hi", 0.0))
    lines, _ = sort(frontend.handle(History("1", later, MISSED)))
    assert lines == [HEADING, *backfill(7), "Perhaps not delivered: hi"]


def test_refused_messages_are_not_in_doubt(frontend):
    """A message that the server refused is not in doubt."""
    frontend.typed("hi")
    frontend.typed("x" * 20_000)
    frontend.handle(Error("say", "in-no-room", "Join a room first!", "1"))
    frontend.handle(Error(None, "too-long", "Message too long."))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=5, tag=TAG)))[0] == ["Server: You join"]


def test_message_of_another_user_with_the_name(away):
    """A message that another user sent under the same name is shown."""
    away.handle(join(last=7, tag=TAG))
    page = History("1", (Message("1", 7, "Alice", "ha", 0.0),), MISSED)
    assert sort(away.handle(page))[0] == [HEADING, "[1970-01-01 00:00:00] Alice: ha"]


def test_equal_messages_in_two_rooms(frontend):
    """Of equal messages in doubt each is found in its own room."""
    frontend.handle(join("2", last=1))
    frontend.typed("`broadcast 2 hi")
    frontend.handle(bob(3, "2"))
    frontend.typed("`broadcast 1 hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=6, tag=TAG))
    assert sort(frontend.handle(History("1", (Message("1", 6, "Alice", "hi", 0.0),), MISSED))) == (
        [],
        [],
    )
    frontend.handle(join("2", last=3, tag=TAG))
    there = (Message("2", 2, "Alice", "hi", 0.0), bob(3, "2"))
    assert sort(frontend.handle(History("2", there, "missed:2")))[0] == []


def test_said_while_catching_up(frontend):
    """A message sent before the history arrives is not taken for an older equal one."""
    frontend.typed("hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.typed("hi")
    own = Message("1", 7, "Alice", "hi", 0.0)
    frontend.handle(History("1", (bob(6), own), MISSED))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 3")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=8, tag=TAG)))
    assert history == asked(since=7)
    assert (
        sort(frontend.handle(History("1", (Message("1", 8, "Alice", "hi", 0.0),), MISSED)))[0] == []
    )


def test_private_message_in_doubt(frontend):
    """A private message in doubt is reported, and not looked for in a room."""
    for line in ("`secret Bob one", "`secret Bob two", "`secret Nobody three"):
        frontend.typed(line)
    frontend.handle(Ok("secret", "Secret sent to Bob.", "1", {"name": "Bob"}))
    frontend.handle(Error("secret", "no-such-chatter", "Nobody does not exist!", "3"))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=6, tag=TAG)))
    assert history == asked(since=5)
    page = History("1", (Message("1", 6, "Alice", "two", 0.0),), MISSED)
    lines, _ = sort(frontend.handle(page))
    two = "[1970-01-01 00:00:00] Alice: two"
    assert lines == [HEADING, two, "Perhaps not delivered: two"]


# -- phases

TRANSITIONS = {
    Phase.OFFLINE: {Phase.CONNECTING, Phase.ONLINE},
    Phase.CONNECTING: set(Phase) - {Phase.CONNECTING},
    Phase.RESUMING: set(Phase) - {Phase.RESUMING},
    Phase.AWAITING_LOGIN: {
        Phase.REJOINING,
        Phase.CATCHING_UP,
        Phase.ONLINE,
        Phase.OFFLINE,
        Phase.CONNECTING,
    },
    Phase.REJOINING: {Phase.CATCHING_UP, Phase.ONLINE, Phase.OFFLINE, Phase.CONNECTING},
    Phase.CATCHING_UP: {Phase.ONLINE, Phase.OFFLINE, Phase.CONNECTING},
    Phase.ONLINE: {Phase.CATCHING_UP, Phase.OFFLINE, Phase.CONNECTING},
}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("following", Phase)
def test_transitions(phase, following):
    """A session enters the phases of its table, or stays; every other transition raises."""
    session = ChatSession()
    session.phase = phase
    if following is phase or following in TRANSITIONS[phase]:
        session._enter(following)
        assert session.phase is following
    else:
        with pytest.raises(AssertionError, match="->"):
            session._enter(following)
        assert session.phase is phase


def test_phases_of_a_guest():
    """A session passes through the phases from the first connection to its rooms again."""
    session = ChatSession()
    phases = [session.phase]

    def note(_):
        phases.append(session.phase)

    note(session.connected("token 1"))
    note(session.handle(join(last=5)))
    note(session.disconnected(reconnecting=True))
    note(session.connected("token 2"))
    note(session.handle(resumed()))
    note(session.handle(join(last=6, tag=TAG)))
    note(session.handle(History("1", (bob(6),), MISSED)))
    note(session.reset())
    assert phases == [
        Phase.OFFLINE,
        Phase.ONLINE,
        Phase.ONLINE,
        Phase.CONNECTING,
        Phase.RESUMING,
        Phase.REJOINING,
        Phase.CATCHING_UP,
        Phase.ONLINE,
        Phase.OFFLINE,
    ]


def test_phases_of_an_account(account):
    """A session that cannot be resumed waits for the login before it joins the rooms."""
    session = account.session
    assert session.phase is Phase.RESUMING
    account.handle(UNKNOWN)
    assert session.phase is Phase.AWAITING_LOGIN
    account.handle(Ok("login", "…", None, {"name": "Alice"}))
    assert session.phase is Phase.REJOINING
    account.handle(join(last=5, tag=TAG))
    assert session.phase is Phase.ONLINE


def test_attempts_end(frontend):
    """A client that gives up connecting has no rooms to return to."""
    frontend.disconnected(reconnecting=True)
    frontend.session.not_connected()
    assert frontend.session.phase is Phase.OFFLINE
    assert not frontend.session.has_rooms_to_rejoin


def test_retry_without_a_connection(frontend):
    """A pause that ends without a connection changes nothing."""
    frontend.disconnected(reconnecting=True)
    assert frontend.retry() == []


# -- several sessions of one account


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
