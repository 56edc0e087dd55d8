"""The users who are remembered."""

from chatd.core.profiles import NO_PROFILE
from chatd.server.irc.whowas import MAX_USERS, FormerUser, Whowas


def former(name, time=0.0):
    """Return a user who has left."""
    return FormerUser(name, None, NO_PROFILE, time)


def test_find():
    """The last one comes first; the case of the name makes no difference."""
    whowas = Whowas()
    first, second = former("Élan", 1), former("élan", 2)
    for user in (first, former("bob"), second):
        whowas.add(user)
    assert list(whowas.find("ÉLAN")) == [second, first]
    assert list(whowas.find("ÉLAN", 1)) == [second]
    assert list(whowas.find("elan")) == []
    assert list(whowas.find("x" * 1000)) == []


def test_the_oldest_are_forgotten():
    """So many are remembered."""
    whowas = Whowas()
    whowas.add(former("ann"))
    for number in range(MAX_USERS - 1):
        whowas.add(former(f"user{number}"))
    assert len(whowas.find("ann")) == 1
    whowas.add(former("bob"))
    assert len(whowas.find("ann")) == 0
