"""The process around the service: signals, the log file, the service manager, errors at the start.

| signal | effect |
| --- | --- |
| SIGTERM, SIGINT | the server shuts down, as with `quit`; a second one ends the process at once |
| SIGHUP | the log file, the certificates and the message of the day are read again |
| SIGUSR1 | the log file is rotated, as twistd does with its own |

A server that was started on a terminal also gets SIGHUP when the terminal closes. Nobody can use
its console any more, so it shuts down.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, NoReturn

from twisted.logger import Logger

from chatd.daemon.logfile import LogFile
from chatd.daemon.service import ChatService
from chatd.daemon.startup import StartError

_log = Logger(namespace="chatd")


class SystemdNotifier:
    """Sends states to the socket at `address`; does nothing if that is None or empty."""

    def __init__(self, address: str | None) -> None:
        # An address with an at sign is in Linux's abstract namespace, where it starts with a NUL.
        self._address = address and (f"\0{address[1:]}" if address.startswith("@") else address)

    def ready(self) -> None:
        """Report that the server accepts clients, or that a reload is complete."""
        self._notify("READY=1")

    def reloading(self) -> None:
        """Report that the server reads its files again; `ready` follows."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def stopping(self) -> None:
        """Report that the server shuts down."""
        self._notify("STOPPING=1")

    def _notify(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.connect(self._address)
                manager.sendall(state.encode())
        except OSError as error:
            _log.warn(
                "System: the service manager cannot be told: {why}",
                why=error.strerror,
                fields={"event": "service-manager-lost", "why": error.strerror},
            )


_STDIN: Final = 0

_log = Logger(namespace="chatd")


class Process:
    """Connects the service to the signals, the log file and the service manager.

    `log_file` is None where the log does not go to a file of chatd's.
    """

    def __init__(
        self,
        service: ChatService,
        reactor: Any,
        log_file: LogFile | None,
        notifier: SystemdNotifier,
    ) -> None:
        self._service = service
        self._reactor = reactor
        self._log_file = log_file
        self._notifier = notifier
        self._terminating = False
        self._depends_on_terminal = False

    def install(self) -> None:
        """Install the signal handlers, then announce that the server is ready.

        The reactor calls this when it runs: its own handlers, which end the process with another
        exit status, are in place by then, and a process in the background has left its terminal.
        """
        # A server under nohup, where SIGHUP is ignored, outlives its terminal.
        self._depends_on_terminal = (
            os.isatty(_STDIN) and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        )
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, self._on_terminate)
        self._call_on_signal(signal.SIGHUP, self._on_hangup)
        if self._log_file is not None:
            self._call_on_signal(signal.SIGUSR1, self._log_file.rotate)
        _freeze_gc()
        self._service.announce()
        self._reactor.addSystemEventTrigger("before", "shutdown", self._notifier.stopping)
        self._notifier.ready()

    def _call_on_signal(self, number: signal.Signals, callback: Any) -> None:
        """Call `callback` in the reactor when the signal arrives."""
        signal.signal(number, lambda *_: self._reactor.callFromThread(callback))

    def _on_terminate(self, number: int, _: object) -> None:
        if self._terminating or self._service.stopping:
            _exit_now(number)
        self._terminating = True
        self._reactor.callFromThread(self._stop, signal.Signals(number))

    def _on_hangup(self) -> None:
        if self._depends_on_terminal and not os.isatty(_STDIN):
            self._stop(signal.SIGHUP)
        elif not self._service.stopping:
            self._reload()

    def _reload(self) -> None:
        self._notifier.reloading()
        self._reopen_log()
        _log.info("System: SIGHUP received, reloading", fields={"event": "reloading"})
        self._service.reload()
        self._notifier.ready()

    def _reopen_log(self) -> None:
        if self._log_file is not None:
            try:
                self._log_file.reopen()
            except OSError as error:
                _log.error(
                    "System: the log file cannot be opened again: {why}",
                    why=error.strerror,
                    fields={"event": "log-not-reopened", "why": error.strerror},
                )

    def _stop(self, cause: signal.Signals) -> None:
        _log.info(
            "System: {cause} received",
            cause=cause.name,
            fields={"event": "stopping", "signal": cause.name},
        )
        self._service.request_stop()


def _exit_now(number: int) -> NoReturn:
    """End the process with the status of a signal, without cleaning up: anything may hang."""
    os._exit(128 + number)


def _freeze_gc() -> None:
    """Exclude the objects that exist now from garbage collection.

    The server's modules are most of all objects, and they stay until the end. A full collection
    that visits them stops the server for about 40 ms.
    """
    gc.collect()
    gc.freeze()


def raise_descriptor_limit() -> None:
    """Raise the soft limit of open descriptors to the hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems refuse "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def start_error_hook(
    log_errors: bool,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Print a `StartError` as one line, and other exceptions with their traceback.

    A `sys.excepthook`, but for `log_errors`: whether a `StartError` goes into the log, too. It is
    False where the log goes to standard output, which would show the line twice.
    """
    if isinstance(error, StartError):
        if log_errors:
            _log.critical(
                "chatd: {error}", error=error, fields={"event": "start-failed", "why": str(error)}
            )
        print(f"chatd: {error}", file=sys.__stderr__)
    else:
        sys.__excepthook__(kind, error, traceback)
