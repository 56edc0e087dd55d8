"""Folded joins on their way to sessions: text reads of each join once, JSON gets each at once."""

import json

import pytest

from chatd.core.events import (
    Muted,
    Notice,
    PrivateMessage,
    RoomClosed,
)
from chatd.core.ignorelist import IgnoreList
from chatd.core.rooms import User
from chatd.core.world.effects import IgnoresChanged, SessionMoved, Told
from chatd.fanout.joinfolding import MAX_LINES
from tests.fanout.joining import JSON, TEXT, JoiningHarness, others


@pytest.fixture
def harness():
    """Return a harness."""
    return JoiningHarness()


def test_text_counts_what_json_names(harness):
    """Five lines and a number in text; in JSON each join, as soon as it happens."""
    text, program = harness.session("Ann"), harness.session("Bot", JSON)
    for session in (text, program):
        harness.join(session)
    text.read()
    harness.crowd(10)
    lines = [f"user{number}: joined us @chatroom 1." for number in range(3)]
    assert text.read() == lines
    names = [json.loads(frame)["who"] for frame in program.read()]
    assert names == [f"user{number}" for number in range(10)]
    harness.end_window()
    assert (text.read(), program.read()) == (others(7), [])
    assert harness.clock.getDelayedCalls() == []


def test_one_join_has_a_line(harness):
    """A number says no more than the line."""
    ann = harness.reader()
    harness.crowd(1)
    assert ann.read() == []
    harness.end_window()
    assert ann.read() == ["user0: joined us @chatroom 1."]


def test_a_user_reads_of_those_who_join_later(harness):
    """The k-th of n users is told of n - k, the last one of nobody."""
    harness.reader()
    crowd = harness.crowd(4)
    harness.end_window()
    last = ["user3: joined us @chatroom 1."]
    assert [session.read() for session in crowd] == [others(3), others(2), last, []]


MUTED = Muted("1", "user1", "Administrator", 0.0)
EVENTS = {
    "a message": (lambda harness, bob: harness.say(bob), "user0: hi"),
    "a leave": (lambda harness, bob: harness.leave(bob), "Server: user0 quitted."),
    "a new name": (
        lambda harness, bob: harness.rename(bob, "Zed"),
        "Server: user0 is now known as Zed.",
    ),
    "a notice": (
        lambda harness, _: harness.happen(Notice("Administrator", "hear", 0.0, "1")),
        "Administrator: hear",
    ),
    "a mute": (lambda harness, _: harness.happen(MUTED), "Server: user1 was muted."),
    "the end of the room": (
        lambda harness, _: harness.happen(RoomClosed("1", 0.0)),
        "Administrator: chatroom is being closed by the Administrator.",
    ),
}


@pytest.mark.parametrize("event", EVENTS)
def test_folded_joins_come_before(harness, event):
    """Nobody acts in a room before the others are told of the join, and all are told once."""
    act, line = EVENTS[event]
    ann = harness.reader()
    crowd = harness.crowd(3)
    act(harness, crowd[0])
    assert ann.read() == [*others(3), line]
    assert crowd[2].read() == [line]
    assert crowd[0].read()[:1] == others(2)
    crowd[1].read()
    harness.end_window()
    assert [session.read() for session in (ann, *crowd)] == [[], [], [], []]
    assert harness.clock.getDelayedCalls() == []


def test_the_user_who_is_muted_is_told_of_the_joins(harness):
    """Also where another event tells that user of the mute."""
    ann = harness.reader()
    harness.crowd(2)
    harness.router.on_event(harness.rooms["1"], MUTED, ann.user, None)
    assert ann.read() == [*others(2), "Server: You may not talk in chatroom @1."]


def test_what_is_for_one_session_comes_after_the_joins(harness):
    """That session is told of the joins so far; the others still wait for all of them."""
    ann, eve = harness.reader(), harness.session("Eve")
    bob, *_ = harness.crowd(2)
    harness.join(eve)
    told = Told(ann.user, PrivateMessage(bob.user.name, "psst", 0.0))
    harness.router.tell(told)
    assert ann.read() == [*others(3), "user0 (secret): psst"]
    harness.router.tell(told)
    assert ann.read() == ["user0 (secret): psst"]
    harness.crowd(2, "late")
    harness.end_window()
    assert ann.read() == others(2)
    assert bob.read() == others(4)
    assert eve.read() == others(2)


def test_an_answer_comes_after_the_joins(harness):
    """As it comes after everything else that happened before."""
    ann = harness.reader()
    harness.crowd(2)
    harness.fanout.answer(ann, Notice("Server", "an answer", 0.0))
    assert ann.read() == [*others(2), "Server: an answer"]


def test_joins_are_counted_in_each_room(harness):
    """A session in two rooms reads tags; what happens in one room tells of its joins alone."""
    ann = harness.reader()
    harness.join(ann, "2")
    crowd = harness.crowd(3)
    for session in (*crowd, *(harness.session(f"more{number}") for number in range(4))):
        harness.join(session, "2")
    assert ann.read()[-1] == "[2] more0: joined us @chatroom 2."
    harness.say(crowd[0])
    assert ann.read() == ["[1] Server: 3 others joined us @chatroom 1.", "[1] user0: hi"]
    harness.end_window()
    assert ann.read() == ["[2] Server: 3 others joined us @chatroom 2."]


def test_own_sessions(harness):
    """A join of the own user has a line, and is not counted; a further session knows it."""
    first, second = harness.session("Ann"), None
    harness.reader("Bob")
    second = harness.further_session(first.user)
    harness.join(first)
    assert (first.read(), second.read()) == ([], ["Ann: joined us @chatroom 1."])
    harness.crowd(2)
    third = harness.further_session(first.user)
    harness.crowd(2, "late")
    harness.end_window()
    sessions = (first, second, third)
    assert [session.read() for session in sessions] == [others(4), others(4), others(2)]


def test_a_session_that_goes_to_another_user(harness):
    """It is told of the joins so far, and reads nothing of the room any more."""
    ann = harness.reader()
    further = harness.further_session(ann.user)
    harness.crowd(2)
    harness.router.move(SessionMoved(further.key, User("unix")))
    assert further.read() == others(2)
    harness.crowd(2, "late")
    harness.end_window()
    assert (further.read(), ann.read()) == ([], others(4))


def test_change_of_the_format(harness):
    """A join that was read in one format is not read again in the other."""
    ann = harness.reader()
    harness.crowd(2)
    harness.fanout.set_codec(ann, JSON)
    assert ann.read() == others(2)
    harness.crowd(1, "json")
    (frame,) = ann.read()
    assert json.loads(frame)["who"] == "json0"
    harness.fanout.set_codec(ann, TEXT)
    harness.crowd(2, "text")
    harness.end_window()
    assert ann.read() == others(2)


def test_ignored_users_are_counted(harness):
    """Their joins are shown as all joins are."""
    ann = harness.reader()
    harness.crowd(1)
    ann.user.ignored = IgnoreList({9: "user1"})
    harness.router.refresh(IgnoresChanged(ann.user))
    harness.crowd(1)
    harness.end_window()
    assert ann.read() == others(2)


def test_the_trace_shows_what_is_sent(harness):
    """Text: a number alone; JSON: each join, and no number."""
    shown = []
    harness.reader()
    harness.fanout.trace = lambda _, text: shown.append(text)
    harness.crowd(2)
    harness.end_window()
    assert shown == ["user1: joined us @chatroom 1.", *others(2) * MAX_LINES]
    bot = harness.session("Bot", JSON)
    harness.join(bot)
    harness.end_window()
    harness.crowd(MAX_LINES + 2, "late")
    harness.end_window()
    assert len(bot.read()) == sum('"joined"' in text for text in shown) == MAX_LINES + 2
