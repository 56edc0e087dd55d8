"""Bans and mutes of a room: whom they restrict, and by which names they are found."""

import pytest

from chatd.core import restrictions
from chatd.core.lookalikes import name_keys
from chatd.core.names import new_name, typed_name
from chatd.core.records import AccessKind, RoomAccess
from chatd.core.restrictions import NO_RESTRICTIONS, Restriction, Restrictions
from chatd.core.rooms import User

THERE, ELSEWHERE = "203.0.113.9", "198.51.100.1"
ORIGIN = f"{THERE}/32"
BAN, MUTE = AccessKind.BAN, AccessKind.MUTE


def guest(name, host=THERE):
    """Return a guest."""
    user = User((host, 1))
    user.name, user.keys = new_name(name)
    user.note_name(name, 0.0)
    return user


def account(name, number, host=THERE):
    """Return the user of an account."""
    user = User((host, 1))
    user.name, user.keys = new_name(name)
    user.account = number
    return user


def rename(user, name):
    """Give a guest another name."""
    user.name, user.keys = new_name(name)
    user.note_name(name, 1.0)


def leave(user):
    """Let a user end."""
    user.note_name("", 2.0)
    user.name, user.keys, user.closed = "", None, True


def on(user, kind=BAN, origin=ORIGIN, ends=None):
    """Return a ban or mute of a user."""
    entry = RoomAccess(kind, user.name, user.account, origin)
    names = user.guest_names if user.account is None else None
    return Restriction(entry, name_keys(user.name), names, ends)


def loaded(name, number=None, kind=BAN, origin=ORIGIN, ends=None):
    """Return a ban or mute as it is in the store."""
    entry = RoomAccess(kind, name, number, origin)
    return Restriction(entry, name_keys(name), None, ends)


def has(restriction, user, name=None):
    """Tell whether a ban or mute restricts a user, who is about to have a name if it is given."""
    return Restrictions([restriction]).has(user, 0, None if name is None else new_name(name))


# -- whom they restrict


@pytest.mark.parametrize("kind", [BAN, MUTE])
def test_an_account(kind):
    """It is restricted as such, whatever its address; other accounts and look-alikes are not."""
    of_amy = on(account("amy", 7), kind)
    assert has(of_amy, account("amy", 7, ELSEWHERE))
    assert not has(of_amy, account("amy", 8))
    assert not has(of_amy, guest("amy", ELSEWHERE))


def test_guests_at_the_address_of_an_account():
    """A ban bars them, so that nobody comes back without the login; a mute does not."""
    amy = account("amy", 7)
    assert has(on(amy, BAN), guest("Bob"))
    assert not has(on(amy, MUTE), guest("Bob"))
    assert not has(on(amy, BAN), guest("Bob", ELSEWHERE))
    assert not has(on(amy, BAN, origin=None), guest("Bob"))


@pytest.mark.parametrize("kind", [BAN, MUTE])
@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("Bob", ELSEWHERE, True),
        ("BOB", ELSEWHERE, True),
        ("b0b", ELSEWHERE, True),
        ("Zoe", THERE, True),
        ("Zoe", "::ffff:" + THERE, True),
        ("Zoe", ELSEWHERE, False),
        ("Zoe", "127.0.0.1", False),
    ],
)
@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_guest_who_comes_back(kind, name, host, expected, is_loaded):
    """A guest is known again by the name or the address, after a restart, too.

    An account is known by the name alone.
    """
    bob = guest("Bob")
    restriction = loaded("Bob", kind=kind) if is_loaded else on(bob, kind)
    leave(bob)
    assert has(restriction, guest(name, host)) == expected
    assert has(restriction, guest("Eve", host), name) == expected
    assert has(restriction, account(name, 7, host)) == (expected and name != "Zoe")
    assert not has(restriction, account("amy", 7, host), name)  # an account keeps its name


@pytest.mark.parametrize(("kind", "expected"), [(BAN, True), (MUTE, False)])
def test_others_at_the_address_of_a_guest_who_is_present(kind, expected):
    """A banned user may be there by a second connection; a mute concerns the first one alone."""
    bob, amy = guest("Bob"), account("Bob", 7)
    restriction = on(bob, kind)
    assert has(restriction, bob)
    assert has(restriction, guest("Zoe")) == expected
    assert not has(restriction, guest("Zoe", ELSEWHERE))
    assert not has(restriction, amy)
    leave(bob)
    assert has(restriction, guest("Zoe"))
    assert has(restriction, amy)


@pytest.mark.parametrize(
    ("host", "expected"), [("2001:db8::2:1", True), ("2001:db8:0:1::1", False)]
)
def test_an_ipv6_address_counts_with_its_network(host, expected):
    """One user has a /64."""
    assert has(loaded("Bob", origin="2001:db8::/64"), guest("Zoe", host)) == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_addresses_of_this_machine_do_not_count(host):
    """All users of it share them; nor does a UNIX socket, which has no address."""
    restriction = loaded("Bob", origin=None)
    assert not has(restriction, guest("Zoe", host))
    user = guest("Zoe")
    user.address = "unix"
    assert not has(restriction, user)


def test_a_guest_who_renames():
    """The guest is restricted all the same, and the former name is free for others meanwhile.

    After the guest has left it is the name of the ban that counts, which nobody else chose.
    """
    bob = guest("Bob", "127.0.0.1")
    restriction = on(bob, origin=None)
    rename(bob, "Victim")
    assert (restriction.name, restriction.entry.name) == ("Victim", "Bob")
    assert has(restriction, bob)
    assert not has(restriction, guest("Bob", ELSEWHERE))
    leave(bob)
    assert restriction.name == "Bob"
    assert has(restriction, guest("Bob", ELSEWHERE))
    assert not has(restriction, guest("Victim", ELSEWHERE))


def test_a_guest_who_resumes():
    """The user is another one, and the same guest."""
    bob, again = guest("Bob", ELSEWHERE), User((ELSEWHERE, 1))
    restriction = on(bob, origin=None)
    rename(bob, "Rob")
    leave(bob)
    again.name, again.keys = new_name("Rob")
    bob.continue_as(again, 3.0)
    assert has(restriction, again)
    assert restriction.name == "Rob"


def test_a_guest_who_logs_in():
    """The session is that of the guest still; later sessions of the account are not."""
    bob = guest("Bob", ELSEWHERE)
    restriction = on(bob, origin=None)
    bob.account = 7
    bob.note_name("", 1.0)
    assert has(restriction, bob)
    assert not has(restriction, account("amy", 7))


def test_a_guest_who_is_about_to_have_another_name():
    """Only the new one counts."""
    restriction = loaded("Bob", origin=None)
    assert not has(restriction, guest("Bob", ELSEWHERE), "Zoe")
    assert has(restriction, guest("Zoe", ELSEWHERE), "Bob")
    assert not has(restriction, User((ELSEWHERE, 1)))  # without a name


def test_the_name_of_a_guest_who_has_gone():
    """Nobody may take it until the end of the ban; that of a guest who is present is another."""
    bob = guest("Bob")
    bans = Restrictions([on(bob, ends=60.0), loaded("amy", 7)])
    assert not bans.has_name(new_name("Bob"), 0)
    leave(bob)
    assert bans.has_name(new_name("b0b"), 59.9)
    assert not bans.has_name(new_name("Bob"), 60.0)
    assert not bans.has_name(new_name("Zoe"), 0)
    assert not bans.has_name(new_name("amy"), 0)


def test_only_those_that_may_be_meant_are_looked_at(monkeypatch):
    """A message in a room with a thousand mutes takes no thousand times as long."""
    looked = []
    is_on = Restriction.is_on

    def look(restriction, *args):
        looked.append(restriction.entry.name)
        return is_on(restriction, *args)

    monkeypatch.setattr(Restriction, "is_on", look)
    mutes = NO_RESTRICTIONS
    for number in range(99):
        mutes = mutes.adding(loaded(f"Bob{number}", kind=MUTE, origin=f"10.0.0.{number}/32"))
    for each in (mutes, mutes.removing(next(iter(mutes)))):
        assert not each.has(guest("Zoe"), 0)
        assert each.has(guest("Bob57"), 0)
        assert each.has(guest("Zoe", "10.0.0.58"), 0)
        assert looked == ["Bob57", "Bob58"]
        looked.clear()


def test_what_has_ended_is_no_obstacle():
    """The one of the same name or address that lasts counts."""
    mutes = Restrictions([loaded("Bob", ends=60.0), loaded("Bob")])
    assert mutes.has(guest("Zoe"), 60.0)
    assert mutes.has(guest("Bob", ELSEWHERE), 60.0)


def test_the_address_is_looked_at_once(monkeypatch):
    """A message in a room with a thousand mutes takes no thousand times as long."""
    looked = []
    limit_key = restrictions.limit_key
    monkeypatch.setattr(restrictions, "limit_key", lambda at: looked.append(at) or limit_key(at))
    mutes = Restrictions(loaded(f"Bob{number}", kind=MUTE, origin=None) for number in range(99))
    assert not mutes.has(guest("Zoe"), 0)
    assert len(looked) == 1


# -- lists


def test_lists_do_not_change():
    """A list with one more or one less is another list; the oldest is the first."""
    first, second, third = (loaded(name, number) for number, name in enumerate(["A", "B", "C"]))
    both = NO_RESTRICTIONS.adding(first).adding(second)
    assert (list(NO_RESTRICTIONS), list(both)) == ([], [first, second])
    assert list(both.adding(third).removing(first)) == [second, third]
    assert list(both.removing_account(1)) == [first]
    assert (len(both), len(NO_RESTRICTIONS)) == (2, 0)


def test_what_has_ended_counts_no_more():
    """At its time."""
    bob = guest("Bob")
    ended = Restrictions([on(bob, ends=60.0)])
    assert ended.has(bob, 59.9)
    assert len(ended.active(59.9)) == 1
    assert not ended.has(bob, 60.0)
    assert ended.entries(60.0) == []
    assert ended.of(bob, None, 60.0) is None
    assert ended.find(typed_name("Bob"), bob, None, 60.0) is None


def test_the_one_of_a_subject():
    """A guest and an account of the same name are different subjects."""
    bob, other = guest("Bob"), guest("Other")
    of_account, of_guest = loaded("Bob", 7), on(bob)
    both = Restrictions([of_guest, of_account])
    assert both.of(None, 7, 0) is of_account
    assert both.of(bob, None, 0) is of_guest
    assert both.of(account("Bob", 7), 7, 0) is of_account
    assert both.of(other, None, 0) is None  # the same address is not the same guest
    assert both.of(None, 8, 0) is None
    assert both.of(None, None, 0) is None


def test_find_by_a_name():
    """That of an account, that of a guest by now, or that of a guest at the time of the ban."""
    bob = guest("Bob")
    of_account, of_guest = loaded("amy", 7), on(bob)
    both = Restrictions([of_account, of_guest])
    assert both.find(typed_name("AMY"), None, 7, 0) is of_account
    rename(bob, "Rob")
    assert both.find(typed_name("Rob"), bob, None, 0) is of_guest
    assert both.find(typed_name("b0b"), None, None, 0) is of_guest
    assert both.find(typed_name("Bob"), guest("Bob", ELSEWHERE), None, 0) is of_guest
    assert both.find(typed_name("Bob"), None, 8, 0) is of_guest  # the account came later
    assert both.find(typed_name("amy"), None, None, 0) is None
    bob.account = 9
    rename(bob, "zoe")
    assert both.find(typed_name("zoe"), bob, 9, 0) is of_guest


def test_find_by_the_address_of_a_user():
    """The one of a name comes first; one that does not restrict the user is not meant."""
    of_present, of_bob = on(guest("Amy"), MUTE), loaded("Bob", kind=MUTE)
    of_zoe = loaded("Zoe", kind=MUTE, origin=None)
    mutes = Restrictions([of_present, of_bob, of_zoe])
    assert mutes.find(typed_name("Eve"), guest("Eve"), None, 0) is of_bob
    assert mutes.find(typed_name("Zoe"), guest("Zoe"), None, 0) is of_zoe
    assert mutes.find(typed_name("Eve"), guest("Eve", ELSEWHERE), None, 0) is None
    assert mutes.find(typed_name("Eve"), account("Eve", 7), 7, 0) is None
    assert mutes.find(typed_name("Eve"), None, None, 0) is None


def test_entries_have_the_names_of_now():
    """A reader of the list sees that guest under that name."""
    bob = guest("Bob")
    restriction = on(bob)
    rename(bob, "Rob")
    (entry,) = Restrictions([restriction]).entries(0)
    assert entry == RoomAccess(BAN, "Rob", None, ORIGIN)
