"""The world: what it loads from a store, how things are found, and the steps operations share."""

from dataclasses import replace

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import LeaveReason
from chatd.core.lookalikes import name_keys
from chatd.core.names import new_name
from chatd.core.records import AccountRef, Ban, BanKind, RoomRecord, Snapshot
from chatd.core.rooms import SessionKey, User
from chatd.core.world.account_operations import AddAccount
from chatd.core.world.effects import NameChanged
from chatd.core.world.names import HOLD_SECONDS
from chatd.core.world.operations import EndRoom, SettleRoom
from chatd.core.world.world import World
from tests.core.world.harness import HOST, NOW, end, join, mute, rename, start

ANN, BOB = AccountRef(1, "ann"), AccountRef(2, "bob")


def test_load():
    """Rooms are in their order, with their message ids; accounts have their rights and lists."""
    world = World()
    rooms = [
        RoomRecord("b", "room b", last_id=5, last_time=7.0, owner=2, created=6.0, used=True),
        RoomRecord("a", "room a", last_id=3, permanent=True),
    ]
    world.load(Snapshot(rooms, [ANN, BOB], admins=[1], ignores=[(1, BOB)]), NOW, 50.0)
    first, second = world.rooms
    assert (first.id, first.name, first.last_id, first.last_time) == ("b", "room b", 5, 7.0)
    assert (first.owner, first.permanent, first.is_used) == (2, False, True)
    assert (first.created, second.created) == (6.0, 0.0)
    assert (second.id, second.owner, second.permanent, second.is_used) == ("a", None, True, False)
    assert (world.find_account("ANN"), world.find_account("zoe")) == (ANN, None)
    assert (world.accounts.is_admin(1), world.accounts.is_admin(2)) == (True, False)
    assert world.accounts.ignored_by(1).names == ("bob",)


def test_load_bans():
    """A ban ends as long after the start as the wall clock says, or never."""
    bans = [
        Ban(BanKind.NAME, "Zoe", until=NOW + 60),
        Ban(BanKind.NAME, "Eve"),
        Ban(BanKind.ADDRESS, "203.0.113.9", until=NOW - 1),
    ]
    world = World()
    world.load(Snapshot(bans=bans), NOW, 50.0)
    zoe, eve = new_name("zoe"), new_name("eve")
    with pytest.raises(ChatError):
        world.check_not_banned(zoe, 109.9)
    world.check_not_banned(zoe, 110.0)
    with pytest.raises(ChatError):
        world.check_not_banned(eve, 1e9)
    assert world.bans.address_ban((HOST, 1), 50.0) is None


def test_rooms_that_were_loaded_keep_their_place():
    """Also if the store fails to remove one after others were created."""
    world = World()
    world.load(Snapshot([RoomRecord("a", "a"), RoomRecord("b", "b")]), NOW, 0.0)
    world.close_room(world.rooms.by_key("a"), "here", NOW)
    world.rooms.start(start("c"))
    world.rooms.settle("c", True)
    world.rooms.settle("a", False)
    assert [room.id for room in world.rooms] == ["a", "b", "c"]


# -- users and sessions


def test_user_of_an_account(harness):
    """It is the one who is logged in, not a guest who has the name."""
    harness.guest("Zoe")
    account = harness.account("zoe")
    assert harness.world.user_of(account) is None
    amy = harness.account("amy")
    session = harness.log_in(amy)
    assert harness.world.user_of(amy) is harness.user(session)


def test_a_new_session(harness):
    """This server's user is that of the session, once an operation names it; others make one."""
    world, user = harness.world, User((HOST, 1))
    here, there = SessionKey("here", 99), SessionKey("there", 99)
    harness.newcomers[here] = user
    with pytest.raises(ChatError) as refused:
        world.find_session(here)
    assert refused.value.code is ErrorCode.SESSION_CLOSED
    assert user.sessions == ()
    found = [world.session_user(session, (HOST, 1)) for session in (here, there)]
    assert [each is user for each in found] == [True, False]
    assert [each.sessions for each in found] == [(here,), (there,)]
    assert world.find_session(here) is user


def test_a_user_has_the_address_of_the_oldest_session(harness):
    """It changes when that session ends; the last one stays the user's address."""
    account = harness.account("amy")
    first, second = harness.log_in(account), harness.log_in(account)
    user, world = harness.user(first), harness.world
    assert user.address == (HOST, first.number)
    assert world.address_of(second) == (HOST, second.number)
    world.end_session(first, LeaveReason.LOST, 0)
    assert user.address == world.address_of(second) == (HOST, second.number)
    world.end_session(second, LeaveReason.LOST, 0)
    assert (user.address, user.sessions) == ((HOST, second.number), ())


# -- names


def test_check_name(harness):
    """A name is free, or that of one of the given users; the error has the account's spelling."""
    ann = harness.user(harness.guest("Ann"))
    harness.account("amy")
    world, session = harness.world, harness.session()
    world.check_name(new_name("ANN"), session, 0.0, ann)
    for name, expected in (
        ("ANN", (ErrorCode.NAME_IN_USE, {"name": "Ann"})),
        ("Amy", (ErrorCode.NAME_NEEDS_LOGIN, {"name": "amy"})),
    ):
        with pytest.raises(ChatError) as refused:
            world.check_name(new_name(name), session, 0.0)
        assert (refused.value.code, refused.value.params) == expected


def test_a_change_of_a_name_is_told(harness):
    """A name that is taken, changed, kept for a guest who is lost, and released."""

    def changes(operation):
        harness.do(operation)
        return [effect for effect in harness.effects if isinstance(effect, NameChanged)]

    session = harness.session()
    assert changes(rename(session, "Ann")) == [NameChanged(harness.user(session), "")]
    user = harness.user(session)
    assert changes(rename(session, "Zoe")) == [NameChanged(user, "Ann")]
    assert changes(rename(session, "Zoe")) == []
    assert changes(end(session)) == [NameChanged(user, "Zoe")]
    harness.seconds = HOLD_SECONDS
    other = harness.session()
    assert changes(rename(other, "Zoe")) == [NameChanged(harness.user(other), "")]
    user = harness.user(other)
    assert changes(end(other, keep_token=False)) == [NameChanged(user, "Zoe")]


@pytest.mark.parametrize("keep_token", [True, False])
def test_the_end_of_a_user_without_a_name(harness, keep_token):
    """No name changes with it."""
    harness.do(end(harness.session(), keep_token=keep_token))
    assert harness.effects == []


def test_keys_travel_in_the_operations(harness):
    """An account and a room are found by the keys that came, whatever their names."""
    account = AccountRef(9, "a")
    harness.do(AddAccount(account, name_keys("b")))
    assert (harness.world.find_account("b"), harness.world.find_account("a")) == (account, None)
    harness.do(replace(start("c"), room="d", name_key="e"))
    room = harness.do(SettleRoom("d", True))
    assert (room.id, harness.world.rooms.find("D")) == ("c", room)
    assert (harness.world.rooms.find("e"), harness.world.rooms.find("c")) == (room, None)


def test_the_end_of_a_room_takes_its_mutes(harness):
    """They are not there in the next room of that id."""
    ann = harness.guest("Ann", "1")
    harness.do(mute("Ann"))
    harness.do(EndRoom("here", "1", "1", False, NOW))
    harness.do(SettleRoom("1", True))
    room = harness.start("1")
    harness.do(join(ann, "1"))
    assert not room.restricts_talk
