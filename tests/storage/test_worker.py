"""Jobs in a thread: in order, and no caller waits long while the database hangs."""

from threading import Event, get_ident

import pytest
from twisted.internet.defer import Deferred

from chatd.core.errors import StoreUnavailableError
from chatd.storage.worker import COOLDOWN_SECONDS, JOB_TIMEOUT, Worker


class DbConnection:
    """A link to a database that hangs when it is told to, until it is cut."""

    def __init__(self):
        self.hanging = Event()
        self.was_cut = Event()
        self.jobs = []

    def run(self, job):
        return job(self)

    def interrupt(self):
        self.was_cut.set()

    def hang(self, _):
        """Do a job that takes for ever."""
        self.hanging.set()
        assert self.was_cut.wait(30)
        raise StoreUnavailableError("cut")


@pytest.fixture
def link():
    """Return a link."""
    return DbConnection()


@pytest.fixture
def start(reactor, link):
    """Return a function that gives a job to a worker, which is stopped in the end."""
    workers = {}

    def start(job, rest=0.0):
        worker = workers.setdefault(rest, Worker(reactor, link, rest))
        return Deferred.fromCoroutine(worker.run(job))

    yield start
    for worker in workers.values():
        reactor.result(Deferred.fromCoroutine(worker.stop()))


def away(_):
    """Do a job of which the database knows nothing."""
    raise StoreUnavailableError("away")


def test_in_order_in_one_other_thread(start, reactor):
    """The reactor's thread is free, and what comes first is done first."""
    done = []
    jobs = [start(lambda _, n=n: done.append((n, get_ident()))) for n in range(20)]
    for job in jobs:
        reactor.result(job)
    assert [n for n, _ in done] == list(range(20))
    assert len({thread for _, thread in done} - {get_ident()}) == 1
    assert reactor.getDelayedCalls() == []


def test_a_fault_of_ours_passes_through(start, reactor):
    """And the next job is done all the same."""
    with pytest.raises(ZeroDivisionError):
        reactor.result(start(lambda _: 1 / 0, rest=1.0))
    assert reactor.result(start(lambda _: 1, rest=1.0)) == 1


def test_a_job_that_takes_too_long_is_cut_off(start, reactor, link):
    """Not before its time is over, and then at once."""
    hanging = start(link.hang)
    assert link.hanging.wait(30)
    reactor.advance(JOB_TIMEOUT - 0.1)
    assert not link.was_cut.is_set()
    reactor.advance(0.2)
    with pytest.raises(StoreUnavailableError) as error:
        reactor.result(hanging)
    assert error.value.reason == "cut"
    assert reactor.getDelayedCalls() == []


def test_a_job_that_waited_too_long_is_not_begun(start, reactor, link):
    """A queue does not add up what each job waits."""
    hanging = start(link.hang)
    assert link.hanging.wait(30)
    waiting = start(lambda _: link.jobs.append(1))
    reactor.advance(JOB_TIMEOUT + 0.1)
    for job in (hanging, waiting):
        with pytest.raises(StoreUnavailableError):
            reactor.result(job)
    assert link.jobs == []
    assert reactor.result(start(lambda _: 1)) == 1


def test_rest_after_a_failure(start, reactor, link):
    """Who may rest does not try for a while, then does."""
    with pytest.raises(StoreUnavailableError):
        reactor.result(start(away, COOLDOWN_SECONDS))
    with pytest.raises(StoreUnavailableError) as error:
        reactor.result(start(lambda _: link.jobs.append(1), COOLDOWN_SECONDS))
    assert (error.value.reason, link.jobs) == ("away", [])
    reactor.advance(COOLDOWN_SECONDS)
    assert reactor.result(start(lambda _: 1, COOLDOWN_SECONDS)) == 1


def test_no_rest_for_who_writes(start, reactor):
    """Without a rest each job is tried."""
    with pytest.raises(StoreUnavailableError):
        reactor.result(start(away))
    assert reactor.result(start(lambda _: 1)) == 1


def test_stop(reactor, link):
    """What came before is done, what comes after is refused."""
    worker = Worker(reactor, link)
    before = Deferred.fromCoroutine(worker.run(lambda _: link.jobs.append(1)))
    stopped = Deferred.fromCoroutine(worker.stop())
    after = Deferred.fromCoroutine(worker.run(lambda _: link.jobs.append(2)))
    reactor.result(before)
    reactor.result(stopped)
    with pytest.raises(StoreUnavailableError):
        reactor.result(after)
    assert link.jobs == [1]


def test_stop_without_a_job(reactor, link):
    """No thread was ever started."""
    reactor.result(Deferred.fromCoroutine(Worker(reactor, link).stop()))
