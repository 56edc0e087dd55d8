"""Coming back after a lost connection: one's name, one's rooms, and what was missed. Pure."""

import pytest

from chatd.client.model.effects import RetryAfter, Send, StopReconnecting
from chatd.client.model.rejoin import TAG
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.frontend import Line
from chatd.core.events import Joined, LeaveReason, Left, Message, RoomClosed
from chatd.protocol.commands import Request
from chatd.protocol.received import Disconnect, Error, History, Ok, Receipt

MISSED = "missed:1"
HEADING = "While you were away, in chatroom 1:"
UNKNOWN = Error("resume", "no-such-session", "There is no such session.", TAG)


def join(room="1", last=0, tag=None, name="Alice"):
    """Return the answer to a join."""
    return Ok("join", "You join", tag, {"room": room, "name": name, "last": last})


def resumed(account=None):
    """Return the answer to the question for the old session."""
    data = {"name": "Alice", "account": account}
    return Ok("resume", "Welcome back, Alice.", TAG, data)


def bob(number, room="1"):
    """Return a message."""
    return Message(room, number, "Bob", f"message {number}", 0.0)


def backfill(*numbers):
    """Return the lines that show these messages as missed."""
    return [f"[1970-01-01 00:00:00] Bob: message {number}" for number in numbers]


def asked(room="1", since=0):
    """Return the question for what was missed."""
    return Request(
        "history", {"chatroom_id": room, "since": str(since), "limit": "500"}, f"missed:{room}"
    )


def sort(effects):
    """Return the texts of the lines, and the requests."""
    lines = [effect.text for effect in effects if isinstance(effect, Line)]
    return lines, [effect.request for effect in effects if isinstance(effect, Send)]


@pytest.fixture
def frontend():
    """Return a conversation of Alice in room 1, where five messages were said."""
    frontend = CommandMode()
    frontend.connected("secret 1")
    frontend.handle(join(last=5))
    return frontend


@pytest.fixture
def away(frontend):
    """Return the conversation after the connection was lost; another is there, and the name taken back."""
    frontend.handle(bob(6))
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    return frontend


def test_resumes(frontend):
    """The old secret is shown for the name, then the rooms are joined."""
    frontend.disconnected(reconnecting=True)
    resume = Request("resume", {"session": "secret 1"}, TAG)
    assert sort(frontend.connected("secret 2")) == (["Connected again."], [resume])
    rejoin = Request("join", {"chatroom_id": "1", "chatter_name": "Alice"}, TAG)
    assert sort(frontend.handle(resumed())) == (["Server: Welcome back, Alice."], [rejoin])
    assert sort(frontend.handle(join(last=5, tag=TAG))) == (["Server: You join"], [])
    assert not frontend.is_rejoining


def test_newest_secret(frontend):
    """A secret that comes later is the one that counts."""
    assert frontend.handle(Ok("format", "…", "x", {"session": "secret 1b"})) == []
    frontend.disconnected(reconnecting=True)
    _, (resume,) = sort(frontend.connected("secret 2"))
    assert resume.arguments == {"session": "secret 1b"}


def test_answer_lost(frontend):
    """If it is not known whether the old secret was of use, it is tried, and then the one after it."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.disconnected(reconnecting=True)
    _, (first,) = sort(frontend.connected("secret 3"))
    assert first.arguments == {"session": "secret 1"}
    _, (second,) = sort(frontend.handle(UNKNOWN))
    assert second.arguments == {"session": "secret 2"}
    frontend.handle(resumed())
    frontend.disconnected(reconnecting=True)
    _, (third,) = sort(frontend.connected("secret 4"))
    assert third.arguments == {"session": "secret 3"}


@pytest.mark.parametrize("code", ["no-such-session", "name-in-use"])
def test_guest_is_not_known_any_more(frontend, code):
    """A guest takes his name by joining, then, and waits for it as ever."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    lines, (rejoin,) = sort(frontend.handle(Error("resume", code, "…", TAG)))
    assert (lines, rejoin.command) == ([], "join")
    told, later = frontend.handle(Error("join", "name-in-use", "…", TAG))
    assert told.text == "Your name is still in use. Trying again..."
    assert isinstance(later, RetryAfter)


@pytest.fixture
def account(frontend):
    """Return the conversation of somebody who is logged in and not known any more."""
    frontend.handle(Ok("logout", "Bye, Alice", None, {"name": "Alice"}))
    frontend.handle(Ok("login", "Welcome back", None, {"name": "Alice"}))
    frontend.handle(join(last=5))
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    return frontend


def test_log_in_again(account):
    """Who was logged in has to do so again, and is then back in his rooms."""
    assert sort(account.handle(UNKNOWN)) == (["You have to log in again: `login Alice"], [])
    assert not account.is_rejoining
    account.typed("`login Alice password")
    lines, (rejoin,) = sort(account.handle(Ok("login", "Welcome back", None, {"name": "Alice"})))
    assert lines == ["Server: Welcome back"]
    assert rejoin.command == "join"
    _, (history,) = sort(account.handle(join(last=6, tag=TAG)))
    assert history == asked(since=5)


def test_log_in_again_and_lost_again(account):
    """One has to log in still; a session that was nobody's is not asked for."""
    account.handle(UNKNOWN)
    account.disconnected(reconnecting=True)
    words = ["Connected again.", "You have to log in again: `login Alice"]
    assert sort(account.connected("secret 3")) == (words, [])


def test_log_in_as_somebody_else(account):
    """Somebody else is not brought into the rooms."""
    account.handle(UNKNOWN)
    assert sort(account.handle(Ok("login", "…", None, {"name": "Carol"})))[1] == []


def test_store_away(account):
    """While the server cannot tell who one is, one waits, and says so once."""
    refusal = Error("resume", "unavailable", "…", TAG)
    told, later = account.handle(refusal)
    assert told.text == "The server cannot reach its store now. Trying again..."
    assert isinstance(later, RetryAfter)
    _, (again,) = sort(account.retry())
    assert again.arguments == {"session": "secret 1"}
    assert account.retry() == []
    assert [type(effect) for effect in account.handle(refusal)] == [RetryAfter]


def test_not_wanted_any_more(frontend):
    """Who is told not to come back does not."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    told = frontend.handle(Disconnect("banned", "You were banned!", retry=False))
    assert told[1:] == [StopReconnecting()]
    assert sort(frontend.disconnected(reconnecting=False))[0] == ["Not connected."]
    assert frontend.retry() == []


# -- what was missed


def test_missed(away):
    """What was said meanwhile is shown, marked, and goes on until all of it is there."""
    assert sort(away.handle(join(last=9, tag=TAG))) == (["Server: You join"], [asked(since=6)])
    first = History("1", (bob(7), bob(8)), MISSED)
    assert sort(away.handle(first)) == ([HEADING, *backfill(7, 8)], [asked(since=8)])
    assert sort(away.handle(History("1", (bob(9),), MISSED))) == (backfill(9), [])
    assert not away.is_rejoining


def test_nothing_missed(away):
    """Where nothing was said nothing is asked."""
    assert sort(away.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_ids_with_a_hole(away):
    """After a crash ids go on higher; an empty answer is the end."""
    away.handle(join(last=17_000, tag=TAG))
    lines, (more,) = sort(away.handle(History("1", (bob(7),), MISSED)))
    assert (lines, more) == ([HEADING, *backfill(7)], asked(since=7))
    assert sort(away.handle(History("1", (), MISSED))) == ([], [])
    assert sort(away.handle(bob(17_001))) == (["Bob: message 17001"], [])


def test_counted_anew(away):
    """A server that keeps nothing counts anew; all is new, then."""
    _, (history,) = sort(away.handle(join(last=2, tag=TAG)))
    assert history == asked(since=0)
    answer = History("1", (bob(1), bob(2)), MISSED)
    assert sort(away.handle(answer))[0] == [HEADING, *backfill(1, 2)]
    assert sort(away.handle(bob(3)))[0] == ["Bob: message 3"]


def test_live_meanwhile(away):
    """What comes before the answer is held back, and shown after it, once."""
    away.handle(join(last=7, tag=TAG))
    assert away.handle(bob(8)) == away.handle(Joined("1", "Carol", None, 0)) == []
    answer = History("1", (bob(7), bob(8)), MISSED)
    carol = "Carol: joined us @chatroom 1."
    assert sort(away.handle(answer))[0] == [HEADING, *backfill(7), "Bob: message 8", carol]
    assert away.handle(bob(8)) == []


def test_lost_in_the_middle(away):
    """What was held back and what was not asked yet is asked for the next time, and nothing else."""
    away.handle(join(last=9, tag=TAG))
    away.handle(bob(10))
    away.handle(History("1", (bob(7),), MISSED))
    away.disconnected(reconnecting=True)
    away.connected("secret 3")
    away.handle(resumed())
    assert sort(away.handle(join(last=10, tag=TAG)))[1] == [asked(since=7)]
    answer = History("1", (bob(8), bob(9), bob(10)), MISSED)
    assert sort(away.handle(answer))[0] == [HEADING, *backfill(8, 9, 10)]


def test_kicked_in_the_middle(away):
    """Who is put out before he could ask reads what came until then, and nothing is asked."""
    away.handle(join(last=7, tag=TAG))
    away.handle(bob(8))
    assert away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0)) == []
    answer = Error("history", "not-in-room", "Join chatroom 1 first!", MISSED)
    assert sort(away.handle(answer)) == (["Bob: message 8"], [])
    assert sort(away.handle(join(last=9))) == (["Server: You join"], [])


def test_closed_in_the_middle(away):
    """The end of a room is told after what was said in it."""
    away.handle(join(last=7, tag=TAG))
    assert away.handle(RoomClosed("1", 0)) == []
    ended = "Administrator: chatroom is being closed by the Administrator."
    answer = History("1", (bob(7),), MISSED)
    assert sort(away.handle(answer)) == ([HEADING, *backfill(7), ended], [])


def test_quit_in_the_middle(away):
    """Who leaves by himself wants nothing of the room any more."""
    away.handle(join(last=7, tag=TAG))
    away.handle(bob(8))
    quitted = Ok("quit", "You quitted", None, {"room": "1"})
    assert sort(away.handle(quitted))[0] == ["Server: You quitted", "Bob: message 8"]
    assert away.handle(History("1", (bob(7),), MISSED)) == []


def test_no_history_now(away):
    """While the history cannot be had the talk goes on, and what was missed comes later."""
    away.handle(join(last=7, tag=TAG))
    away.handle(bob(8))
    refusal = Error("history", "unavailable", "…", MISSED)
    *lines, later = away.handle(refusal)
    assert [line.text for line in lines][1:] == ["Bob: message 8"]
    assert isinstance(later, RetryAfter)
    assert not away.is_rejoining
    assert sort(away.handle(bob(9)))[0] == ["Bob: message 9"]
    assert sort(away.retry()) == ([], [asked(since=6)])
    assert away.retry() == []
    answer = History("1", (bob(7), bob(8), bob(9)), MISSED)
    assert sort(away.handle(answer)) == ([HEADING, *backfill(7)], [])


def test_quit_and_joined_again(frontend):
    """After a plain quit nothing was missed."""
    frontend.handle(Ok("quit", "You quitted", None, {"room": "1"}))
    assert sort(frontend.handle(join(last=99))) == (["Server: You join"], [])
    assert sort(frontend.handle(bob(100)))[0] == ["Bob: message 100"]


def test_joined_by_hand(frontend):
    """Who goes back into his room himself, since the client could not, reads what he missed."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.typed("`join 1 Alicia")
    frontend.handle(UNKNOWN)
    assert sort(frontend.handle(join(last=6, name="Alicia")))[1] == [asked(since=5)]


def test_grouped_on_the_way_back(away):
    """Who is brought into his room before he has joined it reads what he missed all the same."""
    assert sort(away.handle(Joined("1", "Alice", None, 0))) == ([], [asked(since=6)])
    away.handle(bob(8))
    answer = History("1", (bob(7), bob(8)), MISSED)
    lines, (more,) = sort(away.handle(answer))
    assert (lines, more) == ([HEADING, *backfill(7)], asked(since=8))
    assert sort(away.handle(History("1", (), MISSED)))[0] == ["Bob: message 8"]


def test_grouped_before(frontend):
    """Who was brought into a room knows from the newest message on what he missed."""
    frontend.handle(Joined("2", "Alice", None, 0))
    frontend.handle(History("2", (bob(41, "2"),), "newest:2"))
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    frontend.handle(join(last=5, tag=TAG))
    _, (history,) = sort(frontend.handle(join("2", last=42, tag=TAG)))
    assert history == asked("2", since=41)


def test_two_rooms_in_pieces(frontend):
    """Whatever comes between the pieces, each stands under the heading of its room."""
    frontend.handle(join("2", last=0))
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.handle(join("2", last=2, tag=TAG))
    heading_2 = HEADING.replace("1", "2")
    pieces = [("1", 6), ("2", 1), ("1", 7), ("2", 2)]
    answers = [History(room, (bob(n, room),), f"missed:{room}") for room, n in pieces]
    shown = [sort(frontend.handle(answer))[0] for answer in answers]
    assert shown == [
        [HEADING, *backfill(6)],
        [heading_2, *backfill(1)],
        [HEADING, *backfill(7)],
        [heading_2, *backfill(2)],
    ]


def test_news_between_pieces(away):
    """What was missed is headed again where something else was told meanwhile."""
    away.handle(join(last=8, tag=TAG))
    away.handle(History("1", (bob(7),), MISSED))
    away.handle(Ok("list", "…"))
    assert sort(away.handle(History("1", (bob(8),), MISSED)))[0] == [HEADING, *backfill(8)]


@pytest.mark.parametrize(
    "back", [join(last=9), Joined("1", "Alice", None, 0)], ids=["by hand", "grouped"]
)
def test_kicked_and_back_while_catching_up(away, back):
    """Who is in the room again before its history is there reads what he missed, and what was held."""
    away.handle(join(last=8, tag=TAG))
    away.handle(bob(9))
    away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0))
    assert sort(away.handle(back))[1] == []
    away.handle(bob(10))
    answer = History("1", (bob(7), bob(8)), MISSED)
    held = ["Bob: message 9", "Bob: message 10"]
    lines, more = sort(away.handle(answer))
    assert [line for line in lines if "joined" not in line and "You join" not in line] == [
        HEADING,
        *backfill(7, 8),
        *held,
    ]
    assert more == []
    assert sort(away.handle(bob(11)))[0] == ["Bob: message 11"]


def test_joined_twice_while_catching_up(away):
    """Who joins the room he is coming back to reads what he missed there all the same."""
    away.handle(join(last=8, tag=TAG))
    away.handle(bob(9))
    assert sort(away.handle(join(last=9))) == (["Server: You join"], [])
    answer = History("1", (bob(7), bob(8)), MISSED)
    assert sort(away.handle(answer)) == ([HEADING, *backfill(7, 8), "Bob: message 9"], [])


def again(frontend, last, secret):
    """Lose the connection and come back; return what is asked for in the room."""
    frontend.disconnected(reconnecting=True)
    frontend.connected(secret)
    frontend.handle(resumed())
    return sort(frontend.handle(join(last=last, tag=TAG)))[1]


def test_said_after_the_kick(away):
    """What was said between a kick and the way back is not missed, nor the next time."""
    away.handle(join(last=7, tag=TAG))
    away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0))
    away.handle(join(last=12))
    away.handle(History("1", (bob(7),), MISSED))
    assert again(away, 13, "secret 3") == [asked(since=12)]


def test_kicked_before_the_way_back(away):
    """Who was put out, and joins nevertheless, is in the room as ever."""
    away.handle(Left("1", "Alice", None, LeaveReason.KICKED, 0))
    away.handle(join(last=7, tag=TAG))
    away.handle(History("1", (bob(7),), MISSED))
    assert again(away, 8, "secret 3") == [asked(since=7)]


# -- one's own messages


def test_stored(frontend):
    """What is known to be stored is not shown again; that it is stored needs no words."""
    frontend.typed("hi")
    assert frontend.handle(Receipt("1", 6, "1")) == []
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_not_stored(frontend):
    """What could not be stored is told so, and not again."""
    frontend.typed("hi")
    data = {"room": "1", "id": 6}
    refusal = Error("say", "not-stored", "Your message could not be stored.", "1", data)
    assert sort(frontend.handle(refusal))[0] == ["Server: Your message could not be stored."]
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=6, tag=TAG))) == (["Server: You join"], [])


def test_in_doubt(frontend):
    """What was sent and is in the history is not shown; what is not there is named, once."""
    for line in ("one", "`broadcast 1 two", "thr\nee", ""):
        frontend.typed(line)
    frontend.handle(bob(8))
    assert sort(frontend.disconnected(reconnecting=True))[0] == ["Connection lost."]
    frontend.connected("secret 2")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=8, tag=TAG)))
    assert history == asked(since=5)
    own = (Message("1", 6, "Alice", "one", 0.0), Message("1", 7, "Alice", "two", 0.0))
    answer = History("1", (*own, bob(8)), MISSED)
    assert sort(frontend.handle(answer))[0] == ["Perhaps not delivered: thr\n  ee"]
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 3")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=8, tag=TAG)))[0] == ["Server: You join"]


def test_said_twice(frontend):
    """A message is not taken for an equal one before it or after it."""
    frontend.typed("hi")
    frontend.handle(Receipt("1", 6, "1"))
    frontend.typed("hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.typed("hi")
    later = (bob(7), Message("1", 8, "Alice", "hi", 0.0))
    lines, _ = sort(frontend.handle(History("1", later, MISSED)))
    assert lines == [HEADING, *backfill(7), "Perhaps not delivered: hi"]


def test_refused_messages_are_not_in_doubt(frontend):
    """What the server refused is known not to be delivered."""
    frontend.typed("hi")
    frontend.typed("x" * 20_000)
    frontend.handle(Error("say", "in-no-room", "Join a room first!", "1"))
    frontend.handle(Error(None, "too-long", "Message too long."))
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    assert sort(frontend.handle(join(last=5, tag=TAG)))[0] == ["Server: You join"]


def test_somebody_else_with_my_name(away):
    """What another said under one's name meanwhile is shown."""
    away.handle(join(last=7, tag=TAG))
    answer = History("1", (Message("1", 7, "Alice", "ha", 0.0),), MISSED)
    assert sort(away.handle(answer))[0] == [HEADING, "[1970-01-01 00:00:00] Alice: ha"]


def test_equal_messages_in_two_rooms(frontend):
    """Of equal messages in doubt each is found in its place, whatever room is looked into first."""
    frontend.handle(join("2", last=1))
    frontend.typed("`broadcast 2 hi")
    frontend.handle(bob(3, "2"))
    frontend.typed("`broadcast 1 hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
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
    """What one says before all that was missed is there comes after it, and is not taken for it."""
    frontend.typed("hi")
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    frontend.handle(join(last=7, tag=TAG))
    frontend.typed("hi")
    own = Message("1", 7, "Alice", "hi", 0.0)
    frontend.handle(History("1", (bob(6), own), MISSED))
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 3")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=8, tag=TAG)))
    assert history == asked(since=7)
    assert (
        sort(frontend.handle(History("1", (Message("1", 8, "Alice", "hi", 0.0),), MISSED)))[0] == []
    )


def test_secret_in_doubt(frontend):
    """A secret that may have been lost is named; one that was sent is not, nor is it in a room."""
    for line in ("`secret Bob one", "`secret Bob two", "`secret Nobody three"):
        frontend.typed(line)
    frontend.handle(Ok("secret", "Secret sent to Bob.", "1", {"name": "Bob"}))
    frontend.handle(Error("secret", "no-such-chatter", "Nobody does not exist!", "3"))
    frontend.disconnected(reconnecting=True)
    frontend.connected("secret 2")
    frontend.handle(resumed())
    _, (history,) = sort(frontend.handle(join(last=6, tag=TAG)))
    assert history == asked(since=5)
    answer = History("1", (Message("1", 6, "Alice", "two", 0.0),), MISSED)
    lines, _ = sort(frontend.handle(answer))
    two = "[1970-01-01 00:00:00] Alice: two"
    assert lines == [HEADING, two, "Perhaps not delivered: two"]
