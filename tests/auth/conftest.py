"""Shared fixtures: a store that can fail, hashing without threads, and a clock."""

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from chatd.auth.passwords import Passwords
from chatd.core.errors import StoreUnavailableError
from chatd.core.records import Account
from chatd.core.store import IStore


@implementer(IStore)
class FakeStore:
    """The part of a store that accounts use; `failing` are the names of methods that fail."""

    def __init__(self):
        self.by_name = {}
        self.failing = set()
        self.asked = []
        self.registrations = []

    def _ask(self, what, name):
        self.asked.append((what, name))
        if what in self.failing:
            raise StoreUnavailableError("gone")

    async def account(self, name):
        self._ask("account", name)
        return self.by_name.get(name)

    async def accounts(self):
        self._ask("accounts", None)
        return list(self.by_name.values())

    async def add_account(self, name, password_hash, registered_at, registration=None):
        self.registrations.append(registration)
        self._ask("add_account", name)
        self.by_name[name] = Account(len(self.asked), name, password_hash, registered_at)
        return self.by_name[name]

    async def set_password_hash(self, name, password_hash, _=False):
        self._ask("set_password_hash", name)
        if name in self.by_name:
            self.by_name[name] = replace(self.by_name[name], password_hash=password_hash)

    async def remove_account(self, name):
        self._ask("remove_account", name)
        self.by_name.pop(name, None)


class FakeHashing:
    """Hashes that can be read, made at once; `generation` stands for the parameters.

    The requests are kept in `work`. If `before` is set, it is called before a job ends.
    """

    def __init__(self):
        self.generation = 1
        self.work = []
        self.before = None
        self.error = None

    def _job(self, *job):
        self.work.append(job)
        if self.error is not None:
            raise self.error
        if self.before is not None:
            meanwhile, self.before = self.before, None
            meanwhile()

    async def hash(self, password, _):
        self._job("hash", password)
        return f"{self.generation}:{password}"

    async def verify(self, password_hash, password, _):
        self._job("verify", password_hash, password)
        return password_hash is not None and password_hash.partition(":")[2] == password

    def needs_rehash(self, password_hash):
        return password_hash.partition(":")[0] != str(self.generation)


class Outcome:
    """The outcome of a coroutine: `done`, and its `result` or its `error`."""

    def __init__(self, coroutine):
        self.done = False
        self.result = None
        self.error = None
        self.deferred = Deferred.fromCoroutine(coroutine)
        self.deferred.addCallbacks(self._succeeded, self._failed)

    def _succeeded(self, result):
        self.done, self.result = True, result

    def _failed(self, failure):
        self.done, self.error = True, failure.value

    @property
    def code(self):
        """The code of the error, or None if there was none."""
        assert self.done
        return None if self.error is None else self.error.code


@pytest.fixture
def store():
    """Return a store with one account: alice, whose password is `correct horse`."""
    store = FakeStore()
    store.by_name["alice"] = Account(0, "alice", "1:correct horse", 0.0)
    return store


@pytest.fixture
def hashing():
    """Return hashing without threads."""
    return FakeHashing()


@pytest.fixture
def clock():
    """Return a clock that is set by the test."""
    return Clock()


@pytest.fixture
def accounts(store, hashing, clock):
    """Return the accounts in the store."""
    return Passwords(store, hashing, clock)


@pytest.fixture
def outcome():
    """Return the function that runs a coroutine and returns its outcome."""
    return Outcome
