"""The steps that change the access to rooms, and the access lists that a server loads."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import name_keys
from chatd.core.records import AccessKind, AccountRef, RoomAccess, RoomRecord, Snapshot
from chatd.core.restrictions import Restriction
from chatd.core.rooms import Role, Room
from chatd.core.world import access, rights
from chatd.core.world.operations import Say
from chatd.core.world.world import World
from tests.core.world.harness import NOW, WorldHarness, ban, invite, join, mute, set_role, setting

WALL, SECONDS = 5000.0, 70.0
"""The times at which the tests load a store: that of the wall, and that of durations."""

DAY = 86400.0
AMY = AccountRef(1, "amy")


def restriction(kind, name="Bob", ends=None):
    """Return a ban or mute of a guest."""
    return Restriction(RoomAccess(kind, name), name_keys(name), None, ends)


def load(*entries, owner=None):
    """Return a harness with a room that a server has loaded with these entries, and the room."""
    harness = WorldHarness()
    record = RoomRecord("1", "tea", owner=owner, access=entries)
    harness.world.load(Snapshot(rooms=[record], accounts=[AMY]), WALL, SECONDS)
    harness.seconds = SECONDS
    return harness, harness.world.rooms.by_key("1")


# -- the ends of bans and mutes


def test_ends():
    """A room has no restriction any more that has ended; the others stay."""
    world = World()
    rooms = Room("1", "tea"), Room("2", "food")
    for room in rooms:
        access.restrict(world, room, restriction(AccessKind.MUTE, "Ann", 20.0))
        access.restrict(world, room, restriction(AccessKind.BAN, "Bob", 10.0))
    access.restrict(world, rooms[0], restriction(AccessKind.MUTE, "Cid"))
    access.end_restrictions(world, 9.9)
    assert [(len(room.bans), len(room.mutes)) for room in rooms] == [(1, 2), (1, 1)]
    access.end_restrictions(world, 10.0)
    assert [(len(room.bans), len(room.mutes)) for room in rooms] == [(0, 2), (0, 1)]
    access.end_restrictions(world, 99.0)
    assert [len(room.mutes) for room in rooms] == [1, 0]
    assert [room.restricts_talk for room in rooms] == [True, False]


def test_one_that_was_lifted_or_replaced():
    """Its end changes nothing."""
    world, room = World(), Room("1", "tea")
    first = restriction(AccessKind.MUTE, ends=10.0)
    access.restrict(world, room, first)
    access.lift(room, first)
    assert not room.restricts_talk
    access.restrict(world, room, restriction(AccessKind.MUTE))
    world.pass_time(10.0)
    assert (len(room.mutes), room.restricts_talk) == (1, True)


# -- loading


@pytest.mark.parametrize("kind", [AccessKind.BAN, AccessKind.MUTE])
def test_restrictions_are_loaded(kind):
    """They end by the clock of durations, when the wall clock would have said so."""
    left = 60.0
    entry = RoomAccess(kind, "Bob", None, "203.0.113.9/32", WALL + left, "Amy", 1.0, "spam")
    harness, room = load(entry, RoomAccess(kind, "amy", 1))
    restrictions = room.bans if kind is AccessKind.BAN else room.mutes
    assert restrictions.entries(SECONDS) == [entry, RoomAccess(kind, "amy", 1)]
    assert room.restricts_talk == (kind is AccessKind.MUTE)
    for passed, count in ((left - 0.1, 2), (left, 1)):
        harness.world.pass_time(SECONDS + passed)
        current = room.bans if kind is AccessKind.BAN else room.mutes
        assert len(current) == count
    assert current.entries(SECONDS) == [RoomAccess(kind, "amy", 1)]


def test_a_restriction_that_has_ended_before_the_start():
    """It restricts nobody."""
    harness, room = load(RoomAccess(AccessKind.MUTE, "Bob", until=WALL - 1))
    bob = harness.guest("Bob", "1")
    harness.do(Say(bob, "1", ("hi",), NOW))
    assert len(room.mutes) == 0


def test_roles_are_loaded():
    """Those of accounts; the owner stays the owner."""
    operator, voice = (RoomAccess(kind, "amy", 1) for kind in access.ROLES)
    for entry, role in ((operator, Role.OPERATOR), (voice, Role.VOICE)):
        _, room = load(entry)
        assert (room.roles, room.role_of(1)) == ({1: role}, role)
    _, room = load(voice, owner=1)
    assert room.role_of(1) is Role.OWNER
    _, room = load(RoomAccess(AccessKind.OPERATOR, "Bob"))
    assert room.roles == {}


@pytest.mark.parametrize(("until", "lasts"), [(WALL + 60, 60.0), (None, DAY), (WALL - 1, 0.0)])
def test_invitations_are_loaded(until, lasts):
    """One that was used lasts as after a lost connection; one of a guest is that of nobody."""
    harness, room = load(
        RoomAccess(AccessKind.INVITATION, "amy", 1, until=until),
        RoomAccess(AccessKind.INVITATION, "Bob", until=until),
    )
    amy = harness.user(harness.log_in(AMY))
    bob = harness.user(harness.guest("Bob"))
    harness.do(setting("private", True))
    for passed, expected in ((lasts - 0.1, lasts > 0), (lasts, False)):
        harness.world.pass_time(SECONDS + passed)
        assert rights.sees(harness.world, amy, room) == expected
        assert not rights.sees(harness.world, bob, room)


# -- the list that the store should have


def test_entries(harness):
    """Bans, mutes, roles and the invitations of accounts, but nothing that has ended."""
    for name in ("amy", "bea", "cid", "dan"):
        harness.account(name)
    for name in ("Ann", "Bob"):
        harness.guest(name, "1")
    for operation in (
        *(ban("amy"), mute("bea", 1, 60.0), set_role("cid", Role.OPERATOR)),
        *(set_role("bea", Role.VOICE), invite("dan"), invite("cid", "2"), mute("Ann")),
    ):
        harness.do(operation)
    harness.guest("Guest")
    harness.do(invite("Guest"))
    room = harness.world.rooms.by_key("1")

    def entries():
        found = access.entries(harness.world, room)
        return [(entry.kind.value, entry.name) for entry in found]

    assert entries() == [
        *(("ban", "amy"), ("mute", "bea"), ("mute", "Ann")),
        *(("operator", "cid"), ("voice", "bea"), ("invitation", "dan")),
    ]
    harness.seconds = DAY
    harness.do(join(harness.guest("Zoe"), "1"))
    assert entries() == [
        *(("ban", "amy"), ("mute", "Ann"), ("operator", "cid"), ("voice", "bea")),
    ]


def test_a_list_that_is_loaded_again(harness):
    """A server that starts with the entries of a world has the same rights in it."""
    harness.accounts = [harness.account(name) for name in ("amy", "bea")]
    harness.do(set_role("amy", Role.VOICE))
    harness.do(ban("bea"))
    harness.guest("Bob", "1")
    harness.do(mute("Bob", 1, 60.0))
    entries = access.entries(harness.world, harness.world.rooms.by_key("1"))
    world = World()
    record = RoomRecord("1", "tea", access=entries)
    world.load(Snapshot(rooms=[record], accounts=harness.accounts), NOW, 0.0)
    assert access.entries(world, world.rooms.by_key("1")) == entries


# -- rooms that change


def test_settle_room(harness):
    """The invitations to a room end with it, and not to one that is there again."""
    amy = harness.log_in(harness.account("amy"))
    room = harness.world.rooms.by_key("1")
    harness.do(setting("private", True))
    harness.do(invite("amy"))
    harness.world.close_room(room, "here", NOW)
    assert access.settle_room(harness.world, "1", stored=False) is room
    harness.do(join(amy, "1"))
    harness.world.close_room(room, "here", NOW)
    assert access.settle_room(harness.world, "1", stored=True) is None
    assert harness.world.invitations._by_subject == {}
    with pytest.raises(ChatError) as refused:
        harness.do(join(amy, "1"))
    assert refused.value.code is ErrorCode.NO_SUCH_ROOM
