"""The contract of `IStore` for new accounts: one that is there is never replaced."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import Account, ResumeToken
from chatd.storage.testing import NOW


@pytest.mark.parametrize("name", ["Ann", "ann", "\uff21nn", "A\u200bnn", "\u0391nn"])
@pytest.mark.parametrize("registration", [None, "first", "second"])
def test_an_account_is_never_replaced(store, name, registration):
    """A name that is there, or counts as the same, is refused, with its spelling; nothing changes.

    A registration is repeated with the same name alone.
    """
    if (name, registration) == ("Ann", "first"):
        pytest.skip("this is the registration that may be repeated")
    store.add_account("Ann", "1", NOW, "first")
    store.set_admin("Ann", True)
    before = store.accounts()
    with pytest.raises(ChatError) as error:
        store.add_account(name, "2", NOW + 1, registration)
    assert error.value.code is ErrorCode.NAME_IN_USE
    assert error.value.params == {"name": "Ann"}
    assert store.accounts() == before


def test_an_account_without_a_registration_is_never_replaced(store):
    """Neither is one whose registration is empty or missing taken for another's."""
    store.add_account("Ann", "1", NOW)
    with pytest.raises(ChatError):
        store.add_account("Ann", "2", NOW)


def test_names_that_look_alike_by_one_key_only(store):
    """Each of the two keys of a name is compared: that of its own form and that of its folded one.

    The Cyrillic capital ve looks like B, the small one does not look like b.
    """
    store.add_account("Bob", "1", NOW)
    with pytest.raises(ChatError) as error:
        store.add_account("\u0412ob", "2", NOW)
    assert error.value.params == {"name": "Bob"}
    store.add_account("\u0432ob", "2", NOW)


def test_a_registration_that_is_repeated(store):
    """A caller that does not know whether its call succeeded can repeat it: one account is added.

    The repeated call sets hash and time.
    """
    first = store.add_account("Ann", "1", NOW, "registration")
    store.add_resume_token(ResumeToken("a", "Ann", NOW))
    again = store.add_account("Ann", "2", NOW + 1, "registration")
    assert again == Account(first.id, "Ann", "2", NOW + 1)
    assert store.accounts() == [again]
    assert store.resume_token("a") is not None


def test_the_name_of_a_removed_account_is_free(store):
    """Also for one that looks alike, and a registration from before adds a new account."""
    first = store.add_account("Ann", "1", NOW, "registration")
    store.remove_account("Ann")
    second = store.add_account("ann", "1", NOW)
    store.remove_account("ann")
    third = store.add_account("Ann", "1", NOW, "registration")
    assert len({first.id, second.id, third.id}) == 3
    assert store.accounts() == [third]
