"""Jobs run in a thread, in order, and no caller waits long while the database hangs."""

from threading import Event, get_ident

import pytest
from twisted.internet.defer import CancelledError, Deferred

from chatd.core.errors import StoreUnavailableError
from chatd.storage.worker import COOLDOWN_SECONDS, JOB_TIMEOUT, Worker


class HangingConnection:
    """A connection to a database that can hang until it is interrupted."""

    def __init__(self):
        self.hanging = Event()
        self.interrupted = Event()
        self.jobs = []

    def run(self, job):
        return job(self)

    def interrupt(self):
        self.interrupted.set()

    def hang(self, _):
        """Run a job that never ends by itself."""
        self.hanging.set()
        assert self.interrupted.wait(30)
        raise StoreUnavailableError("interrupted")


@pytest.fixture
def connection():
    """Return a connection that can hang."""
    return HangingConnection()


@pytest.fixture
def start(reactor, connection):
    """Return a function that starts a job on a worker with a cooldown."""
    workers = {}

    def start(job, cooldown=0.0):
        worker = workers.setdefault(cooldown, Worker(reactor, connection, cooldown))
        return Deferred.fromCoroutine(worker.run(job))

    yield start
    for worker in workers.values():
        reactor.result(Deferred.fromCoroutine(worker.stop()))


def fail(_):
    """Run a job while the database is unavailable."""
    raise StoreUnavailableError("gone")


def test_in_order_in_one_other_thread(start, reactor):
    """Jobs run one after the other, in the order of their calls, in a thread of their own."""
    done = []
    jobs = [start(lambda _, n=n: done.append((n, get_ident()))) for n in range(20)]
    for job in jobs:
        reactor.result(job)
    assert [n for n, _ in done] == list(range(20))
    assert len({thread for _, thread in done} - {get_ident()}) == 1
    assert reactor.getDelayedCalls() == []


def test_a_bug_passes_through(start, reactor):
    """An unexpected error reaches the caller, and the next job runs without a cooldown."""
    with pytest.raises(ZeroDivisionError):
        reactor.result(start(lambda _: 1 / 0, cooldown=1.0))
    assert reactor.result(start(lambda _: 1, cooldown=1.0)) == 1


def test_a_job_that_takes_too_long_is_interrupted(start, reactor, connection):
    """The connection is interrupted after `JOB_TIMEOUT`, and not before."""
    hanging = start(connection.hang)
    assert connection.hanging.wait(30)
    reactor.advance(JOB_TIMEOUT - 0.1)
    assert not connection.interrupted.is_set()
    reactor.advance(0.2)
    with pytest.raises(StoreUnavailableError) as error:
        reactor.result(hanging)
    assert error.value.reason == "interrupted"
    assert reactor.getDelayedCalls() == []


def test_a_job_that_waited_too_long_is_not_started(start, reactor, connection):
    """A job that waited for `JOB_TIMEOUT` fails, and does not wait for others any longer."""
    hanging = start(connection.hang)
    assert connection.hanging.wait(30)
    waiting = start(lambda _: connection.jobs.append(1))
    reactor.advance(JOB_TIMEOUT + 0.1)
    for job in (hanging, waiting):
        with pytest.raises(StoreUnavailableError):
            reactor.result(job)
    assert connection.jobs == []
    assert reactor.result(start(lambda _: 1)) == 1


def test_the_cooldown(start, reactor, connection):
    """After a failure jobs fail with the same reason at once, until the cooldown is over."""
    with pytest.raises(StoreUnavailableError):
        reactor.result(start(fail, COOLDOWN_SECONDS))
    with pytest.raises(StoreUnavailableError) as error:
        reactor.result(start(lambda _: connection.jobs.append(1), COOLDOWN_SECONDS))
    assert (error.value.reason, connection.jobs) == ("gone", [])
    reactor.advance(COOLDOWN_SECONDS)
    assert reactor.result(start(lambda _: 1, COOLDOWN_SECONDS)) == 1


def test_no_cooldown(start, reactor):
    """A worker without a cooldown tries each job."""
    with pytest.raises(StoreUnavailableError):
        reactor.result(start(fail))
    assert reactor.result(start(lambda _: 1)) == 1


def test_stop(reactor, connection):
    """Jobs from before `stop` are done, and later ones fail."""
    worker = Worker(reactor, connection)
    before = Deferred.fromCoroutine(worker.run(lambda _: connection.jobs.append(1)))
    stopped = Deferred.fromCoroutine(worker.stop())
    after = Deferred.fromCoroutine(worker.run(lambda _: connection.jobs.append(2)))
    reactor.result(before)
    reactor.result(stopped)
    with pytest.raises(StoreUnavailableError):
        reactor.result(after)
    assert connection.jobs == [1]


def test_stop_without_a_job(reactor, connection):
    """A worker can be stopped before it has a thread."""
    reactor.result(Deferred.fromCoroutine(Worker(reactor, connection).stop()))


def test_urgent_jobs_overtake_the_others(reactor, connection):
    """An urgent job runs after the job that runs, before all others; urgent ones stay in order."""
    worker, done, gate = Worker(reactor, connection), [], Event()

    def add(name, *, urgent):
        return Deferred.fromCoroutine(worker.run(lambda _: done.append(name), urgent=urgent))

    first = Deferred.fromCoroutine(worker.run(lambda _: gate.wait(30)))
    jobs = [add(name, urgent=False) for name in ("history 1", "history 2")]
    jobs += [add(name, urgent=True) for name in ("account 1", "account 2")]
    gate.set()
    for job in (first, *jobs):
        reactor.result(job)
    assert done == ["account 1", "account 2", "history 1", "history 2"]
    reactor.result(Deferred.fromCoroutine(worker.stop()))


def test_a_cancelled_job(reactor, connection):
    """A cancelled job leaves the queue; one that runs is let run, and then comes the next."""
    worker, done, gate = Worker(reactor, connection), [], Event()
    jobs = [
        Deferred.fromCoroutine(worker.run(lambda _, n=n: (gate.wait(30), done.append(n))))
        for n in range(3)
    ]
    for job in jobs[:2]:
        job.cancel()
        job.addErrback(lambda failure: failure.trap(CancelledError))
    gate.set()
    reactor.result(jobs[2])
    assert done == [0, 2]
    reactor.result(Deferred.fromCoroutine(worker.stop()))
