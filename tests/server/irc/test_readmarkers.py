"""The times up to which users have read, in memory."""

from gc import collect
from weakref import ref

from chatd.core.rooms import User
from chatd.server.irc.readmarkers import MAX_ACCOUNTS, MAX_MARKERS, ReadMarkers

EARLY, LATE = "2026-11-20T14:51:16.042Z", "2026-11-20T14:51:17.000Z"


def test_times_only_rise():
    """The latest counts, and so does the highest id."""
    markers = ReadMarkers()
    assert markers.get(7, "#tea") is None
    assert markers.id_of(7, "#tea") == 0
    assert markers.raise_to(7, "#tea", LATE, 5) == LATE
    assert markers.raise_to(7, "#tea", EARLY, 6) == LATE
    assert markers.raise_to(7, "#tea", EARLY) == LATE
    assert (markers.get(7, "#tea"), markers.id_of(7, "#tea")) == (LATE, 6)


def test_owners_and_targets_are_apart():
    """Each owner has times for each target, whatever the case of its letters."""
    markers = ReadMarkers()
    markers.raise_to(7, "#Tea", LATE)
    assert markers.get(7, "#tEA") == LATE
    assert markers.get(7, "#cake") is None
    assert markers.get(8, "#tea") is None


def test_the_oldest_is_forgotten():
    """An owner has not more than so many; one that is set again is not the oldest."""
    markers, guest = ReadMarkers(), User(None)
    for owner in (7, guest):
        markers.raise_to(8, "#t1", EARLY)
        for number in range(MAX_MARKERS):
            markers.raise_to(owner, f"#t{number}", EARLY)
        markers.raise_to(owner, "#t0", LATE)
        markers.raise_to(owner, "#new", LATE)
        found = [markers.get(owner, f"#t{number}") for number in range(3)]
        assert found == [LATE, None, EARLY]
        assert markers.get(8, "#t1") == EARLY


def test_many_accounts():
    """Those of the account that set one longest ago are forgotten."""
    markers = ReadMarkers()
    for account in range(MAX_ACCOUNTS):
        markers.raise_to(account, "#tea", EARLY)
    markers.raise_to(0, "#tea", LATE)
    markers.raise_to(-1, "#tea", LATE)
    assert [markers.get(account, "#tea") for account in range(3)] == [LATE, None, EARLY]


def test_a_guest_who_leaves():
    """Nothing is left of the guest."""
    markers, guest = ReadMarkers(), User(None)
    markers.raise_to(guest, "#tea", EARLY)
    assert markers.get(guest, "#TEA") == EARLY
    gone = ref(guest)
    del guest
    collect()
    assert gone() is None
    assert len(markers._of_guests) == 0
