"""Remembered logins: how long a token is good, how many there are, and wrong ones."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.auth.attempts import Attempts
from chatd.auth.remembered import LIFETIME, MAX_TOKENS, RememberedTokens, digest_of
from chatd.auth.throttle import BACKOFF, FREE_FAILURES
from chatd.core.errors import ChatError, ErrorCode
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import result

HERE, ELSEWHERE = ("192.0.2.1", 1), ("198.51.100.1", 1)


class Harness:
    """Remembered tokens of the account ann, in a store in memory."""

    def __init__(self):
        self.clock = Clock()
        self.store = MemoryStore()
        self.store.open([])
        result(self.store.add_account("ann", "x", 0.0))
        names = iter(f"token{n}" for n in range(99))
        self.tokens = RememberedTokens(
            self.store, Attempts(self.clock), self.clock.seconds, lambda: next(names)
        )

    def log_in(self, token, address=HERE):
        """Return the Deferred of a login: the account, or the code of the error."""
        done = Deferred.fromCoroutine(self.tokens.authenticate(token, address))
        done.addErrback(lambda failure: failure.trap(ChatError) and failure.value.code)
        return done

    def outcome(self, token, address=HERE):
        """Return the result of a login that is answered at once."""
        return self.log_in(token, address).result


@pytest.fixture
def harness():
    """Return remembered tokens of an account."""
    return Harness()


def test_the_store_has_the_digest_alone(harness):
    """Neither the token nor a part of it is stored."""
    token = result(harness.tokens.issue("ann"))
    (stored,) = result(harness.tokens.of("ann"))
    assert stored.digest == digest_of(token)
    assert len(stored.digest) == 64
    assert token not in repr(stored)


def test_a_token_is_good_for_a_month_since_its_last_use(harness):
    """It can be used any number of times; after a month without use it is gone."""
    token = result(harness.tokens.issue("ann"))
    for _ in range(3):
        harness.clock.advance(LIFETIME)
        assert harness.outcome(token) == "ann"
    harness.clock.advance(LIFETIME + 1)
    assert result(harness.tokens.of("ann")) == []
    assert harness.outcome(token) is ErrorCode.WRONG_TOKEN
    result(harness.tokens.purge())
    assert result(harness.store.remembered_tokens("ann")) == []


def test_the_number_of_tokens_is_bounded(harness):
    """One more ends the one that was not used for longest."""
    tokens = []
    for _ in range(MAX_TOKENS + 1):
        tokens.append(result(harness.tokens.issue("ann")))
        harness.clock.advance(1)
    assert harness.outcome(tokens[0]) is ErrorCode.WRONG_TOKEN
    assert [harness.outcome(token) for token in tokens[1:]] == ["ann"] * MAX_TOKENS


def test_wrong_tokens_count_as_failures_of_the_address(harness):
    """After some of them the answer comes late; a right token, and others, do not wait."""
    token = result(harness.tokens.issue("ann"))
    for _ in range(FREE_FAILURES):
        assert harness.outcome("guess") is ErrorCode.WRONG_TOKEN
    late = harness.log_in("guess")
    assert not late.called
    harness.clock.advance(BACKOFF[0])
    assert late.result is ErrorCode.WRONG_TOKEN
    assert harness.outcome(token) == "ann"
    assert harness.outcome("guess", ELSEWHERE) is ErrorCode.WRONG_TOKEN
