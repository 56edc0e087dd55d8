"""The contract of `IStore` for several servers, of which one stores the messages.

A server that hangs is one that does nothing while others go on.
"""

import pytest

from chatd.core.errors import ChatError, ErrorCode, StoreError, StoreUnavailableError
from chatd.core.records import Ban, BanKind, ResumeToken, RoomRecord, ids_to_reserve
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import NO_LIMIT, NOW, batch, ids


def stored(server):
    """Return the ids of the messages of the room."""
    return ids(server.history("tea", 0, 99, NO_LIMIT))


@pytest.fixture
def servers(new_server):
    """Return two servers that share a store with the room `tea`; none of them appends."""
    servers = new_server(), new_server()
    for server in servers:
        server.open("tea", shared=True)
    return servers


@pytest.fixture
def both(servers):
    """Return two servers, of which the first one appends, and has stored a message."""
    assert servers[0].take_over() == 0
    servers[0].append([batch(1)], {}, 10)
    return servers


# -- the position


def test_the_position(store):
    """It is stored with the messages, and stays until another one is given, also at a restart."""
    assert store.take_over() == 0
    store.append([batch(1)], {}, 7)
    store.append([batch(2)], {})
    assert store.take_over() == 7
    store.append([batch(3)], {"tea": 20_000}, 10**12)
    store.close()
    store.open()
    assert store.take_over() == 10**12
    assert stored(store) == [1, 2, 3]


def test_a_position_that_is_repeated(store):
    """A write that is repeated may have the same position, and one without messages has one."""
    for _ in range(2):
        store.append([batch(1)], {}, 7)
    assert store.take_over() == 7
    store.append([], {}, 8)
    assert store.take_over() == 8
    assert stored(store) == [1]


@pytest.mark.parametrize(("reserved", "position"), [({"tea": 10**30}, 8), ({}, 10**30)])
def test_the_position_and_the_messages(store, reserved, position):
    """Both are stored, or none of them."""
    if isinstance(store.store, MemoryStore):
        pytest.skip("nothing fails in memory")
    store.append([batch(1)], {}, 7)
    with pytest.raises(Exception, match=r"(?i)too large|out of range"):
        store.append([batch(2)], reserved, position)
    assert (stored(store), store.take_over()) == ([1], 7)


# -- who may open the store


def test_a_server_that_is_alone_keeps_others_out(new_server):
    """Neither another one nor one that shares the store opens it, until the first is closed."""
    alone, other = new_server(), new_server()
    alone.open("tea")
    for shared in (False, True):
        with pytest.raises(StoreError, match="in use by another"):
            other.open(shared=shared)
    alone.close()
    other.open(shared=True)


def test_servers_that_share_a_store_keep_others_out(servers, new_server):
    """A server opens it alone when all of them are gone, however they end."""
    alone = new_server()
    for end in (servers[0].crash, servers[1].close):
        with pytest.raises(StoreError, match="in use by another"):
            alone.open()
        end()
    alone.open()
    alone.append([batch(1)], {})


def test_each_server_changes_everything_but_messages(servers):
    """A server reads the changes of the other one."""
    first, second = servers
    ann = first.add_account("Ann", "1", NOW)
    assert second.add_room(RoomRecord("cake", "cake", owner=ann.id)) == 0
    assert first.add_room(RoomRecord("beer", "beer")) == 0
    second.add_resume_token(ResumeToken("a", "Ann", NOW))
    first.add_ban(Ban(BanKind.NAME, "Bob"))
    second.add_ban(Ban(BanKind.NAME, "Bob", NOW))
    assert first.resume_token("a") == ResumeToken("a", "Ann", NOW)
    first.remove_room("beer", 3)
    second.crash()
    snapshot = second.open(shared=True)
    assert [(room.id, room.owner) for room in snapshot.rooms] == [("tea", None), ("cake", ann.id)]
    assert snapshot.bans == [Ban(BanKind.NAME, "Bob", NOW)]


def test_two_servers_register_one_name(servers):
    """The second one is refused, also if the names only count as the same."""
    first, second = servers
    ann = first.add_account("Ann", "1", NOW, "of the first")
    for name in ("Ann", "ann"):
        with pytest.raises(ChatError) as error:
            second.add_account(name, "2", NOW, "of the second")
        assert error.value.code is ErrorCode.NAME_IN_USE
        assert error.value.params == {"name": "Ann"}
    assert second.accounts() == [ann]


def test_a_room_that_another_server_removes(both):
    """Messages from before its end do not bring it back, nor do they change its last id."""
    first, second = both
    second.remove_room("tea", 2)
    first.append([batch(2)], {"tea": 20_000}, 11)
    assert stored(first) == []
    assert second.add_room(RoomRecord("tea", "green tea")) == 2
    assert stored(first) == []
    first.append([batch(3)], {"tea": 20_000}, 12)
    second.remove_room("tea", 3)
    first.append([], {"tea": 30_000}, 13)
    for server in both:
        server.crash()
    assert first.open().rooms == []


# -- ids


def test_the_last_ids_of_a_further_server(servers, new_server):
    """They are above those that the others give, and more are reserved."""
    third = new_server()
    reserved = third.open(shared=True).rooms[0].last_id
    assert reserved >= ids_to_reserve(0)
    for server in (*servers, third):
        server.crash()
    assert third.open().rooms[0].last_id > reserved


def test_the_last_server_sets_the_last_ids(both):
    """One that is closed while another goes on does not: that one gives further ids."""
    first, second = both
    first.close(tea=1)
    second.take_over()
    second.append([batch(2)], {})
    second.crash()
    assert second.open(shared=True).rooms[0].last_id >= ids_to_reserve(0)
    second.close(tea=2)
    assert second.open(shared=True).rooms[0].last_id == 2


# -- who appends


def test_nobody_appends_before_taking_over(servers):
    """A server that shares the store has to take over, also if no other one appends."""
    for server in servers:
        for position in (None, 7):
            with pytest.raises(StoreUnavailableError):
                server.append([batch(1)], {}, position)
    assert stored(servers[0]) == []
    assert servers[0].take_over() == 0


def test_one_server_appends(both):
    """Another one that takes over is refused as long as the first is alive, which goes on."""
    first, second = both
    with pytest.raises(StoreUnavailableError) as error:
        second.take_over()
    assert "another server stores the messages" in error.value.reason
    with pytest.raises(StoreUnavailableError) as error:
        second.append([batch(2)], {}, 20)
    assert error.value.reason == "this server does not store messages"
    first.append([batch(2)], {}, 11)
    assert stored(second) == [1, 2]


@pytest.mark.parametrize("end", ["close", "crash"])
def test_the_next_server(both, end):
    """When the server that appends has ended, another one goes on at its position."""
    first, second = both
    getattr(first, end)()
    assert second.take_over() == 10
    second.append([batch(2)], {"tea": 20_000}, 11)
    first.open(shared=True)
    with pytest.raises(StoreUnavailableError):
        first.append([batch(3)], {}, 12)
    assert (stored(first), second.take_over()) == ([1, 2], 11)


@pytest.mark.parametrize("position", [None, 12])
@pytest.mark.parametrize("reserved", [{}, {"tea": 30_000}])
@pytest.mark.parametrize("end", [None, "close", "crash"])
def test_a_server_that_hangs_is_replaced(both, position, reserved, end):
    """It appends nothing from then on, also when the one that took its place is gone."""
    hanging, second = both
    assert second.take_over(force=True) == 10
    second.append([batch(2)], {}, 11)
    if end is not None:
        getattr(second, end)()
    for _ in range(2):
        with pytest.raises(StoreUnavailableError) as error:
            hanging.append([batch(3)], reserved, position)
        assert error.value.reason
    assert stored(hanging) == [1, 2]


def test_a_server_that_was_replaced_takes_over_again(both):
    """It goes on at the position of the other one, and that one appends nothing any more."""
    first, second = both
    second.take_over(force=True)
    second.append([batch(2)], {}, 11)
    with pytest.raises(StoreUnavailableError):
        first.take_over()
    assert first.take_over(force=True) == 11
    first.append([batch(3)], {}, 12)
    with pytest.raises(StoreUnavailableError):
        second.append([batch(4)], {}, 13)
    first.crash()
    with pytest.raises(StoreUnavailableError):
        second.append([batch(4)], {}, 13)
    second.add_account("Ann", "1", NOW)
    assert second.take_over() == 12
    second.append([batch(4)], {}, 13)
    assert stored(second) == [1, 2, 3, 4]


def test_taking_over_twice(both):
    """The server that appends goes on, also with force."""
    first, _ = both
    for position, force in ((10, False), (11, True)):
        assert first.take_over(force=force) == position
        first.append([batch(position)], {}, position + 1)
    assert stored(first) == [1, 10, 11]


def test_force_without_need(servers):
    """If nobody appends, it changes nothing."""
    assert servers[1].take_over(force=True) == 0
    servers[1].append([batch(1)], {}, 1)
    assert stored(servers[0]) == [1]


def test_the_size_of_the_history_after_taking_over(both):
    """The bytes that the other server has written count."""
    first, second = both
    for number in range(64, 64 * 11, 64):
        first.append([batch(number)._replace(texts=["x" * 1000])], {})
    second.take_over(force=True)
    for number in range(64 * 11, 64 * 21, 64):
        second.append([batch(number)._replace(texts=["x" * 1000])], {})
    while second.trim("tea", 5_500):
        pass
    assert stored(second) == list(range(64 * 16, 64 * 21, 64))
    assert 5_000 < second.room_usage()["tea"].size < 5_500
