"""Lists of ignored users: which messages they have."""

from chatd.core.ignorelist import GuestNames, IgnoreList


def test_accounts():
    """A message counts by the account of its sender, whatever the name."""
    ignored = IgnoreList({7: "bob"})
    assert ignored.has("bob", 7, 0.0)
    assert ignored.has("robert", 7, 0.0)
    assert not ignored.has("bob", 8, 0.0)
    assert not ignored.has("bob", None, 0.0)


def test_the_names_of_a_guest():
    """Each former name counts up to the change, so that others may have it later."""
    names = GuestNames("Bob")
    names.change("Rob", 10.0)
    names.change("Rob", 15.0)
    names.change("Robert", 20.0)
    ignored = IgnoreList({}, (names,))
    assert ignored.names == ("Robert",)
    assert ignored.has("Bob", None, 10.0)
    assert not ignored.has("Bob", None, 10.5)
    assert ignored.has("Rob", None, 20.0)
    assert ignored.has("Robert", None, 99.0)
    assert not ignored.has("Robert", 7, 99.0)


def test_a_guest_who_has_gone():
    """The last messages still count; later lists do not have the guest."""
    names = GuestNames("Bob")
    ignored = IgnoreList({7: "zoe"}, (names,))
    names.change("", 10.0)
    assert ignored.names == ("zoe",)
    assert ignored.has("Bob", None, 10.0)
    assert len(IgnoreList(ignored.accounts, ignored.guests)) == 1
