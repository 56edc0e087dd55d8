"""Hashing: its parameters, its threads, and its bounded queue."""

import os
import queue
import subprocess
import sys
import threading
from threading import Event

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from chatd.auth.hashing import ARGON2ID, QUEUE_LIMITS, THREADS, Argon2Hashing

MAX_QUEUED = QUEUE_LIMITS.total

PATIENCE = 30
"""Seconds until a test takes an event for lost."""

TINY = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class ManualReactor:
    """The reactor's thread: `until` runs the calls from other threads."""

    def __init__(self):
        self._calls = queue.Queue()

    def callFromThread(self, f, *args, **kwargs):
        self._calls.put((f, args, kwargs))

    def until(self, *outcomes):
        """Run calls from threads until all these outcomes are done."""
        while not all(outcome.done for outcome in outcomes):
            self.run_next()

    def run_next(self):
        """Run the next call from a thread."""
        f, args, kwargs = self._calls.get(timeout=PATIENCE)
        f(*args, **kwargs)


class BlockingHasher:
    """A hasher whose jobs report that they begin, and end when the gate opens."""

    def __init__(self):
        self.begun = queue.Queue()
        self.open = Event()

    def hash(self, password):
        if isinstance(password, bytes):
            return "nobody's"
        self.begun.put((password, threading.current_thread()))
        assert self.open.wait(PATIENCE)
        return f"hash of {password}"


class RecordingHasher:
    """A hasher that does its work and records it."""

    def __init__(self):
        self.verified = []

    def hash(self, password):
        return TINY.hash(password)

    def verify(self, password_hash, password):
        self.verified.append(password_hash)
        return TINY.verify(password_hash, password)


@pytest.fixture
def reactor():
    """Return the reactor's thread."""
    return ManualReactor()


@pytest.fixture
def started(reactor):
    """Return a function that starts hashing with a hasher; it is stopped after the test."""
    running = []

    def start(hasher):
        hashing = Argon2Hashing(reactor, hasher)
        hashing.start()
        running.append(hashing)
        return hashing

    yield start
    for hashing in running:
        hashing.stop()


@pytest.fixture
def gate(started):
    """Return a hasher behind a gate, and its hashing; the gate opens after the test."""
    gate = BlockingHasher()
    hashing = started(gate)
    yield gate, hashing
    gate.open.set()


def fill(hashing, outcome):
    """Return as many jobs as the queue takes."""
    return [outcome(hashing.hash(str(n), None)) for n in range(THREADS + MAX_QUEUED)]


def test_parameters():
    """Hashes are argon2id with 19 MiB, two passes and one lane."""
    parameters = extract_parameters(ARGON2ID.hash("x"))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)


def test_right_and_wrong(started, reactor, outcome):
    """A hash fits its password and no other, and two hashes are never the same."""
    hashing = started(TINY)
    first, second = outcome(hashing.hash("pässword", None)), outcome(hashing.hash("pässword", None))
    reactor.until(first, second)
    right = outcome(hashing.verify(first.result, "pässword", None))
    wrong = outcome(hashing.verify(first.result, "passwörd", None))
    reactor.until(right, wrong)
    assert (right.result, wrong.result) == (True, False)
    assert first.result != second.result


@pytest.mark.parametrize("password_hash", [None, "", "!", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_missing_hash_costs_the_same(started, reactor, outcome, password_hash):
    """Without a hash, one with the same parameters is verified, once."""
    writer = RecordingHasher()
    result = outcome(started(writer).verify(password_hash, "password", None))
    reactor.until(result)
    assert result.result is False
    done = [made for made in writer.verified if made.startswith("$argon2")]
    assert [extract_parameters(made) for made in done] == [extract_parameters(TINY.hash("x"))]


def test_needs_rehash():
    """A hash with other parameters is to be made again."""
    hashing = Argon2Hashing(ManualReactor(), TINY)
    assert not hashing.needs_rehash(TINY.hash("x"))
    assert hashing.needs_rehash(PasswordHasher(2, 8, 1).hash("x"))


def test_nothing_starts_on_construction(outcome):
    """There is no thread before `start`, as the daemon may fork."""
    before = threading.active_count()
    hashing = Argon2Hashing(ManualReactor(), TINY)
    assert outcome(hashing.hash("x", None)).code == "busy"
    hashing.stop()
    assert threading.active_count() == before


def test_two_threads_of_its_own(gate, outcome):
    """Two jobs run at a time, in threads that do not keep the process alive."""
    gate, hashing = gate
    fill(hashing, outcome)
    threads = [gate.begun.get(timeout=PATIENCE)[1] for _ in range(THREADS)]
    assert gate.begun.empty()
    assert len(set(threads)) == THREADS
    assert threading.current_thread() not in threads
    assert all(thread.daemon for thread in threads)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority")
def test_behind_the_reactor(gate, outcome):
    """The threads have a lower priority than the reactor's thread."""
    gate, hashing = gate
    fill(hashing, outcome)
    _, thread = gate.begun.get(timeout=PATIENCE)
    priority = os.getpriority(os.PRIO_PROCESS, thread.native_id)
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert priority == min(ours + 10, 19)  # there is nothing nicer than 19


def test_the_queue_has_an_end(gate, reactor, outcome):
    """A job past the limit is refused at once; the others are done, and then there is room."""
    gate, hashing = gate
    jobs = fill(hashing, outcome)
    assert outcome(hashing.hash("too much", None)).code == "busy"
    assert outcome(hashing.verify(None, "too much", None)).code == "busy"
    assert not any(job.done for job in jobs)
    gate.open.set()
    reactor.until(*jobs)
    assert [job.result for job in jobs] == [f"hash of {n}" for n in range(len(jobs))]
    reactor.until(*fill(hashing, outcome))


def test_a_cancelled_job(gate, reactor, outcome):
    """A cancelled job leaves the queue; one that runs occupies its thread until it has ended."""
    gate, hashing = gate
    jobs = fill(hashing, outcome)
    for job in jobs:
        job.deferred.cancel()
        assert job.done
    again = [outcome(hashing.hash(str(n), None)) for n in range(MAX_QUEUED)]
    assert outcome(hashing.hash("too much", None)).code == "busy"
    assert {gate.begun.get(timeout=PATIENCE)[0] for _ in range(THREADS)} == {"0", "1"}
    assert gate.begun.empty()
    gate.open.set()
    reactor.until(*again)
    assert gate.begun.qsize() == MAX_QUEUED


def test_networks_take_turns(gate, reactor, outcome):
    """A job of another network comes before those of one that has many waiting."""
    gate, hashing = gate
    flood = [outcome(hashing.hash(f"flood {n}", (f"2001:db8:0:{n:x}::1", 1))) for n in range(90)]
    honest = outcome(hashing.hash("honest", ("192.0.2.1", 1)))
    refused = [job for job in flood if job.done]
    assert {job.code for job in refused} == {"busy"}
    assert len(flood) - len(refused) == THREADS + QUEUE_LIMITS.network
    gate.open.set()
    reactor.until(honest)
    served = [job for job in flood if job.done and job not in refused]
    assert len(served) < QUEUE_LIMITS.network // 2


def test_stop_waits_for_what_runs(gate, reactor, outcome, monkeypatch):
    """Running jobs end at the stop; queued and later jobs are refused."""
    gate, hashing = gate
    jobs = fill(hashing, outcome)
    for _ in range(THREADS):
        gate.begun.get(timeout=PATIENCE)
    join = hashing._pool.stop
    monkeypatch.setattr(hashing._pool, "stop", lambda: (gate.open.set(), join()))
    hashing.stop()
    reactor.until(*jobs)
    assert [job.code for job in jobs] == [None] * THREADS + ["busy"] * MAX_QUEUED
    assert outcome(hashing.hash("x", None)).code == "busy"


def test_errors_come_through(started, reactor, outcome):
    """An error in a thread is raised without the password, and the job no longer counts."""

    class Broken(BlockingHasher):
        def verify(self, *_):
            raise MemoryError

    hashing = started(Broken())
    for _ in range(THREADS + MAX_QUEUED + 1):
        job = outcome(hashing.verify("x", "secret word", None))
        reactor.until(job)
        assert type(job.error) is MemoryError
        assert "secret word" not in repr(job.error)


def test_the_process_can_end():
    """Threads that were never stopped do not keep the process alive."""
    program = (
        "from types import SimpleNamespace\n"
        "from argon2 import PasswordHasher\n"
        "from twisted.internet.defer import Deferred\n"
        "from chatd.auth.hashing import Argon2Hashing\n"
        "reactor = SimpleNamespace(callFromThread=lambda *_: None)\n"
        "hashing = Argon2Hashing(reactor, PasswordHasher(1, 8, 1))\n"
        "hashing.start()\n"
        "Deferred.fromCoroutine(hashing.hash('password', None))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)
