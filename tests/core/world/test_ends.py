"""The times at which things end, against a list that is sorted."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.world.ends import Ends

TIMES = st.sampled_from([0.0, 1.0, 2.5, 7.0])


@given(st.lists(st.tuples(TIMES, TIMES)))
def test_ends(steps):
    """Each thing comes up once, when its time is there; those of one time in their order."""
    ends, waiting, now = Ends(), [], 0.0
    for number, (until, seconds) in enumerate(steps):
        thing = {"number": number}  # it has no order
        ends.add(now + until, thing)
        waiting.append((now + until, number, thing))
        now += seconds
        ended = sorted(each for each in waiting if each[0] <= now)
        waiting = [each for each in waiting if each[0] > now]
        assert list(ends.take_ended(now)) == [thing for _, _, thing in ended]


def test_things_that_are_added_meanwhile():
    """They come up in the same pass if their time is there."""
    ends = Ends()
    ends.add(1.0, "first")
    passed = []
    for thing in ends.take_ended(2.0):
        passed.append(thing)
        if thing == "first":
            ends.add(2.0, "second")
    assert passed == ["first", "second"]
