"""Messages that are read again, searched and deleted, by calls of `MessageService` itself."""

import pytest
from twisted.internet.defer import Deferred

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ignorelist import IgnoreList
from chatd.core.messages import SEARCH_PAGE
from chatd.storage.testing import ids
from chatd.storage.writer import WRITE_DELAY
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.core.calls import run

NOW = 1000.0


def outcome(call):
    """Return the result of a call that does not wait, or the code of its refusal."""
    try:
        return run(call)
    except ChatError as error:
        return error.code


@pytest.fixture
def server():
    """Return a server with two rooms, whose store has gates."""
    return MemoryServer(store=SlowStore(), rooms=(("1", "tea"), ("2", "food")), rooms_per_client=2)


@pytest.fixture
def messages(server):
    """Return the service that is tested."""
    return server.service.messages


@pytest.fixture
def tea(server):
    """Return room 1."""
    return server.service.chat.room("1")


def join(server, name, *room_ids):
    """Return the session of a new guest in some rooms, in room 1 by default."""
    session = server.open_session()
    for room_id in room_ids or ("1",):
        run(server.service.chat.join(session, room_id, name, NOW))
    return session


def say(server, session, *texts, room="1", now=NOW):
    """Say texts in a room, and let them be stored."""
    server.service.chat.say(session, server.service.chat.room(room), texts, now)
    server.turn(WRITE_DELAY)


def begin(call):
    """Begin a call that waits; return the list that gets the code of its refusal."""
    refusals = []
    Deferred.fromCoroutine(call).addErrback(lambda failure: refusals.append(failure.value.code))
    return refusals


# -- history


@pytest.mark.parametrize(
    ("since", "limit", "before", "expected"),
    [
        (None, 2, None, [4, 5]),
        (None, 2, 4, [2, 3]),
        (None, 9, 1, []),
        (1, 2, None, [2, 3]),
        (1, 9, 4, [2, 3]),
        (5, 9, None, []),
    ],
)
def test_history(server, messages, tea, since, limit, before, expected):
    """The last messages, or the first ones after an id, of those before another id."""
    ann = join(server, "Ann")
    say(server, ann, "a", "b", "c", "d", "e")
    assert ids(run(messages.history(ann, tea, since, limit, before))) == expected


def test_history_of_a_room_that_is_left_meanwhile(server, messages, tea):
    """It is refused, whether the user is in another room or in none."""
    ann, bob = join(server, "Ann", "1", "2"), join(server, "Bob")
    gate = server.service.store.read_gate
    gate.shut = True
    of_ann, of_bob = (begin(messages.history(each, tea, None, 9)) for each in (ann, bob))
    for session in (ann, bob):
        run(server.service.chat.leave(session, tea, NOW))
    gate.open()
    assert (of_ann, of_bob) == ([ErrorCode.NOT_IN_ROOM], [ErrorCode.IN_NO_ROOM])


# -- the message of a time


def test_id_at(server, messages, tea):
    """It is the first message from the time on, also one that is not stored yet."""
    ann = join(server, "Ann")
    say(server, ann, "a", "b", now=NOW + 1)
    server.service.chat.say(ann, tea, ["c"], NOW + 2)
    found = [Deferred.fromCoroutine(messages.id_at(ann, tea, NOW + n)) for n in range(4)]
    server.turn(WRITE_DELAY)
    assert [each.result for each in found] == [1, 1, 3, None]


def test_time_up_to(server, messages, tea):
    """A mark of messages that are gone is as good as one at the message before or after them."""
    ann = join(server, "Ann")
    for number in range(1, 6):
        say(server, ann, f"m{number}", now=NOW + number)
    times = [run(messages.time_up_to(tea, number)) for number in (1, 5, 9)]
    assert times == [NOW + 1, NOW + 5, NOW + 5]
    run(server.service.store.prune(NOW + 3))
    assert run(messages.time_up_to(tea, 4)) == NOW + 4
    before = run(messages.time_up_to(tea, 1))
    assert NOW + 2 < before < NOW + 3


def test_time_up_to_where_nothing_was_said(messages, tea):
    """There is no such time."""
    assert run(messages.time_up_to(tea, 5)) is None


def test_id_at_after_the_clock_was_set_back(server, messages, tea):
    """The times of messages do not go backwards."""
    ann = join(server, "Ann")
    say(server, ann, "a", now=NOW + 9)
    say(server, ann, "b", now=NOW + 1)
    say(server, ann, "c", now=NOW + 10)
    assert [run(messages.id_at(ann, tea, NOW + n)) for n in (1, 9, 9.5)] == [1, 1, 3]


def test_id_at_in_a_room_that_is_left_meanwhile(server, messages, tea):
    """It is refused, whether the user is in another room or in none."""
    ann, bob = join(server, "Ann", "1", "2"), join(server, "Bob")
    gate = server.service.store.read_gate
    gate.shut = True
    of_ann, of_bob = (begin(messages.id_at(each, tea, NOW)) for each in (ann, bob))
    for session in (ann, bob):
        run(server.service.chat.leave(session, tea, NOW))
    gate.open()
    assert (of_ann, of_bob) == ([ErrorCode.NOT_IN_ROOM], [ErrorCode.IN_NO_ROOM])


# -- search


def test_search_in_one_room_and_in_all(server, messages, tea):
    """The newest come first; those of rooms of others are not found."""
    ann, bob = join(server, "Ann", "1", "2"), join(server, "Bob")
    say(server, ann, "green tea", "tea", "black tea, no green")
    say(server, ann, "green rice", room="2")
    found = run(messages.search(ann, None, "green", None)).messages
    assert sorted((said.room, said.id) for said in found) == [("1", 1), ("1", 3), ("2", 1)]
    found = run(messages.search(bob, None, "green", None)).messages
    assert [(said.room, said.id) for said in found] == [("1", 3), ("1", 1)]
    assert ids(run(messages.search(ann, tea, "green TEA", None)).messages) == [3, 1]
    assert ids(run(messages.search(ann, tea, "green tea", 3)).messages) == [1]


def test_search_refused(server, messages, tea):
    """Without a word, in no room, and in a room that is left meanwhile."""
    ann, nobody = join(server, "Ann", "1", "2"), server.open_session()
    assert outcome(messages.search(ann, tea, "!", None)) is ErrorCode.NOTHING_TO_FIND
    assert outcome(messages.search(nobody, None, "tea", None)) is ErrorCode.IN_NO_ROOM
    gate = server.service.store.read_gate
    gate.shut = True
    refusals = begin(messages.search(ann, tea, "tea", None))
    run(server.service.chat.leave(ann, tea, NOW))
    gate.open()
    assert refusals == [ErrorCode.NOT_IN_ROOM]


def test_a_room_that_is_left_during_a_search_in_all(server, messages, tea):
    """Its messages are not among those found."""
    ann, found = join(server, "Ann", "1", "2"), []
    say(server, ann, "tea")
    say(server, ann, "tea", room="2")
    gate = server.service.store.read_gate
    gate.shut = True
    Deferred.fromCoroutine(messages.search(ann, None, "tea", None)).addCallback(found.append)
    run(server.service.chat.leave(ann, tea, NOW))
    gate.open()
    assert [said.room for said in found[0].messages] == ["2"]


def test_pages(server, messages, tea):
    """Each has 20 messages, and tells whether there are older ones."""
    ann = join(server, "Ann")
    say(server, ann, *["tea"] * 2 * SEARCH_PAGE)
    first = run(messages.search(ann, tea, "tea", None))
    assert (ids(first.messages), first.more) == (list(range(40, 20, -1)), True)
    second = run(messages.search(ann, tea, "tea", first.messages[-1].id))
    assert (ids(second.messages), second.more) == (list(range(20, 0, -1)), False)


# -- search, less the messages of some users


def shown_and_last(page, hidden):
    """Return the ids of the messages of a page that are not hidden, the last id, and `more`."""
    shown = [said for said in page.messages if not hidden.has(said.sender, said.account, said.time)]
    return ids(shown), page.messages[-1].id, page.more


def test_a_page_without_hidden_messages(server, messages, tea):
    """Those of a hidden user do not count: the page ends behind the 20th of the others."""
    ann, eve = join(server, "Ann"), join(server, "Eve")
    say(server, ann, *["tea"] * 25)
    say(server, eve, *["tea"] * 25)
    hidden = IgnoreList(guests=(eve.user.guest_names,))
    page = run(messages.search(ann, tea, "tea", None, hidden))
    assert shown_and_last(page, hidden) == (list(range(25, 5, -1)), 6, True)
    page = run(messages.search(ann, tea, "tea", 6, hidden))
    assert shown_and_last(page, hidden) == (list(range(5, 0, -1)), 1, False)


def test_the_20th_message_is_the_last_of_all(server, messages, tea):
    """There are no older ones then."""
    ann, eve = join(server, "Ann"), join(server, "Eve")
    say(server, ann, *["tea"] * 20)
    say(server, eve, *["tea"] * 20)
    hidden = IgnoreList(guests=(eve.user.guest_names,))
    page = run(messages.search(ann, tea, "tea", None, hidden))
    assert shown_and_last(page, hidden) == (list(range(20, 0, -1)), 1, False)


def test_very_many_hidden_messages(server, messages, tea):
    """Five pages are read at most; the next search continues behind them."""
    ann, eve = join(server, "Ann"), join(server, "Eve")
    say(server, ann, "tea")
    say(server, eve, *["tea"] * 100)
    hidden = IgnoreList(guests=(eve.user.guest_names,))
    page = run(messages.search(ann, tea, "tea", None, hidden))
    assert shown_and_last(page, hidden) == ([], 2, True)
    page = run(messages.search(ann, tea, "tea", 2, hidden))
    assert shown_and_last(page, hidden) == ([1], 1, False)


# -- deletion


def test_delete(server, messages, tea):
    """The user's last message, or the one with an id; members are told, the text is gone."""
    ann, bob = join(server, "Ann"), join(server, "Bob")
    say(server, ann, "one", "two")
    say(server, bob, "three")
    bob.read()
    assert run(messages.delete(ann, tea, None, NOW)) == 2
    assert run(messages.delete(ann, tea, 1, NOW)) == 1
    assert bob.read() == ["Server: Message 2 was deleted.", "Server: Message 1 was deleted."]
    assert [said.text for said in run(messages.history(ann, tea, None, 9))] == ["", "", "three"]
    assert run(messages.search(ann, tea, "two", None)).messages == []


def test_delete_refused(server, messages, tea):
    """A message of another user, one that is not there, and one that is deleted already."""
    ann, bob = join(server, "Ann"), join(server, "Bob")
    say(server, ann, "one")
    assert outcome(messages.delete(bob, tea, 1, NOW)) is ErrorCode.NOT_OWN_MESSAGE
    for message_id in (None, 0, 2):
        assert outcome(messages.delete(bob, tea, message_id, NOW)) is ErrorCode.NO_SUCH_MESSAGE
    run(messages.delete(ann, tea, 1, NOW))
    for message_id in (None, 1):
        assert outcome(messages.delete(ann, tea, message_id, NOW)) is ErrorCode.NO_SUCH_MESSAGE


def test_messages_of_a_guest_with_another_name(server, messages, tea):
    """They stay the guest's; those that are said under the name later are not."""
    ann, eve = join(server, "Ann"), join(server, "Eve")
    say(server, ann, "one", now=NOW + 1)
    run(server.service.chat.rename(ann, "Zoe", NOW + 2))
    run(server.service.chat.rename(eve, "Ann", NOW + 3))
    say(server, eve, "two", now=NOW + 4)
    assert outcome(messages.delete(eve, tea, 1, NOW + 5)) is ErrorCode.NOT_OWN_MESSAGE
    assert outcome(messages.delete(ann, tea, 2, NOW + 5)) is ErrorCode.NOT_OWN_MESSAGE
    assert run(messages.delete(ann, tea, None, NOW + 5)) == 1
    assert run(messages.delete(eve, tea, None, NOW + 5)) == 2


def test_deleting_in_a_room_that_is_left_meanwhile(server, messages, tea):
    """It is refused, and the text stays."""
    ann, bob = join(server, "Ann"), join(server, "Bob")
    say(server, ann, "one")
    gate = server.service.store.read_gate
    gate.shut = True
    refusals = begin(messages.delete(ann, tea, 1, NOW))
    run(server.service.chat.leave(ann, tea, NOW))
    gate.open()
    assert refusals == [ErrorCode.IN_NO_ROOM]
    assert [said.text for said in run(messages.history(bob, tea, None, 9))] == ["one"]


def test_deleting_in_a_room_that_is_left_when_the_text_goes(server, messages, tea):
    """The room is told of a text that is gone, though its author has left, or the session ended."""
    bob = join(server, "Bob")
    gate = server.service.store.write_gate
    for number, leave in enumerate(("leave", "lose"), 1):
        ann = join(server, f"Ann{number}")
        say(server, ann, "one")
        bob.read()
        gate.shut = True
        refusals = begin(messages.delete(ann, tea, None, NOW))
        if leave == "leave":
            run(server.service.chat.leave(ann, tea, NOW))
        else:
            ann.lose()
        gate.open()
        told = f"Server: Message {number} was deleted."
        assert (refusals, bob.read()) == ([], [f"Server: Ann{number} quitted.", told])


def test_an_operator_who_is_one_no_more_when_the_text_goes():
    """Users who join read nothing of it, by --replay, from memory."""
    server = MemoryServer(store=SlowStore(), rooms=(("1", "tea"),), replay=9)
    bob, operator = join(server, "Bob"), join(server, "Ann")
    tea = server.service.chat.room("1")
    say(server, bob, "one")
    server.console("op Ann 1")
    gate = server.service.store.write_gate
    gate.shut = True
    refusals = begin(server.service.messages.delete(operator, tea, 1, NOW))
    server.console("deop Ann 1")
    gate.open()
    assert (refusals, bob.read()[-1]) == ([], "Server: Message 1 was deleted.")
    assert [said.text for said in server.service.messages.recent(tea)] == [""]
