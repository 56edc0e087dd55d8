"""Bans in the store and in the world, in the order of the calls."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.bans import parse_ban
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.names import new_name
from chatd.core.world.effects import BanAdded
from chatd.core.world.world import World
from chatd.oplog.local import LocalLog
from chatd.server.storedbans import StoredBans
from chatd.storage.testing import result
from chatd.testing_slow import SlowStore

NOW = 1000.0


class RecordingBus:
    """Keeps the effects that it is given."""

    def __init__(self):
        self.effects = []

    def say(self, *_):
        raise AssertionError("nobody talks here")

    def deliver(self, effects, receipt=None):  # noqa: ARG002 -- as the true one
        self.effects += effects


class BansHarness:
    """Stored bans over a store with gates."""

    def __init__(self):
        self.store, self.world, self.bus, self.clock = SlowStore(), World(), RecordingBus(), Clock()
        self.store.open([])
        self.bans = StoredBans(
            self.world, LocalLog(self.world, self.bus, self.clock.seconds), self.store
        )

    def add(self, subject, ends=None):
        """Add a ban, which may wait for the store; return the Deferred."""
        return Deferred.fromCoroutine(self.bans.add(parse_ban(subject), ends, NOW, int))

    def subjects(self):
        """Return the subjects of the bans in the world, and of those in the store."""
        stored = self.store.open([]).bans
        return [ban.subject for ban in self.world.bans], [ban.subject for ban in stored]


@pytest.fixture
def harness():
    """Return a harness without bans."""
    return BansHarness()


def test_a_ban_is_added_once_the_store_has_it(harness):
    """Until then it has no effect."""
    harness.store.ban_gate.shut = True
    added = harness.add("Bob")
    assert (harness.bus.effects, harness.subjects()[0]) == ([], [])
    harness.store.ban_gate.open()
    ban = parse_ban("Bob")
    assert (added.result, harness.bus.effects) == ((ban, 0), [BanAdded(ban)])
    assert harness.subjects() == (["Bob"], ["Bob"])


def test_the_store_fails(harness):
    """Nothing has changed, and the next call is carried out."""
    harness.store.ban_gate.error = StoreUnavailableError("away")
    failed = harness.add("Bob")
    assert failed.addErrback(lambda failure: failure.type).result is StoreUnavailableError
    assert (harness.bus.effects, harness.subjects()) == ([], ([], []))
    harness.store.ban_gate.error = None
    harness.add("Bob")
    harness.store.ban_gate.error = StoreUnavailableError("away")
    with pytest.raises(StoreUnavailableError):
        result(harness.bans.remove(parse_ban("Bob")))
    assert harness.subjects() == (["Bob"], ["Bob"])


def test_a_ban_is_replaced(harness):
    """It keeps the spelling of the subject, and has the new time."""
    harness.add("Bob")
    ban, _ = harness.add("BOB", 60.0).result
    assert (ban.subject, harness.subjects()) == ("Bob", (["Bob"], ["Bob"]))
    harness.clock.advance(60)
    harness.world.check_not_banned(new_name("Bob"), 60.0)


def test_the_order_of_the_calls(harness):
    """Calls wait for those before: the last one counts in the store and in the world."""
    harness.add("Bob")
    harness.store.ban_gate.shut = True
    removed = Deferred.fromCoroutine(harness.bans.remove(parse_ban("bob")))
    added = harness.add("BOB")
    assert len(harness.store.ban_gate.waiting) == 1
    harness.store.ban_gate.drain()
    assert (removed.result.subject, added.result[0].subject) == ("Bob", "BOB")
    assert harness.subjects() == (["BOB"], ["BOB"])


def test_remove_refused(harness):
    """A subject that is not banned, or no more."""
    harness.add("10.0.0.0/8", 60.0)
    harness.clock.advance(60)
    for subject in ("10.0.0.0/8", "Bob"):
        with pytest.raises(ChatError) as refused:
            result(harness.bans.remove(parse_ban(subject)))
        assert refused.value.code is ErrorCode.NOT_BANNED
        assert refused.value.params == {"subject": subject}


def test_purge(harness):
    """Bans that have expired are removed, but not one that is renewed meanwhile."""
    for subject, ends in (("Ann", 60.0), ("Bob", 60.0), ("Cid", 61.0), ("Dan", None)):
        harness.add(subject, ends)
    harness.clock.advance(60)
    harness.store.ban_gate.shut = True
    purged = Deferred.fromCoroutine(harness.bans.purge())
    harness.add("Bob")
    harness.store.ban_gate.drain()
    assert purged.called
    assert [sorted(subjects) for subjects in harness.subjects()] == [["Bob", "Cid", "Dan"]] * 2
