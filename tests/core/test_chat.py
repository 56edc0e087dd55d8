"""The rules of the rooms, by calls of `Chat` itself."""

import pytest
from twisted.internet.defer import Deferred

from chatd.config import RoomCreators
from chatd.core.chat import most_rooms
from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.rooms import Role, User
from chatd.core.world.effects import SessionMoved
from chatd.testing import MemoryServer
from chatd.testing_slow import Gate
from tests.core.calls import refusal, run

NOW = 1000.0


@pytest.fixture
def server():
    """Return a server where users may be in two rooms, with the rooms 1, 2 and 3."""
    rooms = (("1", "room 1"), ("2", "room 2"), ("3", "room 3"))
    return MemoryServer(rooms_per_client=2, rooms=rooms)


def join(server, room_id, name):
    """Return the session of a new guest in a room."""
    session = server.open_session()
    run(server.service.chat.join(session, room_id, name, NOW))
    return session


def test_a_member_has_a_record(server):
    """Room and user share it: the role, and the time of joining."""
    ann = join(server, "1", "Ann")
    room = server.service.chat.room("1")
    member = room.members[ann.user]
    assert (member.role, member.joined_at) == (Role.NONE, NOW)
    assert ann.user.rooms == {room: member}
    assert ann.current_room is room


def test_join_tells_the_others(server):
    """The session that joins knows by its reply."""
    ann = join(server, "1", "Ann")
    bob = join(server, "1", "Bob")
    assert ann.read() == ["Bob: joined us @chatroom 1."]
    assert bob.read() == []


@pytest.mark.parametrize(
    ("room_id", "name", "expected"),
    [
        ("9", "Bob", (ErrorCode.NO_SUCH_ROOM, {"room": "9"})),
        ("1", None, (ErrorCode.USAGE, {})),
        (
            "1",
            "a:b",
            (
                ErrorCode.BAD_NAME,
                {"name": "a:b", "reason": "character", "limit": 32, "suggestion": "ab"},
            ),
        ),
        ("1", "ANN", (ErrorCode.NAME_IN_USE, {"name": "Ann"})),
    ],
)
def test_join_is_refused(server, room_id, name, expected):
    """The error has its code and parameters, and the guest is in no room and has no name."""
    join(server, "1", "Ann")
    bob = server.open_session()
    assert refusal(server.service.chat.join(bob, room_id, name, NOW)) == expected
    assert (bob.user.rooms, bob.user.name, bob.current_room) == ({}, "", None)


def test_join_is_refused_in_too_many_rooms(server):
    """The error names the current room, which the user must leave first."""
    ann = join(server, "1", "Ann")
    run(server.service.chat.join(ann, "2", None, NOW))
    ann.current_room = server.service.chat.room("1")
    expected = (ErrorCode.ALREADY_IN_ROOM, {"room": "1"})
    assert refusal(server.service.chat.join(ann, "3", None, NOW)) == expected


def test_most_rooms(server):
    """The most that any session of the user may be in; without sessions here, that of the rest."""
    ann, bob = server.open_session(), server.open_session()
    assert most_rooms(ann.user, 2) == 2
    ann.max_rooms = 1
    assert most_rooms(ann.user, 2) == 1
    server.service.router.move(SessionMoved(bob.key, ann.user))
    assert most_rooms(ann.user, 2) == 2
    bob.max_rooms = 9
    assert most_rooms(ann.user, 2) == 9
    assert most_rooms(User("unix"), 2) == 2


def test_a_session_with_a_limit_of_its_own(server):
    """It joins so many rooms."""
    ann = join(server, "1", "Ann")
    ann.max_rooms = 3
    for room in ("2", "3"):
        run(server.service.chat.join(ann, room, None, NOW))
    assert len(ann.user.rooms) == 3
    ann.max_rooms = 1
    run(server.service.chat.leave(ann, server.service.chat.room("3"), NOW))
    refused = refusal(server.service.chat.join(ann, "3", None, NOW))
    assert refused[0] is ErrorCode.ALREADY_IN_ROOM


def test_join_of_a_banned_name(server):
    """The error is one of its own: the session ends the connection."""
    run(server.service.moderation.ban("Bob", None, [], NOW))
    with pytest.raises(BannedError):
        run(server.service.chat.join(server.open_session(), "1", "Bob", NOW))
    assert server.service.world.find_user("Bob") is None


def test_join_or_create(server):
    """A room that does not exist is created, named as its id; one that exists is joined."""
    ann, bob = server.open_session(), server.open_session()
    assert run(server.service.chat.join_or_create(ann, "tea", "Ann", NOW)).name == "tea"
    assert run(server.service.chat.join_or_create(bob, "TEA", "Bob", NOW)).id == "tea"
    assert [user.name for user in server.service.chat.room("tea").members] == ["Ann", "Bob"]


def test_join_by_id_alone():
    """With `only_id` a room's name finds nothing, so that another room of that id is created."""
    server = MemoryServer(rooms=(("1", "tea"),))
    ann, bob, cat = (server.open_session() for _ in range(3))
    chat = server.service.chat
    assert run(chat.join(ann, "tea", "Ann", NOW)).id == "1"
    assert refusal(chat.join(bob, "tea", "Bob", NOW, only_id=True))[0] is ErrorCode.NO_SUCH_ROOM
    assert run(chat.join_or_create(bob, "tea", "Bob", NOW, only_id=True)).id == "tea"
    assert run(chat.join(cat, "TEA", "Cat", NOW, only_id=True)).id == "tea"


def test_join_or_create_refused_leaves_no_room(server):
    """The name is checked before a room is created."""
    join(server, "1", "Ann")
    code, _ = refusal(server.service.chat.join_or_create(server.open_session(), "tea", "Ann", NOW))
    assert code is ErrorCode.NAME_IN_USE
    assert server.service.world.rooms.find("tea") is None


def test_nobody_creates_rooms():
    """Where only the administrator creates rooms, `join_or_create` joins those that exist."""
    server = MemoryServer(room_creators=RoomCreators.NOBODY, rooms=(("1", "tea"),))
    ann = server.open_session()
    code, _ = refusal(server.service.chat.join_or_create(ann, "2", "Ann", NOW))
    assert code is ErrorCode.CREATION_FORBIDDEN
    run(server.service.chat.join_or_create(ann, "1", "Ann", NOW))


def test_a_session_that_ends_while_it_joins(server, monkeypatch):
    """It is in no room, and its name is free."""
    gate = Gate(shut=True)
    monkeypatch.setattr(server.service.history, "preload", lambda _: gate.wait())
    ann = server.open_session()
    joining = Deferred.fromCoroutine(server.service.chat.join(ann, "1", "Ann", NOW))
    ann.lose()
    gate.open()
    errors = []
    joining.addErrback(lambda failure: errors.append(failure.value.code))
    assert errors == [ErrorCode.SESSION_CLOSED]
    assert server.service.chat.room("1").members == {}
    assert server.service.world.find_user("Ann") is None


def test_leave(server):
    """Of the other rooms the one joined last is current then."""
    ann, bob = join(server, "1", "Ann"), join(server, "1", "Bob")
    run(server.service.chat.join(ann, "2", None, NOW))
    bob.read()
    ann.current_room = server.service.chat.room("1")
    run(server.service.chat.leave(ann, server.service.chat.room("1"), NOW))
    assert bob.read() == ["Server: Ann quitted."]
    assert ann.current_room is server.service.chat.room("2")
    assert ann.read()[-1:] != ["Server: Ann quitted."]


def test_joined_room(server):
    """A room of the user is found whatever the case of its id; others are refused."""
    ann = server.open_session()
    run(server.service.chat.join_or_create(ann, "Tea", "Ann", NOW))
    assert server.service.chat.joined_room(ann.user, "TEA").id == "Tea"
    for room_id in ("1", "9"):
        with pytest.raises(ChatError) as refused:
            server.service.chat.joined_room(ann.user, room_id)
        assert refused.value.params == {"room": room_id}


def test_a_session_is_lost(server):
    """The user is closed and in no room; the name is free; it can be done twice."""
    ann, bob = join(server, "1", "Ann"), join(server, "1", "Bob")
    for _ in range(2):
        bob.lose()
    assert ann.read() == ["Bob: joined us @chatroom 1.", "Server: Bob quitted."]
    assert bob.user.closed
    assert bob.current_room is None
    assert run(server.service.chat.rename(ann, "Bob", NOW)) == "Bob"


def test_empty_messages_are_left_out(server):
    """They get no id."""
    ann, bob = join(server, "1", "Ann"), join(server, "1", "Bob")
    room = server.service.chat.room("1")
    server.service.chat.say(ann, room, ["", "a", "", "b"], NOW)
    server.service.chat.say(ann, room, [""], NOW)
    assert room.last_id == 2
    assert bob.read() == ["Ann: a", "Ann: b"]


# -- names


def test_rename(server):
    """The others read it once, whatever rooms they share; the room has the new name."""
    ann, bob = join(server, "1", "Ann"), join(server, "1", "Bob")
    for session in (ann, bob):
        run(server.service.chat.join(session, "2", None, NOW))
        session.read()
    assert run(server.service.chat.rename(bob, "Rob", NOW)) == "Rob"
    assert ann.read()[-1:] == ["Server: Bob is now known as Rob."]
    assert bob.read()[-1:] != ["Server: Bob is now known as Rob."]
    assert server.service.world.find_user("Bob") is None
    assert server.service.world.find_user("rob") is bob.user


def test_rename_is_in_order_with_messages(server):
    """Others read earlier messages of the guest first, under the former name."""
    ann, bob = join(server, "1", "Ann"), join(server, "1", "Bob")
    ann.read()
    room = server.service.chat.room("1")
    server.service.chat.say(bob, room, ["before"], NOW)
    run(server.service.chat.rename(bob, "Rob", NOW))
    server.service.chat.say(bob, room, ["after"], NOW)
    assert ann.read() == ["Bob: before", "Server: Bob is now known as Rob.", "Rob: after"]


def test_rename_without_a_room(server):
    """A guest may take a name before the first join, and change its spelling."""
    ann = server.open_session()
    assert run(server.service.chat.rename(ann, "ann", NOW)) == "ann"
    assert run(server.service.chat.rename(ann, "Ann", NOW)) == "Ann"
    assert server.service.world.find_user("ann") is ann.user
    run(server.service.chat.join(ann, "1", None, NOW))
    assert [user.name for user in server.service.chat.room("1").members] == ["Ann"]


def test_rename_refused(server):
    """The guest keeps the name."""
    join(server, "1", "Ann")
    bob = join(server, "1", "Bob")
    for name, code in (("ann", ErrorCode.NAME_IN_USE), ("a b", ErrorCode.BAD_NAME)):
        assert refusal(server.service.chat.rename(bob, name, NOW))[0] is code
    run(server.service.moderation.ban("Rob", None, [], NOW))
    with pytest.raises(BannedError):
        run(server.service.chat.rename(bob, "Rob", NOW))
    assert bob.user.name == "Bob"
    assert server.service.world.find_user("Rob") is None


def test_rename_of_an_account(server):
    """An account's user is named as the account."""
    ann = server.open_session()
    run(server.service.accounts.register(ann, "ann", "staple-battery", NOW))
    assert refusal(server.service.chat.rename(ann, "Zoe", NOW)) == (ErrorCode.ACCOUNT_NAME, {})


def test_resume_token_follows_rename(server):
    """A guest who is renamed comes back under the new name."""
    ann = join(server, "1", "Ann")
    token = run(server.service.accounts.issue_resume_token(ann))
    run(server.service.chat.rename(ann, "Zoe", NOW))
    ann.lose()
    assert run(server.service.accounts.resume(server.open_session(), token, NOW)) == "Zoe"


# -- private messages
