"""Missed messages of a session: each is shown once and in order."""

import pytest

from chatd.client.model.effects import RetryAfter
from chatd.client.model.rejoin import TAG
from chatd.core.events import Joined, LeaveReason, Left, RoomClosed
from chatd.protocol.received import Error, History, Ok
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
