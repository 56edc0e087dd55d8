"""The contract of `IStore` for the settings of rooms and their access lists."""

from dataclasses import fields, replace

import pytest

from chatd.core.records import AccessKind, RoomAccess, RoomRecord, RoomSettings
from chatd.storage.testing import NOW

SETTINGS = RoomSettings("Teas", "Zoë", NOW, True, True, True, True, "open sesame", 12)
PRIVATE = {"invite_only": True, "unlisted": True}


def reopened(store):
    """Return the rooms as the next server reads them, by their ids."""
    store.crash()
    return {room.id: room for room in store.open().rooms}


def access(store, room="tea"):
    """Return the access list of a room as the next server reads it."""
    return reopened(store)[room].access


def entry(kind, name, account=None, **values):
    """Return an entry that has all values, but for those that are given."""
    values = {"until": NOW + 60, "by": "Ann", "created": NOW, "reason": "spam"} | values
    return RoomAccess(kind, name, account, "203.0.113.9", **values)


# -- settings


def test_a_room_begins_without_settings(store):
    """Neither does the record of a room give it any, nor that of the start of the server."""
    record = RoomRecord("cake", "cake", settings=SETTINGS, access=(entry(AccessKind.BAN, "Bob"),))
    store.add_room(record)
    for room in reopened(store).values():
        assert (room.settings, room.access) == (RoomSettings(), ())


def test_all_settings_are_kept(store):
    """They are those that were set, each with its type."""
    values = {field.name: getattr(SETTINGS, field.name) for field in fields(SETTINGS)}
    store.set_room_settings("TEA", values)
    settings = reopened(store)["tea"].settings
    assert settings == SETTINGS
    assert [type(getattr(settings, name)) for name in values] == list(map(type, values.values()))


def test_some_settings_are_set(store):
    """The others stay as they are, also those of other rooms."""
    store.add_room(RoomRecord("cake", "cake"))
    store.set_room_settings("tea", {"topic": "Teas", "limit": 3})
    store.set_room_settings("cake", {"moderated": True})
    store.set_room_settings("tea", {"limit": 0, "key": "sesame"})
    rooms = reopened(store)
    assert rooms["tea"].settings == RoomSettings(topic="Teas", key="sesame")
    assert rooms["cake"].settings == RoomSettings(moderated=True)


@pytest.mark.parametrize("settings", [PRIVATE, {"invite_only": True, "topic": "Teas"}])
def test_settings_end_with_the_room(store, settings):
    """A room that is started again has none, and none are set while it is not there."""
    store.set_room_settings("tea", settings)
    store.remove_room("tea", 0)
    store.set_room_settings("tea", {"moderated": True})
    store.set_room_settings("unknown", {"moderated": True})
    store.add_room(RoomRecord("tea", "tea"))
    assert reopened(store)["tea"].settings == RoomSettings()


# -- rooms that were private


def test_private_rooms_that_have_ended(store):
    """Their keys and owners are known until they are started again, but nothing else of them."""
    ann = store.add_account("Ann", "1", NOW)
    for room, owner in (("Cake", ann.id), ("beer", None), ("soup", None)):
        store.add_room(RoomRecord(room, room, owner=owner))
    store.set_room_settings("cake", {"topic": "Cakes", **PRIVATE})
    store.set_room_settings("beer", PRIVATE)
    store.set_room_settings("soup", {"invite_only": True})
    store.set_room_settings("tea", {"unlisted": True})
    store.crash()
    assert store.open().ended_private == ()
    for room in ("cake", "beer", "soup", "tea"):
        for _ in range(2):  # a call may be repeated
            store.remove_room(room, 0)
    store.crash()
    assert store.open().ended_private == (("beer", None), ("cake", ann.id))
    store.remove_account("Ann")
    store.add_room(RoomRecord("beer", "beer"))
    store.crash()
    assert store.open("soup").ended_private == (("cake", None),)
    store.crash()
    snapshot = store.open("CAKE")
    assert snapshot.ended_private == ()
    assert [room.settings for room in snapshot.rooms] == [RoomSettings()] * 3


def test_a_room_that_is_not_private_any_more(store):
    """It counts as it is when it ends."""
    store.set_room_settings("tea", PRIVATE)
    store.set_room_settings("tea", {"unlisted": False})
    store.remove_room("tea", 0)
    store.crash()
    assert store.open().ended_private == ()


# -- access lists


def test_an_access_list(store):
    """It has all values of its entries, and is in the order in which they were added."""
    zoe = store.add_account("Zoë", "1", NOW)
    entries = [
        entry(AccessKind.BAN, "Bob"),
        RoomAccess(AccessKind.OPERATOR, "Zoë", zoe.id),
        entry(AccessKind.MUTE, "Bob", until=None),
        entry(AccessKind.INVITATION, "Zoë", zoe.id),
        entry(AccessKind.VOICE, "anna"),
    ]
    for each in entries:
        store.add_room_access("TEA", each)
    assert access(store) == tuple(entries)


def test_an_entry_replaces_that_of_its_subject(store):
    """It does so for the same kind alone, and is the last one then."""
    zoe = store.add_account("Zoë", "1", NOW)
    others = [
        entry(AccessKind.MUTE, "Bob"),
        entry(AccessKind.BAN, "Zoë"),
        entry(AccessKind.MUTE, "Zoë", zoe.id),
        entry(AccessKind.BAN, "Robert"),
    ]
    again = [
        entry(AccessKind.BAN, "BOB", until=None, reason="again"),
        entry(AccessKind.BAN, "Zoë", zoe.id, until=None, reason="again"),
    ]
    for each in (
        entry(AccessKind.BAN, "Bob"),
        entry(AccessKind.BAN, "Zoë", zoe.id),
        *others,
        *again,
    ):
        store.add_room_access("tea", each)
    assert access(store) == (*others, *again)


def test_removing_an_entry(store):
    """The kind and the subject tell which one; that of another room stays."""
    zoe = store.add_account("Zoë", "1", NOW)
    store.add_room(RoomRecord("cake", "cake"))
    ban, mute = entry(AccessKind.BAN, "Bob"), entry(AccessKind.MUTE, "Bob")
    voice, voice_of_guest = entry(AccessKind.VOICE, "Zoë", zoe.id), entry(AccessKind.VOICE, "Zoë")
    for each in (ban, mute, voice, voice_of_guest):
        store.add_room_access("tea", each)
        store.add_room_access("cake", each)
    store.remove_room_access("TEA", RoomAccess(AccessKind.BAN, "bob"))
    store.remove_room_access("tea", replace(voice, name="zoe", until=None))
    store.remove_room_access("tea", entry(AccessKind.OPERATOR, "Bob"))
    store.remove_room_access("unknown", mute)
    assert access(store) == (mute, voice_of_guest)
    assert access(store, "cake") == (ban, mute, voice, voice_of_guest)


def test_entries_that_have_ended(store):
    """Those that ended before a time are removed from all rooms."""
    store.add_room(RoomRecord("cake", "cake"))
    old = entry(AccessKind.BAN, "Bob", until=NOW)
    kept = [entry(AccessKind.BAN, "Ann", until=NOW + 1), entry(AccessKind.BAN, "Cid", until=None)]
    for each in (old, *kept):
        store.add_room_access("tea", each)
        store.add_room_access("cake", each)
    store.remove_room_access_before(NOW + 1)
    rooms = reopened(store)
    assert [rooms[room].access for room in ("tea", "cake")] == [tuple(kept)] * 2


def test_entries_end_with_the_account(store):
    """Those of guests and other accounts stay, and none is added afterwards."""
    ann, zoe = (store.add_account(name, "1", NOW) for name in ("Ann", "Zoë"))
    kept = [entry(AccessKind.BAN, "Zoë", zoe.id), entry(AccessKind.BAN, "Ann")]
    gone = [entry(kind, "Ann", ann.id) for kind in (AccessKind.BAN, AccessKind.OPERATOR)]
    for each in (*gone, *kept):
        store.add_room_access("tea", each)
    store.remove_account("Ann")
    store.add_room_access("tea", gone[0])
    assert access(store) == tuple(kept)


def test_entries_end_with_the_room(store):
    """A room that is started again has none, and none is added while it is not there."""
    ban = entry(AccessKind.BAN, "Bob")
    store.add_room_access("tea", ban)
    store.remove_room("tea", 0)
    store.add_room_access("tea", ban)
    store.add_room_access("unknown", ban)
    store.add_room(RoomRecord("tea", "tea"))
    assert access(store) == ()
    store.add_room_access("tea", ban)
    assert access(store) == (ban,)


# -- several servers


def test_servers_that_share_a_store(new_server):
    """Settings and entries of both are kept, and the last value of each."""
    first, second = new_server(), new_server()
    for server in (first, second):
        server.open("tea", shared=True)
    zoe = first.add_account("Zoë", "1", NOW)
    ban, voice = entry(AccessKind.BAN, "Bob"), entry(AccessKind.VOICE, "Zoë", zoe.id)
    first.set_room_settings("tea", {"topic": "Teas", "limit": 3})
    second.set_room_settings("tea", {"limit": 4})
    for server in (first, second):
        server.add_room_access("tea", ban)
        server.add_room_access("tea", voice)
    second.remove_room_access("tea", ban)
    second.crash()
    (room,) = second.open(shared=True).rooms
    assert room.settings == RoomSettings(topic="Teas", limit=4)
    assert room.access == (voice,)
