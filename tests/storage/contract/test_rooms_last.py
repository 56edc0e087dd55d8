"""What every store does with rooms, their counts and their order: `IStore`, line by line."""

from storage.contract.messages import ALL, NOW, burst, bursts, ids, said, talk
from zope.interface.verify import verifyObject

from chatd.core.ports import IStore
from chatd.core.records import (
    AccountRef,
    Ban,
    BanKind,
    ResumeToken,
    RoomRecord,
    Snapshot,
    ids_to_reserve,
)

# -- opening


def test_interface(opened):
    """It is what it says."""
    assert verifyObject(IStore, opened.store)


def test_a_new_store_has_the_rooms_given(kept):
    """In their order, with their counts; there is nothing else in it."""
    contents = kept.open(("b", "beer", 3), "a")
    assert contents == Snapshot([RoomRecord("b", "beer", 3), RoomRecord("a", "a", 0)], [], [])


def test_a_room_that_is_there_keeps_its_name(kept):
    """Only rooms that are lacking are added, last; case does not count."""
    kept.open(("Tea", "black", 0))
    kept.close(Tea=5)
    contents = kept.open("cake", ("tEA", "green", 0))
    assert contents.rooms == [RoomRecord("Tea", "black", 5), RoomRecord("cake", "cake", 0)]


def test_a_room_given_twice_is_one(kept):
    """The first one counts."""
    assert kept.open(("Tea", "black", 0), ("tea", "green", 0)).rooms == [RoomRecord("Tea", "black")]


def test_everything_is_there_again(opened):
    """Rooms, messages, accounts, bans and logins last."""
    login = ResumeToken("digest", "Zoë", NOW)
    bans = [Ban(BanKind.ADDRESS, "10.0.0.0/8"), Ban(BanKind.NAME, "Bob", NOW)]
    account = opened.add_account("Zoë", "hash", NOW)
    other = opened.add_account("Ann", "hash", NOW)
    opened.add_login(login)
    for ban in bans:
        opened.add_ban(ban)
    opened.keep(bursts(said(1)), {})
    opened.close(tea=1)
    accounts = [AccountRef(account.id, "Zoë"), AccountRef(other.id, "Ann")]
    assert opened.open() == Snapshot([RoomRecord("tea", "tea", 1)], accounts, bans)
    assert opened.account("Zoë") == account
    assert opened.login("digest") == login
    assert opened.history("tea", None, 9, ALL) == [said(1)]


# -- counts


def test_counts_after_a_clean_end(opened):
    """They are what they were, by ids in any case; a room not mentioned goes on as after a crash."""
    opened.add_room("cake", "cake")
    opened.keep([], {"tea": 50_000})
    opened.close(TEA=7)
    assert [room.count for room in opened.open().rooms] == [7, ids_to_reserve(0)]


def test_counts_after_a_crash(opened):
    """Ids go on behind all that were reserved, each time."""
    opened.crash()
    assert opened.open().rooms[0].count == ids_to_reserve(0)
    opened.crash()
    assert opened.open().rooms[0].count == ids_to_reserve(0) + ids_to_reserve(ids_to_reserve(0))


def test_reserved_ids_are_not_given_again(opened):
    """What is reserved as messages are kept is never lowered by that."""
    opened.keep(bursts(said(1)), {"Tea": 50_000})
    opened.keep(bursts(said(2)), {"tea": 40_000})
    opened.crash()
    assert opened.open().rooms[0].count == 50_000


def test_a_room_started_reserves_ids(opened):
    """As one does that is there at the start."""
    assert opened.add_room("cake", "cake") == 0
    opened.crash()
    assert opened.open().rooms[1].count == ids_to_reserve(0)


# -- rooms that come and go


def test_rooms_are_in_the_order_in_which_they_were_started(opened):
    """One that was ended and started again is last."""
    opened.add_room("a", "a")
    opened.add_room("b", "b")
    opened.remove_room("tea", 0)
    opened.add_room("tea", "tea")
    opened.close()
    assert [room.id for room in opened.open("c").rooms] == ["a", "b", "tea", "c"]


def test_a_room_that_was_ended_is_gone(opened):
    """Also after a start, unless it is one that has to be there; its count then goes on."""
    opened.remove_room("tea", 9)
    opened.close()
    assert opened.open().rooms == []
    opened.crash()
    assert opened.open(("Tea", "new", 0)).rooms == [RoomRecord("Tea", "new", 9)]


def test_the_count_of_a_room_started_again_goes_on(opened):
    """Exactly, with its new name and spelling."""
    opened.remove_room("tea", 9)
    assert opened.add_room("TEA", "green") == 9
    opened.close(tea=9)
    assert opened.open().rooms == [RoomRecord("TEA", "green", 9)]


def test_history_goes_with_its_room(opened):
    """It does not come back with the room; what was kept late does not either."""
    talk(opened, 3)
    opened.remove_room("tea", 4)
    assert opened.history("tea", None, 9, ALL) == []
    opened.keep(bursts(said(4)), {})
    opened.add_room("tea", "tea")
    assert opened.history("tea", None, 9, ALL) == opened.history("tea", 0, 9, ALL) == []
    opened.keep(bursts(said(5)), {})
    assert ids(opened.history("tea", 0, 9, ALL)) == [5]


def test_a_long_history_goes_with_its_room(opened):
    """It is out of sight at once, and what cannot be removed at once goes with what is too old."""
    opened.keep([burst(n, 1) for n in range(1, 128_000, 64)], {})
    opened.remove_room("tea", 128_000)
    opened.add_room("tea", "tea")
    opened.keep(bursts(said(128_001)), {})
    assert ids(opened.history("tea", None, 9, ALL)) == [128_001]
    while opened.prune(0.0):
        pass
    assert ids(opened.history("tea", None, 9, ALL)) == [128_001]
