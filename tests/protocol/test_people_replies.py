"""Replies about users: how they are made of the members of a room."""

import pytest

from chatd.core.rooms import Member, Role, User
from chatd.protocol.people_replies import MAX_HERE, MemberList, OthersHere
from chatd.protocol.replies import MAX_MEMBERS


@pytest.fixture
def users():
    """Return more users than a list has."""
    users = [User("unix") for _ in range(MAX_MEMBERS + 2)]
    for number, user in enumerate(users):
        user.name = f"u{number}"
    return users


def test_lists_are_bounded(users):
    """A list has the first members in the order of joining, and the number of the others."""
    listed = MemberList.of({user: Member(Role.NONE, 0.0) for user in users})
    assert (len(listed.members), listed.more) == (MAX_MEMBERS, 2)
    assert listed.members[0].name == "u0"


@pytest.mark.parametrize("at", [0, 5, MAX_HERE])
def test_others_here(users, at):
    """The first ones are named, in the order of joining, and the reader is not counted."""
    members = users[: MAX_HERE + 3]
    reader = members[at]
    here = OthersHere.of(members, reader)
    names = [user.name for user in members if user is not reader]
    assert here == OthersHere(tuple(names[:MAX_HERE]), 2)


def test_nobody_else_is_here(users):
    """Then there is no reply; a reader who has left meanwhile is not counted either."""
    assert OthersHere.of(users[:1], users[0]) is None
    assert OthersHere.of(users[1:2], users[0]) == OthersHere(("u1",))
