"""The keys of accounts: who may add them, and what ends them."""

import pytest
from twisted.internet.defer import Deferred

from chatd.core.accountkeys import MAX_KEYS
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import AccountKey
from chatd.storage.testing import result
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore

WORD, OTHER = "staple-battery", "battery-staple"


class Harness:
    """A server with the account ann, and a session that is logged in to it."""

    def __init__(self):
        self.store = SlowStore()
        self.server = MemoryServer(store=self.store)
        self.services = self.server.service.sessions.services
        self.keys = self.services.account_keys
        self.client = self.server.connect()
        self.client.ask(f"`register ann {WORD}")
        self.origin = self.client.protocol._session

    def guest(self):
        """Return the session of a guest."""
        client = self.server.connect()
        client.ask("`list")
        return client.protocol._session

    def fingerprints(self):
        """Return the fingerprints of the account."""
        return [key.fingerprint for key in result(self.keys.of(self.origin))]


@pytest.fixture
def harness():
    """Return a harness."""
    return Harness()


def refusal(coroutine):
    """Return the code and the parameters of the error that a call raises."""
    with pytest.raises(ChatError) as error:
        result(coroutine)
    return error.value.code, error.value.params


def test_a_key_logs_in(harness):
    """It leads to the account, as long as it is there."""
    result(harness.keys.add(harness.origin, "a1", 7.0))
    assert result(harness.keys.of(harness.origin)) == [AccountKey("a1", 7.0)]
    account = result(harness.keys.authenticate(harness.guest(), "a1"))
    assert account == harness.services.world.find_account("ann")
    result(harness.keys.remove(harness.origin, "a1"))
    unknown = (ErrorCode.WRONG_PASSWORD, {})
    assert refusal(harness.keys.authenticate(harness.guest(), "a1")) == unknown
    assert refusal(harness.keys.remove(harness.origin, "a1")) == (ErrorCode.NO_SUCH_KEY, {})


def test_guests(harness):
    """They have no keys, and those who are logged in do not log in again."""
    guest, keys = harness.guest(), harness.keys
    for call in (keys.add(guest, "a1", 0.0), keys.remove(guest, "a1"), keys.of(guest)):
        assert refusal(call) == (ErrorCode.LOGIN_FIRST, {})
    assert refusal(keys.authenticate(harness.origin, "a1"))[0] is ErrorCode.LOGGED_IN


def test_too_many(harness):
    """A key that is there may be added again, a further one may not."""
    for number in range(MAX_KEYS):
        result(harness.keys.add(harness.origin, f"a{number}", 0.0))
    result(harness.keys.add(harness.origin, "a0", 1.0))
    code = (ErrorCode.TOO_MANY_KEYS, {"limit": MAX_KEYS})
    assert refusal(harness.keys.add(harness.origin, "b", 0.0)) == code
    assert len(harness.fingerprints()) == MAX_KEYS


@pytest.mark.parametrize("end", ["console", "lose"])
def test_no_key_survives_the_end_of_the_session_meanwhile(harness, end):
    """A new password, which ends the session, removes a key that is just being added, too."""
    result(harness.keys.add(harness.origin, "old", 0.0))
    harness.store.token_gate.shut = True
    errors = []
    adding = Deferred.fromCoroutine(harness.keys.add(harness.origin, "new", 0.0))
    adding.addErrback(lambda failure: errors.append(failure.value.code))
    if end == "console":
        changing = harness.server.service.accounts.set_password("ann", OTHER, 0.0)
        Deferred.fromCoroutine(changing)
    else:
        harness.client.lose()
    harness.store.token_gate.drain()
    harness.server.turn(1)
    assert errors == [ErrorCode.SESSION_CLOSED]
    account = harness.services.world.find_account("ann").id
    left = [key.fingerprint for key in result(harness.store.account_keys(account))]
    assert left == ([] if end == "console" else ["old"])
