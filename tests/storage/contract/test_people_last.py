"""What every store does with accounts, bans and logins: `IStore`, line by line."""

from dataclasses import replace

import pytest

from chatd.core.records import Account, Ban, BanKind, ResumeToken

NOW = 1_700_000_000.1234567


# -- accounts


def test_accounts(opened):
    """Accounts come in the order of their registration and are found by their exact names."""
    first = opened.add_account("Zoë", "1", NOW)
    second = opened.add_account("ann", "2", NOW - 1)
    assert first == Account(first.id, "Zoë", "1", NOW)
    assert opened.accounts() == [first, second]
    assert opened.account("ann") == second
    assert opened.account("Ann") is None


def test_adding_an_account_again(opened):
    """A call of which nobody knows whether it was done can be made again."""
    opened.add_account("Ann", "1", NOW)
    again = opened.add_account("Ann", "2", NOW)
    assert opened.accounts() == [again]
    assert again.password_hash == "2"


def test_an_account_id_is_never_used_again(opened):
    """Neither removing an account nor a restart frees its id."""
    used = set()
    for name in ("Ann", "Bob", "Ann"):
        used.add(opened.add_account(name, "1", NOW).id)
        opened.remove_account(name)
        opened.close()
        opened.open()
    assert len(used) == 3
    assert opened.add_account("Ann", "1", NOW).id > max(used)


def test_passwords(opened):
    """The hash is changed, and nothing else; who is not there is not added."""
    account = opened.add_account("Ann", "1", NOW)
    opened.add_login(ResumeToken("a", "Ann", NOW))
    opened.set_password_hash("Ann", "2")
    opened.set_password_hash("Bob", "2")
    assert opened.accounts() == [replace(account, password_hash="2")]
    assert opened.login("a") is not None


def test_removing_an_account(opened):
    """Its logins go with it, those of others stay; nothing happens if there is none."""
    for name in ("Ann", "Bob"):
        opened.add_account(name, "1", NOW)
        opened.add_login(ResumeToken(f"of {name}", name, NOW))
    opened.remove_account("Ann")
    opened.remove_account("Ann")
    assert [account.name for account in opened.accounts()] == ["Bob"]
    assert (opened.login("of Ann"), opened.login("of Bob")) == (
        None,
        ResumeToken("of Bob", "Bob", NOW),
    )


# -- bans


def test_bans(opened):
    """There is one on a subject; it can be changed, and lifted. The same words may be two subjects."""
    opened.add_ban(Ban(BanKind.NAME, "Bob", NOW))
    opened.add_ban(Ban(BanKind.NAME, "Bob"))
    opened.add_ban(Ban(BanKind.ADDRESS, "Bob", NOW))
    opened.add_ban(Ban(BanKind.NAME, "Ann", NOW))
    opened.remove_ban(Ban(BanKind.NAME, "Ann"))
    opened.remove_ban(Ban(BanKind.NAME, "Carol"))
    opened.close()
    assert opened.open().bans == [Ban(BanKind.ADDRESS, "Bob", NOW), Ban(BanKind.NAME, "Bob")]


# -- logins


@pytest.fixture
def logged_in(opened):
    """Return a store with two accounts and their logins."""
    for name in ("Ann", "Bob"):
        opened.add_account(name, "1", NOW)
    for digest, name in (("a1", "Ann"), ("a2", "Ann"), ("b1", "Bob")):
        opened.add_login(ResumeToken(digest, name, NOW))
    return opened


def there(store):
    """Return which of the logins are there, and when they were seen."""
    found = [store.login(digest) for digest in ("a1", "a2", "b1")]
    return {login.digest: login.seen - NOW for login in found if login is not None}


def test_a_login_takes_the_place_of_another(logged_in):
    """With the same digest; no digest, no login."""
    logged_in.add_login(ResumeToken("a1", "Bob", NOW + 1))
    assert logged_in.login("a1") == ResumeToken("a1", "Bob", NOW + 1)
    assert logged_in.login("c1") is None


def test_no_login_without_its_account(logged_in):
    """Who registers a name after it was removed is not to find the former owner logged in."""
    logged_in.remove_account("Ann")
    logged_in.add_login(ResumeToken("a1", "Ann", NOW))
    logged_in.add_account("Ann", "2", NOW)
    assert there(logged_in) == {"b1": 0}


def test_removing_logins(logged_in):
    """All of an account, and no others."""
    logged_in.remove_logins("Ann")
    assert there(logged_in) == {"b1": 0}


def test_removing_one_login(logged_in):
    """The other logins of its account stay."""
    logged_in.remove_login("a1")
    logged_in.remove_login("unknown")
    assert there(logged_in) == {"a2": 0, "b1": 0}


def test_refreshing_logins(logged_in):
    """Those who are here are seen now, and only then those go who were not here for long."""
    logged_in.refresh_logins({"a1", "c'1"}, NOW + 10, NOW)
    assert there(logged_in) == {"a1": 10, "a2": 0, "b1": 0}
    logged_in.refresh_logins(["a2"], NOW + 20, NOW + 15)
    assert there(logged_in) == {"a2": 20}
    logged_in.refresh_logins([], NOW + 30, NOW + 20)
    assert there(logged_in) == {"a2": 20}
