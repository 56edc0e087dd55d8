"""Passwords: a right one is right, a wrong one is wrong, and an error is neither."""

from dataclasses import replace

import pytest

from chatd.auth.passwords import StoredPasswords
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError

RIGHT = "correct horse"


@pytest.fixture
def passwords(store, hashing):
    """Return the passwords of the accounts in the store."""
    return StoredPasswords(store, hashing)


@pytest.fixture
def verify(passwords, outcome):
    """Return a function that verifies a password and returns the outcome."""
    return lambda name, password: outcome(passwords.verify(name, password, None))


@pytest.fixture
def login(accounts, outcome):
    """Return a function that logs in and returns the outcome."""
    return lambda password: outcome(accounts.authenticate("alice", password, None))


def test_the_right_password_gives_the_account(verify, store):
    """`verify` returns the account as the store has it."""
    assert verify("alice", RIGHT).result is store.by_name["alice"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong horse"),
        ("bob", RIGHT),
        ("alice", "\udcff" * 10),
        ("\udcff", RIGHT),
        ("ali\0ce", RIGHT),
        ("x" * 10_000, RIGHT),
        ("", RIGHT),
        ("alice", ""),
        ("alice", "short"),
        ("alice", "x" * 1025),
    ],
)
def test_a_wrong_name_or_password_costs_one_verification(verify, hashing, name, password):
    """A wrong name and a wrong password cost the same hashing, and the result is None."""
    assert verify(name, password).result is None
    assert [job[0] for job in hashing.work] == ["verify"]


def test_the_store_is_asked_for_possible_names_only(verify, store):
    """A text that cannot be a name is never looked up: a store may fail at it."""
    for name in ("\udcff", "ali\0ce", "x" * 10_000):
        verify(name, RIGHT)
    assert store.asked == []
    verify("bob", RIGHT)
    assert store.asked == [("account", "bob")]


def test_an_unacceptable_password_is_not_right(verify, store, outcome):
    """It is refused even if the store has its hash."""
    long = "x" * 1025
    outcome(store.set_password_hash("alice", f"1:{long}"))
    assert verify("alice", long).result is None


def test_a_password_shorter_than_new_ones_is_right(verify, store, outcome):
    """It was set while the operator allowed shorter ones."""
    outcome(store.set_password_hash("alice", "1:short"))
    assert verify("alice", "short").result is not None


@pytest.mark.parametrize("change", ["set_password_hash", "remove_account"])
def test_an_account_that_changes_during_verification(verify, store, hashing, outcome, change):
    """A password that is no longer right when its verification ends is wrong."""
    args = {"set_password_hash": ("alice", "1:another one"), "remove_account": ("alice",)}[change]
    hashing.before = lambda: outcome(getattr(store, change)(*args))
    assert verify("alice", RIGHT).result is None


def test_an_unavailable_store_is_not_a_wrong_password(verify, store):
    """The error of the store is raised."""
    store.failing = {"account"}
    assert type(verify("alice", RIGHT).error) is StoreUnavailableError


def test_a_full_queue_is_not_a_wrong_password(verify, hashing):
    """The error of the hashing is raised."""
    hashing.error = ChatError(ErrorCode.BUSY)
    assert verify("alice", RIGHT).error is hashing.error


# -- registrations


@pytest.fixture
def add(passwords, store, outcome):
    """Return a function that adds an account, which fails if `fails`."""

    def call(name, fails=False):
        store.failing = {"add_account"} if fails else set()
        return outcome(passwords.add(name, "1:hash", 0.0))

    return call


def test_each_registration_has_an_id(add, store):
    """The ids of two registrations differ, also if they are for the same name."""
    for name in ("bob", "carol", "bob"):
        add(name)
    assert len(set(store.registrations)) == 3
    assert all(len(each) >= 32 for each in store.registrations)


def test_a_registration_in_doubt_keeps_its_id(add, store):
    """The next attempts for the name have the same id until one succeeds, others have their own."""
    assert type(add("bob", fails=True).error) is StoreUnavailableError
    add("carol")
    add("bob", fails=True)
    add("bob")
    add("bob")
    first, carol, second, third, later = store.registrations
    assert first == second == third
    assert len({first, carol, later}) == 3


def test_a_login_ends_the_doubt(add, store, verify):
    """A user who has logged in to the account keeps it: nobody registers it again."""
    add("bob", fails=True)
    store.by_name["bob"] = replace(store.by_name["alice"], name="bob")
    assert verify("bob", "wrong horse").result is None
    add("bob", fails=True)
    assert verify("bob", RIGHT).result is not None
    add("bob")
    first, second, third = store.registrations
    assert first == second != third


def test_registrations_in_doubt_are_bounded(add, store, monkeypatch):
    """The oldest one is forgotten."""
    monkeypatch.setattr("chatd.auth.passwords.MAX_IN_DOUBT", 2)
    for name in ("bob", "carol", "dave"):
        add(name, fails=True)
    for name in ("carol", "dave", "bob"):
        add(name)
    bob, *others = store.registrations[:3]
    assert store.registrations[3:5] == others
    assert store.registrations[5] != bob


# -- hashing again at a login


def test_a_login_hashes_again_if_the_parameters_changed(login, store, hashing):
    """The hash is replaced, once."""
    hashing.generation = 2
    assert login(RIGHT).code is None
    assert store.by_name["alice"].password_hash == "2:correct horse"
    assert login(RIGHT).code is None
    assert [job[0] for job in hashing.work] == ["verify", "hash", "verify"]


def test_a_failed_login_does_not_hash_again(login, store, hashing):
    """A wrong password does not reach the store."""
    hashing.generation = 2
    login("wrong horse")
    assert store.by_name["alice"].password_hash == "1:correct horse"


def test_a_login_succeeds_though_hashing_again_fails(login, store, hashing):
    """The next login tries again."""
    hashing.generation = 2
    store.failing = {"set_password_hash"}
    assert login(RIGHT).code is None
    store.failing = set()
    assert login(RIGHT).code is None
    assert store.by_name["alice"].password_hash == "2:correct horse"


def test_hashing_again_undoes_no_change(login, store, hashing, outcome):
    """A password that is set while the old one is hashed again stays."""
    hashing.generation = 2

    def set_other_password():
        hashing.before = lambda: outcome(store.set_password_hash("alice", "2:another one"))

    hashing.before = set_other_password
    login(RIGHT)
    assert store.by_name["alice"].password_hash == "2:another one"
