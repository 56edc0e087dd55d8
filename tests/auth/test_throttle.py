"""The throttle: repeated failures wait, no user is locked out, and memory is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.auth.throttle import BACKOFF, FREE_FAILURES, WINDOW, Key, Throttle, keys_of
from chatd.core.errors import ChatError

ALICE = (Key("name", "alice"),)
BOB = (Key("name", "bob"),)
HERE = Key("address", "192.0.2.1")

names = st.sampled_from([ALICE, BOB, (*ALICE, HERE), (*BOB, HERE)])
steps = st.floats(min_value=0, max_value=2 * WINDOW)
tries = st.lists(st.tuples(names, steps, st.booleans()), max_size=60)


def waits(throttle, keys, count, now=0.0):
    """Return the waits of that many attempts at one time."""
    return [throttle.start(keys, now).wait for _ in range(count)]


def test_waits():
    """Five attempts are free, also at once; the waits after that grow to a maximum."""
    assert waits(Throttle(), ALICE, 12) == [0, 0, 0, 0, 0, 1, 2, 4, 8, 8, 8, 8]


def test_the_longer_wait_counts():
    """An attempt waits for its name or its address, whichever is longer."""
    throttle = Throttle()
    waits(throttle, ALICE, FREE_FAILURES + 1)
    waits(throttle, (HERE,), FREE_FAILURES)
    assert throttle.start((*BOB, HERE), 0.0).wait == BACKOFF[0]
    assert throttle.start((*ALICE, HERE), 10.0).wait == BACKOFF[1]
    assert throttle.start(BOB, 10.0).wait == 0


def test_those_of_an_address_wait_one_behind_the_other():
    """Attempts from one address wait one behind the other; one past the maximum is refused."""
    throttle = Throttle()
    assert waits(throttle, (HERE,), 8) == [0, 0, 0, 0, 0, 1, 3, 7]
    assert waits(throttle, (HERE,), 6) == [15, 23, 31, 39, 47, 55]
    for _ in range(1000):
        with pytest.raises(ChatError, match="busy"):
            throttle.start((HERE, *ALICE), 0.0)
    assert throttle.start(ALICE, 0.0).wait == 0
    assert throttle.start((HERE,), 56.0).wait == BACKOFF[-1]


def test_failures_are_forgotten():
    """Failures are forgotten after a minute."""
    throttle = Throttle()
    waits(throttle, ALICE, 100)
    assert throttle.start(ALICE, WINDOW - 1).wait == BACKOFF[-1]
    assert waits(throttle, ALICE, FREE_FAILURES, now=2 * WINDOW) == [0] * FREE_FAILURES


@given(tries)
def test_the_first_five_are_free(history):
    """A name and an address with fewer than five failures in a minute do not wait."""
    throttle, failed, now = Throttle(), [], 0.0
    for keys, step, succeeds in history:
        now += step
        most = max(sum(key in k and now - at < WINDOW for k, at in failed) for key in keys)
        attempt = throttle.start(keys, now)
        assert (attempt.wait == 0) == (most < FREE_FAILURES)
        assert attempt.wait <= BACKOFF[-1]
        if succeeds:
            throttle.forgive(attempt)
        else:
            failed.append((keys, now))


@given(tries)
def test_a_success_is_taken_back(history):
    """Attempts that succeed leave nothing, however many they are."""
    throttle, now = Throttle(), 0.0
    attempts = []
    for keys, step, _ in history[:FREE_FAILURES]:
        now += step
        attempts.append(throttle.start(keys, now))
    for attempt in attempts:
        throttle.forgive(attempt)
    assert not throttle.keys


def test_to_take_back_late_does_no_harm():
    """An attempt that ends after its time in the window is forgiven without an error."""
    throttle = Throttle()
    attempt = throttle.start(ALICE, 0.0)
    throttle.start(BOB, 2 * WINDOW)
    throttle.forgive(attempt)
    assert throttle.keys == list(BOB)


def test_memory_has_an_end():
    """Old keys are dropped; past the limit, those that were used longest ago."""
    throttle = Throttle(max_keys=3)
    for name in ["a", "b", "c", "a", "d"]:
        throttle.start((Key("name", name),), 0.0)
    assert [key.subject for key in throttle.keys] == ["c", "a", "d"]
    waits(throttle, ALICE, 1000)
    throttle.start(BOB, WINDOW)
    assert throttle.keys == list(BOB)


@pytest.mark.parametrize(
    ("name", "same"), [("Alice", "aLICE"), ("ＡＬＩＣＥ", "alice"), ("x" * 32, "x" * 10**6)]
)
def test_names_that_are_the_same(name, same):
    """All spellings of a name are one key, and a long name costs no work."""
    assert keys_of(name, None) == keys_of(same, None)


def test_names_that_are_not_the_same():
    """A name and an address never count for one another, whatever is given as a name."""
    assert keys_of("alice", None) != keys_of("bob", None)
    assert keys_of("192.0.2.1", None)[0] != keys_of("x", ("192.0.2.1", 1))[1]
    assert len(keys_of("\ud800\0", None)) == 1


@pytest.mark.parametrize(
    ("host", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_addresses_that_count_as_one(host, same):
    """Ports, notations and hosts of one IPv6 /64 make no difference."""
    assert keys_of("x", (host, 1)) == keys_of("x", (same, 2))
    assert len(keys_of("x", (host, 1))) == 2


@pytest.mark.parametrize(
    ("host", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8:0:1::1", "2001:db8:0:2::1")]
)
def test_addresses_that_do_not(host, other):
    """Other addresses do not wait."""
    assert keys_of("x", (host, 1)) != keys_of("x", (other, 1))


@pytest.mark.parametrize(
    "address",
    [None, "unix", ("127.0.0.1", 1), ("127.9.9.9", 1), ("::1", 1), ("::ffff:127.0.0.1", 1)],
)
def test_this_machine_is_exempt(address):
    """Loopback and UNIX sockets have no key, as many users may share them."""
    assert keys_of("x", address) == keys_of("x", None)
