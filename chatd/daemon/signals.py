"""The process that the server runs in: its signals, its log file, and its last words where it cannot start.

The first SIGTERM or SIGINT ends the server as `quit` does, a second one ends the process at once. At
SIGHUP what is on the disk is read again; but where the server was started on a terminal, and that has
gone, nobody is there any more, and it ends. The service manager, if there is one, is told of all that.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, NoReturn

from twisted.logger import Logger

from chatd.daemon.logfile import LogFile
from chatd.daemon.sdnotify import SystemdNotifier
from chatd.daemon.service import ChatService
from chatd.daemon.startup import StartError

_STDIN: Final = 0

_log = Logger(namespace="chatd")


class Process:
    """Brings together the server and the process that twistd runs it in.

    `log` is its log file, if any.
    """

    def __init__(
        self, service: ChatService, reactor: Any, log: LogFile | None, manager: SystemdNotifier
    ) -> None:
        self._service = service
        self._reactor = reactor
        self._log = log
        self._manager = manager
        self._told_to_end = False
        self._lives_with_terminal = False

    def install(self) -> None:
        """Take the signals, and then say that all is ready; to be called once the reactor runs.

        As it starts, it takes the signals, too.
        """
        # Not before: in the background there is no terminal any more. Who has it ignored (nohup) wants to outlive his.
        self._lives_with_terminal = (
            os.isatty(_STDIN) and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        )
        # Twisted's own would exit with their status.
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, self._on_terminate)
        signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self._hung_up))
        if self._log is not None:
            # As twistd does where the file is its own.
            begin_anew = self._log.rotate
            signal.signal(signal.SIGUSR1, lambda *_: self._reactor.callFromThread(begin_anew))
        _freeze_gc()
        self._service.announce()
        self._reactor.addSystemEventTrigger("before", "shutdown", self._manager.stopping)
        self._manager.ready()

    def _on_terminate(self, number: int, _: object) -> None:
        if self._told_to_end or self._service.stopping:
            _leave(number)
        self._told_to_end = True
        self._reactor.callFromThread(self._end, signal.Signals(number))

    def _hung_up(self) -> None:
        if self._lives_with_terminal and not os.isatty(_STDIN):
            self._end(signal.SIGHUP)
        elif not self._service.stopping:
            self._reload()

    def _reload(self) -> None:
        self._manager.reloading()
        self._reopen_log()
        _log.info("System: SIGHUP received, reading again what is on the disk")
        self._service.reload()
        self._manager.ready()

    def _reopen_log(self) -> None:
        if self._log is not None:
            try:
                self._log.reopen()
            except OSError as error:
                _log.error("System: the log file cannot be opened again: {why}", why=error.strerror)

    def _end(self, cause: signal.Signals) -> None:
        _log.info("System: {cause} received", cause=cause.name)
        self._service.request_stop()


def _leave(number: int) -> NoReturn:
    """End the process, whatever it waits for: not even its log may be written to any more."""
    os._exit(128 + number)


def _freeze_gc() -> None:
    """Let the garbage collector pass over what is there at the start, and stays.

    It is most of what there is: to look at all of it stops everything for some 40 ms each time.
    """
    gc.collect()
    gc.freeze()


def raise_descriptor_limit() -> None:
    """Let the process have as many descriptors open as it may ask for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # not every system lets a process have no limit at all
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def start_error_hook(
    logged: bool,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Say in one line what cannot be, also in the log if that is elsewhere; all else is shown whole."""
    if isinstance(error, StartError):
        if logged:
            _log.critical("chatd: {error}", error=error)
        print(f"chatd: {error}", file=sys.__stderr__)
    else:
        sys.__excepthook__(kind, error, traceback)
