"""The throttle: repeated failures are delayed, no user is locked out, and memory is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.auth.throttle import BACKOFF, FREE_FAILURES, WINDOW, Throttle

HERE = ("192.0.2.1", 50000)

names = st.sampled_from(["alice", "bob"])
addresses = st.sampled_from([None, HERE])
steps = st.floats(min_value=0, max_value=2 * WINDOW)
tries = st.lists(st.tuples(names, addresses, steps, st.booleans()), max_size=60)


def waits(throttle, name, count, now=0.0, address=None):
    """Return the waits of that many attempts at one time."""
    return [throttle.start(name, address, now).wait for _ in range(count)]


def test_waits():
    """Five attempts are free, also at once; the waits after that grow to a maximum."""
    assert waits(Throttle(), "alice", 12) == [0, 0, 0, 0, 0, 1, 2, 4, 8, 8, 8, 8]


def test_failures_from_an_address_delay_answers_alone():
    """An attempt at another name does not wait, and its answer does if it fails."""
    throttle = Throttle()
    for n in range(FREE_FAILURES):
        attempt = throttle.start(f"name{n}", HERE, 0.0)
        assert not attempt.suspect
        assert throttle.answer_delay(attempt, 0.0) == 0
    for n, delay in enumerate((*BACKOFF, BACKOFF[-1])):
        attempt = throttle.start(f"other{n}", HERE, 0.0)
        assert attempt.suspect
        assert attempt.wait == 0
        assert throttle.answer_delay(attempt, 0.0) == delay
    elsewhere = throttle.start("other0", ("192.0.2.2", 1), 0.0)
    assert not elsewhere.suspect


def test_failures_are_forgotten():
    """Failures are forgotten after a minute."""
    throttle = Throttle()
    waits(throttle, "alice", 100, address=HERE)
    assert throttle.start("alice", HERE, WINDOW - 1).wait == BACKOFF[-1]
    assert waits(throttle, "alice", FREE_FAILURES, now=2 * WINDOW) == [0] * FREE_FAILURES
    assert not throttle.start("bob", HERE, 2 * WINDOW).suspect


@given(tries)
def test_the_first_five_are_free(history):
    """A name and an address with fewer than five failures in a minute are not delayed."""
    throttle, failed, now = Throttle(), [], 0.0
    for name, address, step, succeeds in history:
        now += step
        recent = [(n, a) for n, a, at in failed if now - at < WINDOW]
        attempt = throttle.start(name, address, now)
        assert (attempt.wait > 0) == (sum(n == name for n, _ in recent) >= FREE_FAILURES)
        here = sum(a is not None for _, a in recent)
        assert attempt.suspect == (address is not None and here >= FREE_FAILURES)
        assert attempt.wait <= BACKOFF[-1]
        if succeeds:
            throttle.forgive(attempt)
        else:
            failed.append((name, address, now))


def test_a_success_is_taken_back():
    """Attempts that succeed leave nothing, however many they are."""
    throttle = Throttle()
    attempts = [throttle.start("alice", HERE, float(n)) for n in range(FREE_FAILURES)]
    for attempt in attempts:
        throttle.forgive(attempt)
    assert not throttle.keys


def test_to_take_back_late_does_no_harm():
    """An attempt that ends after its time in the window is forgiven without an error."""
    throttle = Throttle()
    attempt = throttle.start("alice", None, 0.0)
    throttle.start("bob", None, 2 * WINDOW)
    throttle.forgive(attempt)
    assert [key.subject for key in throttle.keys] == ["bob"]


def test_memory_has_an_end():
    """Old keys are dropped; past the limit, those that were used longest ago."""
    throttle = Throttle(max_keys=3)
    for name in ["a", "b", "c", "a", "d"]:
        throttle.start(name, None, 0.0)
    assert [key.subject for key in throttle.keys] == ["c", "a", "d"]
    waits(throttle, "alice", 1000)
    throttle.start("bob", None, WINDOW)
    assert [key.subject for key in throttle.keys] == ["bob"]


@pytest.mark.parametrize(
    ("name", "same"), [("Alice", "aLICE"), ("ＡＬＩＣＥ", "alice"), ("x" * 32, "x" * 10**6)]
)
def test_names_that_are_the_same(name, same):
    """All spellings of a name are one key, and a long name costs no work."""
    throttle = Throttle()
    assert throttle.start(name, None, 0.0).name == throttle.start(same, None, 0.0).name


def test_names_that_are_not_the_same():
    """A name and an address never count for one another, whatever is given as a name."""
    attempt = Throttle().start("192.0.2.1/32", HERE, 0.0)
    assert attempt.name != attempt.address
    assert Throttle().start("\ud800\0", None, 0.0).address is None


@pytest.mark.parametrize(
    ("host", "other", "one"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
    ],
)
def test_addresses_that_count_as_one(host, other, one):
    """Ports, notations and hosts of one IPv6 /64 make no difference; other addresses do."""
    first, second = (Throttle().start("x", (each, 1), 0.0).address for each in (host, other))
    assert first is not None
    assert (first == second) == one


@pytest.mark.parametrize(
    "address",
    [None, "unix", ("127.0.0.1", 1), ("127.9.9.9", 1), ("::1", 1), ("::ffff:127.0.0.1", 1)],
)
def test_this_machine_is_exempt(address):
    """Loopback and UNIX sockets have no key, as many users may share them."""
    assert Throttle().start("x", address, 0.0).address is None
