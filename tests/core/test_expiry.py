"""The end of rooms in which nothing was ever said."""

import pytest

from chatd.core.expiry import EMPTY_SECONDS
from chatd.daemon.maintenance import MAINTENANCE_SECONDS
from chatd.testing import MemoryServer


@pytest.fixture
def server():
    """Return a server with a room that was given at its start."""
    return MemoryServer(rooms=(("given", "given"),), rooms_per_client=9)


def pass_time(server, seconds):
    """Let time pass, with all runs of the maintenance."""
    for _ in range(int(seconds / MAINTENANCE_SECONDS)):
        server.turn(MAINTENANCE_SECONDS)


def room_ids(server):
    """Return the ids of all rooms."""
    return [room.id for room in server.service.chat.rooms()]


def test_an_unused_room_of_a_guest_ends(server):
    """It ends after a day; rooms in which something was said, or with members, do not."""
    guest = server.connect()
    guest.send("`start empty empty", "`start used used", "`enter used Bob", "hi", "`quit")
    guest.send("`enter member Bob")
    server.console("start console console")
    pass_time(server, EMPTY_SECONDS - MAINTENANCE_SECONDS)
    assert room_ids(server) == ["given", "empty", "used", "member", "console"]
    pass_time(server, 6 * MAINTENANCE_SECONDS)
    assert room_ids(server) == ["given", "used", "member", "console"]


def test_a_member_makes_the_day_begin_anew(server):
    """A room that somebody joined in between is kept for a day after they left."""
    guest = server.connect()
    guest.send("`start tea tea")
    pass_time(server, EMPTY_SECONDS / 2)
    guest.send("`enter tea Bob", "`quit")
    pass_time(server, EMPTY_SECONDS - MAINTENANCE_SECONDS)
    assert "tea" in room_ids(server)
    pass_time(server, 6 * MAINTENANCE_SECONDS)
    assert room_ids(server) == ["given"]


def test_the_room_of_an_account_stays_until_the_account_is_removed(server):
    """A room with an owner does not end; without the owner it is like that of a guest."""
    ann = server.connect()
    ann.send("`register Ann password", "`start tea tea")
    pass_time(server, 2 * EMPTY_SECONDS)
    assert "tea" in room_ids(server)
    server.console("unregister Ann")
    pass_time(server, EMPTY_SECONDS + 6 * MAINTENANCE_SECONDS)
    assert room_ids(server) == ["given"]
