"""The signal handlers, and the errors of the start; smoke/ sends signals to real processes."""

import gc
import os
import resource
import signal
import sys

import pytest

from chatd.daemon.signals import Process, raise_descriptor_limit, start_error_hook
from chatd.daemon.startup import StartError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


class RecordingReactor:
    """Calls at once what other threads ask for, and keeps the triggers of the shutdown."""

    def __init__(self):
        self.triggers = []

    def callFromThread(self, callback, *arguments):
        callback(*arguments)

    def addSystemEventTrigger(self, *trigger):
        self.triggers.append(trigger)


class CallLog:
    """Stands for the notifier or the log file, and records the calls of its methods."""

    def __init__(self, calls, name):
        self._calls = calls
        self._name = name

    def __getattr__(self, method):
        return lambda: self._calls.append(f"{self._name}.{method}")


class RecordingService(CallLog):
    """A service that does nothing; tests set `stopping`."""

    stopping = False


class BrokenLogFile(CallLog):
    """A log file that cannot be opened again."""

    def reopen(self):
        raise FileNotFoundError(2, "No such file or directory")


@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    """Keep the state of the process that runs the tests; return the calls of its collector."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    collector = []
    monkeypatch.setattr(gc, "collect", lambda: collector.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: collector.append("freeze"))
    yield collector
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def calls():
    """Return the list of calls that the process has made."""
    return []


@pytest.fixture
def install(calls):
    """Return a function that installs the handlers; it returns the service and the reactor."""

    def install(log_file=None):
        service, reactor = RecordingService(calls, "service"), RecordingReactor()
        Process(service, reactor, log_file, CallLog(calls, "notifier")).install()
        calls.clear()
        return service, reactor

    return install


@pytest.fixture
def terminal(monkeypatch):
    """Return a set that holds True while standard input is a terminal."""
    state = {True}
    monkeypatch.setattr(os, "isatty", lambda _: True in state)
    return state


def test_the_server_is_announced_before_it_is_ready(calls):
    """A service manager that learns of the server finds it listening."""
    reactor, notifier = RecordingReactor(), CallLog(calls, "notifier")
    Process(RecordingService(calls, "service"), reactor, None, notifier).install()
    assert calls == ["service.announce", "notifier.ready"]
    ((phase, event, stopping),) = reactor.triggers
    assert (phase, event) == ("before", "shutdown")
    stopping()
    assert calls[-1] == "notifier.stopping"


def test_the_collector_passes_over_the_modules(install, frozen):
    """The objects of the start are frozen, without garbage among them."""
    install()
    assert frozen == ["collect", "freeze"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_stops_the_server(install, calls, capture_log, number):
    """The server shuts down in order, and the log names the signal."""
    install()
    signal.raise_signal(number)
    assert calls == ["service.request_stop"]
    assert capture_log() == [f"System: {number.name} received"]


def test_the_second_signal_ends_the_process(install, monkeypatch):
    """The exit status is that of a process which the signal has killed."""
    statuses = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    install()
    signal.raise_signal(signal.SIGTERM)
    assert statuses == []
    signal.raise_signal(signal.SIGINT)
    assert statuses == [130]


def test_a_signal_after_quit_ends_the_process(install, monkeypatch):
    """A server that already shuts down ends at the first signal."""
    statuses = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    service, _ = install()
    service.stopping = True
    signal.raise_signal(signal.SIGTERM)
    assert statuses == [143]


def test_sighup_reloads(install, calls):
    """The log file is opened again first, so that it has the lines of the reload."""
    install(CallLog(calls, "log_file"))
    signal.raise_signal(signal.SIGHUP)
    assert calls == [
        "notifier.reloading",
        "log_file.reopen",
        "service.reload",
        "notifier.ready",
    ]


def test_a_log_file_that_cannot_be_opened_again(install, calls, capture_log):
    """The error is logged, and the reload continues."""
    install(BrokenLogFile(calls, "log_file"))
    signal.raise_signal(signal.SIGHUP)
    assert capture_log()[0] == (
        "System: the log file cannot be opened again: No such file or directory"
    )
    assert calls == ["notifier.reloading", "service.reload", "notifier.ready"]


def test_sighup_during_the_shutdown(install, calls):
    """Nothing is reloaded any more."""
    service, _ = install()
    service.stopping = True
    signal.raise_signal(signal.SIGHUP)
    assert calls == []


def test_a_terminal_that_closes(install, calls, terminal):
    """SIGHUP shuts down a server whose terminal is gone, and reloads one that still has it."""
    install()
    signal.raise_signal(signal.SIGHUP)
    assert "service.reload" in calls
    terminal.clear()
    calls.clear()
    signal.raise_signal(signal.SIGHUP)
    assert calls == ["service.request_stop"]


def test_nohup(install, calls, terminal):
    """A server that was started with SIGHUP ignored outlives its terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    install()
    terminal.clear()
    signal.raise_signal(signal.SIGHUP)
    assert "service.reload" in calls


def test_sigusr1_rotates_the_log_file(install, calls):
    """SIGUSR1 rotates the log file, as twistd does with its own."""
    install(CallLog(calls, "log_file"))
    signal.raise_signal(signal.SIGUSR1)
    assert calls == ["log_file.rotate"]


def test_the_limit_of_descriptors(monkeypatch):
    """The soft limit becomes the hard limit; a system that refuses that is accepted."""
    limits = []

    def setrlimit(_, limit):
        limits.append(limit)
        raise ValueError("not allowed")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    raise_descriptor_limit()
    assert limits == [(4096, 4096)]


@pytest.mark.parametrize("log_errors", [True, False])
def test_a_start_error_is_one_line(monkeypatch, capsys, capture_log, log_errors):
    """It goes to standard error, and into the log if that goes elsewhere."""
    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    error = StartError("--motd x: No such file or directory")
    start_error_hook(log_errors, StartError, error, None)
    line = "chatd: --motd x: No such file or directory"
    assert capsys.readouterr().err == f"{line}\n"
    assert capture_log() == ([line] if log_errors else [])


def test_other_errors_keep_their_traceback(monkeypatch):
    """The interpreter's own hook prints them."""
    hooked = []
    monkeypatch.setattr(sys, "__excepthook__", lambda *arguments: hooked.append(arguments))
    error = KeyError("x")
    start_error_hook(True, KeyError, error, None)
    assert hooked == [(KeyError, error, None)]
