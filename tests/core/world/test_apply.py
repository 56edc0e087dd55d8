"""Applying operations: what holds after any of them, in any order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.core.errors import ChatError
from chatd.core.lookalikes import name_keys
from chatd.core.rooms import User
from chatd.core.world.account_operations import AddAccount, SetAdmin
from chatd.core.world.apply import _RULES, apply
from chatd.core.world.effects import RoomSettled
from chatd.core.world.operations import SettleRoom
from chatd.core.world.world import World
from tests.core.world.harness import WorldHarness, picture
from tests.core.world.samples import ACCOUNTS, ADDRESSES, OPERATIONS, SESSIONS

STEPS = st.lists(st.tuples(OPERATIONS, st.sampled_from([0.0, 10.0, 61.0])), max_size=60)


def small_world(newcomers=None):
    """Return a world with the rooms 1 and 2, and an account."""
    harness = WorldHarness(newcomers)
    harness.start("1", "2")
    harness.do(AddAccount(ACCOUNTS[0], name_keys(ACCOUNTS[0].name)))
    return harness.world


def check(world):
    """Assert that the parts of a world fit together."""
    users = list(dict.fromkeys(world.sessions.values()))
    for room in world.rooms:
        assert all(room in user.rooms for user in room.members)
        assert set(room.members) <= set(users)
    for user in users:
        assert not user.closed
        assert all(world.rooms.by_key(room.key) is room for room in user.rooms)
        assert all(user in room.members for room in user.rooms)
        assert all(world.sessions[session] is user for session in user.sessions)
        assert user.address == world.address_of(user.sessions[0])
        assert not user.rooms or user.name
        if user.name:
            assert world.names.find(user.keys) is user
        if user.account is not None:
            assert world.user_of(world.accounts.by_id(user.account)) is user
    assert sum(len(user.sessions) for user in users) == len(world.sessions)
    assert all(
        session in world.sessions
        for session in map(world.tokens.present, "abc")
        if session is not None
    )
    for room in world.rooms:
        assert room.restricts_talk == (room.settings.moderated or len(room.mutes) > 0)
        assert all(user.rooms[room] is member for user, member in room.members.items())


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_the_parts_of_a_world_fit_together(steps):
    """After any operations; one that is refused has changed nothing, and has no effects."""
    world, seconds = small_world(), 0.0
    for session in SESSIONS:
        world.session_user(session, ADDRESSES[session])
    for operation, passed in steps:
        seconds += passed
        for session in SESSIONS:
            if session not in world.disconnecting:
                world.session_user(session, ADDRESSES[session])
        world.pass_time(seconds)
        before = picture(world)
        outcome, effects = apply(world, operation, seconds)
        if isinstance(outcome, ChatError):
            assert (effects, picture(world)) == ([], before)
        check(world)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_the_same_operations_make_the_same_world(steps):
    """With the same outcomes and effects: on a server that has the sessions, and on another."""
    newcomers = {session: User(ADDRESSES[session]) for session in SESSIONS}
    owner, other = small_world(newcomers), small_world()
    seconds = 0.0
    for operation, passed in steps:
        seconds += passed
        applied = apply(owner, operation, seconds), apply(other, operation, seconds)
        assert picture(list(applied[0].effects)) == picture(list(applied[1].effects))
        for session in owner.sessions:
            newcomers.pop(session, None)
    other._newcomer = owner._newcomer
    assert picture(owner) == picture(other)


def test_effects_are_those_of_one_operation():
    """The next operation does not have them again; the time is that of the last one."""
    world = World()
    assert apply(world, SettleRoom("1", True), 5.0) == (None, [RoomSettled("1")])
    assert apply(world, SettleRoom("2", True), 6.0) == (None, [RoomSettled("2")])
    assert world.seconds == 6.0


def test_the_effects_before_a_fault_are_lost(monkeypatch):
    """They do not go out with the next operation, which is somebody else's."""
    world = small_world()

    def fail(world, _):
        world.emit(RoomSettled("of the fault"))
        return 1 // 0

    monkeypatch.setitem(_RULES, SetAdmin, fail)
    with pytest.raises(ZeroDivisionError):
        apply(world, SetAdmin(1, True), 1.0)
    assert apply(world, SettleRoom("9", True), 2.0) == (None, [RoomSettled("9")])
