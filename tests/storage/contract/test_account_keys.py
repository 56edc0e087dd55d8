"""The contract of `IStore` for the certificates with which their holders log in to accounts."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import AccountKey, AccountRef
from chatd.storage.testing import NOW


@pytest.fixture
def keyed(store):
    """Return a store with the accounts Ann, who has the keys a1 and a2, and Bob, who has b1."""
    store.ann, store.bob = (store.add_account(name, "1", NOW).id for name in ("Ann", "Bob"))
    for account, name, at in ((store.ann, "a2", 2), (store.ann, "a1", 1), (store.bob, "b1", 3)):
        assert store.add_account_key(account, AccountKey(name, NOW + at), 2)
    return store


def fingerprints(store, account):
    """Return the fingerprints of the keys of an account."""
    return [key.fingerprint for key in store.account_keys(account)]


def test_keys(keyed):
    """An account has its own, the oldest first, and each leads to it, also after a crash."""
    keyed.crash()
    keyed.open()
    assert keyed.account_keys(keyed.ann) == [AccountKey("a1", NOW + 1), AccountKey("a2", NOW + 2)]
    assert fingerprints(keyed, keyed.bob) == ["b1"]
    assert keyed.account_of_key("a2") == AccountRef(keyed.ann, "Ann")
    assert keyed.account_of_key("b1") == AccountRef(keyed.bob, "Bob")
    assert keyed.account_of_key("x") is None


def test_a_key_is_added_once(keyed):
    """The one that is there stays, also where no further one may be added."""
    assert keyed.add_account_key(keyed.ann, AccountKey("a1", NOW + 9), 2)
    assert keyed.account_keys(keyed.ann)[0] == AccountKey("a1", NOW + 1)


def test_too_many_keys(keyed):
    """No more than the limit are added to an account; the keys of others do not count."""
    assert not keyed.add_account_key(keyed.ann, AccountKey("a3", NOW), 2)
    assert keyed.account_of_key("a3") is None
    assert keyed.add_account_key(keyed.bob, AccountKey("b2", NOW), 2)


def test_the_key_of_another_account(keyed):
    """It is refused, and stays that of the other account."""
    with pytest.raises(ChatError) as error:
        keyed.add_account_key(keyed.bob, AccountKey("a1", NOW), 9)
    assert error.value.code is ErrorCode.KEY_IN_USE
    assert keyed.account_of_key("a1") == AccountRef(keyed.ann, "Ann")


def test_removing_a_key(keyed):
    """An account removes its own keys alone; any account may have the key then."""
    assert not keyed.remove_account_key(keyed.bob, "a1")
    assert not keyed.remove_account_key(keyed.ann, "x")
    assert fingerprints(keyed, keyed.ann) == ["a1", "a2"]
    assert keyed.remove_account_key(keyed.ann, "a1")
    assert fingerprints(keyed, keyed.ann) == ["a2"]
    assert keyed.add_account_key(keyed.bob, AccountKey("a1", NOW), 2)


def test_a_new_password_removes_keys(keyed):
    """The same password with another hash does not; the keys of others stay."""
    keyed.set_password_hash("Ann", "2")
    assert fingerprints(keyed, keyed.ann) == ["a1", "a2"]
    keyed.set_password_hash("Ann", "3", True)
    keyed.set_password_hash("Carol", "3", True)
    assert (fingerprints(keyed, keyed.ann), fingerprints(keyed, keyed.bob)) == ([], ["b1"])


def test_no_key_without_its_account(keyed):
    """They end with the account, and none is added afterwards."""
    keyed.remove_account("Ann")
    assert not keyed.add_account_key(keyed.ann, AccountKey("a3", NOW), 2)
    again = keyed.add_account("Ann", "2", NOW).id
    assert fingerprints(keyed, keyed.ann) == fingerprints(keyed, again) == []
    assert keyed.account_of_key("a1") is None
    assert keyed.account_of_key("b1") == AccountRef(keyed.bob, "Bob")


def test_servers_that_share_the_store(new_server):
    """A key that one server adds, another one reads, and counts."""
    first, second = new_server(), new_server()
    first.open(shared=True)
    second.open(shared=True)
    account = first.add_account("Ann", "1", NOW).id
    assert first.add_account_key(account, AccountKey("a1", NOW), 1)
    assert second.account_of_key("a1") == AccountRef(account, "Ann")
    assert not second.add_account_key(account, AccountKey("a2", NOW), 1)
