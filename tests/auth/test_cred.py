"""The portal: right is right, wrong is wrong, and what is out of order is neither."""

import pytest
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import Interface
from zope.interface.verify import verifyObject

from chatd.auth.cred import IAccountHolder, account_portal, credentials
from chatd.auth.passwords import Passwords
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError

RIGHT = b"correct horse"


@pytest.fixture
def passwords(store, hashing):
    """Return the passwords of the accounts in the store."""
    return Passwords(store, hashing)


@pytest.fixture
def login(passwords, outcome):
    """Return a function that logs in with credentials and tells what comes of it."""
    portal = account_portal(passwords)

    async def log_in(given, *interfaces):
        return await portal.login(given, None, *interfaces)

    return lambda name, password, interface=IAccountHolder: outcome(
        log_in(UsernamePassword(name, password), interface)
    )


def test_right(login):
    """Who gives the right password is the holder of the account."""
    interface, holder, logout = login(b"alice", RIGHT).result
    assert interface is IAccountHolder
    assert verifyObject(IAccountHolder, holder)
    assert holder.name == "alice"
    assert logout() is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (b"alice", b"wrong horse"),
        (b"bob", RIGHT),
        (b"alice", b"\xff" * 10),
        (b"\xff", RIGHT),
        (b"ali\0ce", RIGHT),
        (b"x" * 10_000, RIGHT),
        (b"", RIGHT),
        (b"alice", b""),
        (b"alice", b"short"),
        (b"alice", b"x" * 1025),
    ],
)
def test_wrong(login, hashing, name, password):
    """Whatever is wrong with it, one password is verified and nothing is said but that it is wrong."""
    error = login(name, password).error
    assert type(error) is UnauthorizedLogin
    assert error.args == ()
    assert [job[0] for job in hashing.work] == ["verify"]


def test_the_store_is_asked_for_names_only(login, store):
    """What no account can be called is never looked up: a store may choke on it."""
    login(b"\xff", RIGHT)
    login(b"ali\0ce", RIGHT)
    login(b"x" * 10_000, RIGHT)
    assert store.asked == []
    login(b"bob", RIGHT)
    assert store.asked == [("account", "bob")]


def test_a_password_that_cannot_be_is_not_right(login, store, outcome):
    """Not even where the store has the hash of one."""
    outcome(store.set_password_hash("alice", "1:short"))
    assert type(login(b"alice", b"short").error) is UnauthorizedLogin


def test_another_avatar(login):
    """There is nothing to be had but the holder of an account."""
    assert type(login(b"alice", RIGHT, Interface).error) is NotImplementedError


def test_hashed_again(login, store, hashing):
    """A hash of other parameters is replaced at the login, once."""
    hashing.generation = 2
    assert login(b"alice", RIGHT).result
    assert store.by_name["alice"].password_hash == "2:correct horse"
    assert login(b"alice", RIGHT).result
    assert [job[0] for job in hashing.work] == ["verify", "hash", "verify"]


def test_not_hashed_again_if_wrong(login, store, hashing):
    """What is wrong is not kept."""
    hashing.generation = 2
    login(b"alice", b"wrong horse")
    assert store.by_name["alice"].password_hash == "1:correct horse"


def test_hashing_again_may_fail(login, store, hashing):
    """The login succeeds all the same, and the next one tries again."""
    hashing.generation = 2
    store.failing = {"set_password_hash"}
    assert login(b"alice", RIGHT).result
    store.failing = set()
    assert login(b"alice", RIGHT).result
    assert store.by_name["alice"].password_hash == "2:correct horse"


def test_hashing_again_undoes_no_change(login, store, hashing, outcome):
    """A password that is set while the old one is hashed again stays."""
    hashing.generation = 2

    def change():
        hashing.before = lambda: outcome(store.set_password_hash("alice", "2:another one"))

    hashing.before = change
    login(b"alice", RIGHT)
    assert store.by_name["alice"].password_hash == "2:another one"


@pytest.mark.parametrize("change", ["set_password_hash", "remove_account"])
def test_changed_while_it_was_verified(login, store, hashing, outcome, change):
    """A password that is no longer right when it was found right is wrong."""
    args = {"set_password_hash": ("alice", "1:another one"), "remove_account": ("alice",)}[change]
    hashing.before = lambda: outcome(getattr(store, change)(*args))
    assert type(login(b"alice", RIGHT).error) is UnauthorizedLogin


def test_the_store_is_out_of_reach(login, store):
    """That is not taken for a wrong password."""
    store.failing = {"account"}
    assert type(login(b"alice", RIGHT).error) is StoreUnavailableError


def test_too_much_to_do(login, hashing):
    """Nor is this."""
    hashing.error = ChatError(ErrorCode.BUSY)
    assert login(b"alice", RIGHT).error is hashing.error


def test_no_password_is_shown():
    """Neither credentials nor a failed login show the password, whatever it consists of."""
    assert "horse" not in repr(credentials("alice", "correct horse \ud800"))
    failures = []
    given = UsernamePassword(b"alice", b"wrong horse \xff")
    portal = account_portal(Passwords(Broken(), Broken()))
    result = portal.login(given, None, IAccountHolder)
    assert isinstance(result, Deferred)
    result.addErrback(failures.append)
    (failure,) = failures
    assert isinstance(failure, Failure)
    shown = failure.getTraceback() + failure.getBriefTraceback() + repr(failure)
    assert "Broken" in shown
    assert "wrong horse" not in shown


class Broken:
    """Has nothing of what is asked of it."""
