"""The times up to which users have read, in memory."""

from chatd.server.irc.readmarkers import MAX_MARKERS, ReadMarkers

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
    """There are not more than so many; one that is set again is not the oldest."""
    markers = ReadMarkers()
    for number in range(MAX_MARKERS):
        markers.raise_to(number, "#tea", EARLY)
    markers.raise_to(0, "#tea", LATE)
    markers.raise_to(-1, "#tea", LATE)
    assert markers.get(1, "#tea") is None
    assert markers.get(0, "#tea") == LATE
    assert markers.get(2, "#tea") == EARLY
