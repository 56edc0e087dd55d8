"""The contract of `IStore` for rooms, their order and their last message ids."""

from zope.interface.verify import verifyObject

from chatd.core.records import (
    AccountRef,
    Ban,
    BanKind,
    ResumeToken,
    RoomRecord,
    Snapshot,
    ids_to_reserve,
)
from chatd.core.store import IStore
from chatd.storage.testing import NO_LIMIT, NOW, batch, ids, message, one_by_one

# -- opening


def test_interface(store):
    """The store has all methods of the interface, with the same parameters."""
    assert verifyObject(IStore, store.store)


def test_a_new_store_has_the_rooms_given(harness):
    """The rooms are in the order given, with their last ids, and nothing else is in the store."""
    snapshot = harness.open(("b", "beer", 3), "a")
    assert snapshot == Snapshot(
        [RoomRecord("b", "beer", 3, used=True), RoomRecord("a", "a")], [], [], None, (), []
    )


def test_an_existing_room_keeps_its_name(harness):
    """Only missing rooms are added, last in the order; ids are compared without case."""
    harness.open(("Tea", "black", 0))
    harness.close(Tea=5)
    snapshot = harness.open("cake", ("tEA", "green", 0))
    assert snapshot.rooms == [RoomRecord("Tea", "black", 5, used=True), RoomRecord("cake", "cake")]


def test_a_room_given_twice_is_added_once(harness):
    """The first of two rooms with the same id is added."""
    snapshot = harness.open(("Tea", "black", 0), ("tea", "green", 0))
    assert snapshot.rooms == [RoomRecord("Tea", "black")]


def test_all_data_survives_a_restart(store):
    """Rooms, messages, accounts, bans and resume tokens are still there after a restart."""
    token = ResumeToken("digest", "Zoë", NOW)
    bans = [Ban(BanKind.ADDRESS, "10.0.0.0/8"), Ban(BanKind.NAME, "Bob", NOW)]
    zoe = store.add_account("Zoë", "hash", NOW)
    ann = store.add_account("Ann", "hash", NOW)
    store.add_resume_token(token)
    for ban in bans:
        store.add_ban(ban)
    store.append(one_by_one(message(1)), {})
    store.set_pruned_at(NOW - 120)
    store.set_pruned_at(NOW - 60)
    store.close(tea=1)
    accounts = [AccountRef(zoe.id, "Zoë"), AccountRef(ann.id, "Ann")]
    room = RoomRecord("tea", "tea", 1, int(NOW) + 1, used=True)
    assert store.open() == Snapshot([room], accounts, bans, NOW - 60, (), [])
    assert store.account("Zoë") == zoe
    assert store.resume_token("digest") == token
    assert store.history("tea", None, 9, NO_LIMIT) == [message(1)]


# -- last ids


def test_last_ids_after_a_clean_end(store):
    """A room has the last id given to `close`; one without continues as after a crash."""
    store.add_room(RoomRecord("cake", "cake"))
    store.append([], {"tea": 50_000})
    store.close(TEA=7)
    assert [room.last_id for room in store.open().rooms] == [7, ids_to_reserve(0)]


def test_last_ids_after_a_crash(store):
    """A room continues behind the reserved ids, after each of two crashes."""
    store.crash()
    assert store.open().rooms[0].last_id == ids_to_reserve(0)
    store.crash()
    assert store.open().rooms[0].last_id == ids_to_reserve(0) + ids_to_reserve(ids_to_reserve(0))


def test_append_never_reserves_fewer_ids(store):
    """A reservation that is lower than the one before has no effect."""
    store.append(one_by_one(message(1)), {"Tea": 50_000})
    store.append(one_by_one(message(2)), {"tea": 40_000})
    store.crash()
    assert store.open().rooms[0].last_id == 50_000


def test_a_new_room_reserves_ids(store):
    """A room that was added continues behind its reserved ids after a crash."""
    assert store.add_room(RoomRecord("cake", "cake")) == 0
    store.crash()
    assert store.open().rooms[1].last_id == ids_to_reserve(0)


# -- adding and removing rooms


def test_rooms_are_in_the_order_of_their_creation(store):
    """A room that was removed and added again is last."""
    store.add_room(RoomRecord("a", "a"))
    store.add_room(RoomRecord("b", "b"))
    store.remove_room("tea", 0)
    store.add_room(RoomRecord("tea", "tea"))
    store.close()
    assert [room.id for room in store.open("c").rooms] == ["a", "b", "tea", "c"]


def test_a_removed_room_stays_removed(store):
    """The room is missing after a restart, and given again it continues after its last id."""
    store.remove_room("tea", 9)
    store.close()
    assert store.open().rooms == []
    store.crash()
    assert store.open(("Tea", "new", 0)).rooms == [RoomRecord("Tea", "new", 9)]


def test_a_room_added_again_continues_after_its_last_id(store):
    """The room has its new name and spelling, and exactly the last id of the removed one."""
    store.remove_room("tea", 9)
    assert store.add_room(RoomRecord("TEA", "green")) == 9
    store.close(tea=9)
    assert store.open().rooms == [RoomRecord("TEA", "green", 9)]


def test_messages_are_removed_with_their_room(store):
    """They do not come back with the room, and neither do messages that were appended too late."""
    store.append([batch(1, 3)], {})
    store.remove_room("tea", 4)
    assert store.history("tea", None, 9, NO_LIMIT) == []
    store.append([batch(4)], {})
    store.add_room(RoomRecord("tea", "tea"))
    assert store.history("tea", None, 9, NO_LIMIT) == []
    assert store.history("tea", 0, 9, NO_LIMIT) == []
    store.append([batch(5)], {})
    assert ids(store.history("tea", 0, 9, NO_LIMIT)) == [5]


def test_a_long_history_is_removed_with_its_room(store):
    """No reader sees it from then on, and `prune` removes what `remove_room` left."""
    store.append([batch(n) for n in range(1, 128_000, 64)], {})
    store.remove_room("tea", 128_000)
    store.add_room(RoomRecord("tea", "tea"))
    store.append([batch(128_001)], {})
    assert ids(store.history("tea", None, 9, NO_LIMIT)) == [128_001]
    while (removed := store.prune(0.0)) is not None:
        assert removed == 0
    assert ids(store.history("tea", None, 9, NO_LIMIT)) == [128_001]


# -- who owns a room, and whether it was ever used


def test_a_room_keeps_its_owner(store):
    """The owner is that of the room's creation, until its account is removed."""
    ann = store.add_account("Ann", "1", NOW)
    store.add_room(RoomRecord("cake", "cake", owner=ann.id))
    store.add_room(RoomRecord("beer", "beer", permanent=True))
    store.close()
    assert store.open().rooms[1:] == [
        RoomRecord("cake", "cake", ids_to_reserve(0), owner=ann.id),
        RoomRecord("beer", "beer", ids_to_reserve(0), permanent=True),
    ]
    store.remove_account("Ann")
    store.close()
    assert [room.owner for room in store.open().rooms] == [None] * 3


def test_a_room_given_at_the_start_becomes_permanent(store):
    """A room that was there stays permanent from then on."""
    store.add_room(RoomRecord("cake", "cake"))
    store.crash()
    store.open(("CAKE", "cake", 0, 0.0, None, True))
    store.crash()
    assert [room.permanent for room in store.open().rooms] == [False, True]


def test_a_room_keeps_the_time_of_its_creation(store):
    """A start that asks for a room that is there does not change it; a new room has another."""
    store.add_room(RoomRecord("cake", "cake", created=NOW))
    store.close()
    store.open(("cake", "cake", 0, 0.0, None, True, NOW + 1), ("b", "b", 0, 0.0, None, True, NOW))
    store.close()
    assert [room.created for room in store.open().rooms] == [0.0, NOW, NOW]
    store.remove_room("cake", 0)
    store.add_room(RoomRecord("cake", "cake", created=NOW + 2))
    store.close()
    assert [room.created for room in store.open().rooms] == [0.0, NOW, NOW + 2]


def test_a_room_is_used_once_something_was_said(store):
    """Crashes do not make a room used, and the removal of its messages does not make it unused."""
    store.crash()
    assert not store.open().rooms[0].used
    store.crash()
    first = store.open().rooms[0].last_id + 1
    store.append([batch(first)], {})
    store.close(tea=first)
    assert store.open().rooms[0].used
    while store.prune(NOW + 9) is not None:
        pass
    store.close(tea=first)
    assert store.open().rooms[0].used
    store.remove_room("tea", first)
    store.add_room(RoomRecord("tea", "tea"))
    store.crash()
    assert not store.open().rooms[0].used
