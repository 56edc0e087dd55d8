"""The accounts of the world, without operations."""

import pytest

from chatd.core.lookalikes import name_keys
from chatd.core.records import AccountRef
from chatd.core.world.accounts import KnownAccounts

ANN, BOB = AccountRef(1, "ann"), AccountRef(2, "bob")


@pytest.fixture
def accounts():
    """Return two accounts, of which the first ignores the second."""
    accounts = KnownAccounts()
    for account in (ANN, BOB):
        accounts.add(account, name_keys(account.name))
    accounts.set_ignored(ANN.id, BOB, True)
    return accounts


def test_find(accounts):
    """An account is found by its id, and by any name that counts as its own."""
    assert (accounts.by_id(2), accounts.by_id(3)) == (BOB, None)
    assert accounts.find(name_keys("B0B")) == BOB
    assert accounts.find_all(name_keys("b0b")) == [BOB]
    assert accounts.find(name_keys("zoe")) is None
    assert accounts.keys(2) == name_keys("bob")


def test_remove(accounts):
    """It is gone with its rights, and nobody ignores it; the next one of the name has nothing."""
    accounts.set_admin(BOB.id, True)
    assert accounts.remove(BOB.id) == BOB
    assert accounts.remove(BOB.id) is None
    assert accounts.find(name_keys("bob")) is None
    assert not accounts.is_admin(BOB.id)
    assert accounts.ignored_by(ANN.id).names == ()
    accounts.add(BOB._replace(id=3), name_keys("bob"))
    assert not accounts.is_admin(3)


def test_the_list_of_a_removed_account_is_gone(accounts):
    """Whom it ignored nobody knows any more."""
    accounts.remove(ANN.id)
    assert accounts.ignored_by(ANN.id).names == ()


def test_admins(accounts):
    """Neither a guest nor an account that does not exist is an administrator."""
    accounts.set_admin(ANN.id, True)
    accounts.set_admin(7, True)
    accounts.set_admin(BOB.id, False)
    assert [accounts.is_admin(account) for account in (ANN.id, BOB.id, 7, None)] == [
        *(True, False, False, False)
    ]
    accounts.set_admin(ANN.id, False)
    assert not accounts.is_admin(ANN.id)


def test_the_list_of_administrators(accounts):
    """It has those that exist, in the order of their ids."""
    assert accounts.admins == []
    for account in (BOB.id, ANN.id, 7):
        accounts.set_admin(account, True)
    assert accounts.admins == [ANN, BOB]
    accounts.remove(ANN.id)
    assert accounts.admins == [BOB]


def test_ignored(accounts):
    """A list that was given out does not change with the account's."""
    ignored = accounts.ignored_by(ANN.id)
    accounts.set_ignored(ANN.id, BOB, False)
    assert (ignored.names, accounts.ignored_by(ANN.id).names) == (("bob",), ())
    accounts.set_ignored(BOB.id, ANN, False)
    assert accounts.ignored_by(BOB.id).names == ()


@pytest.mark.parametrize(
    ("name", "account", "is_former"),
    [
        ("bob", 2, False),
        ("B0b", 2, False),
        ("bob", 1, True),
        ("bob", None, True),
        ("zoe", 1, False),
    ],
)
def test_former_names(accounts, name, account, is_former):
    """A name is a former one where only another account has it now."""
    assert accounts.is_former(name, account) is is_former
