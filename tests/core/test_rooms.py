"""Rooms and their members."""

from chatd.core.rooms import Role, Room, User


def test_membership_is_one_record():
    """The room and the user have the same record, in the order of joining."""
    tea, food = Room("Tea", "tea house", 7), Room("2", "food")
    ann, bob = User("unix"), User("unix")
    for room in (tea, food):
        room.add(ann, 5.0)
    tea.add(bob, 6.0)
    assert (tea.key, tea.last_id) == ("tea", 7)
    assert list(ann.rooms) == [tea, food]
    assert list(tea.members) == [ann, bob]
    assert ann.rooms[tea] is tea.members[ann]
    assert (tea.members[bob].role, tea.members[bob].joined_at) == (Role.NONE, 6.0)
    tea.remove(ann)
    assert (list(ann.rooms), list(tea.members)) == ([food], [bob])
