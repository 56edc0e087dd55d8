"""The service that the options of `twistd chatd` describe.

The only module of the server that uses the global reactor.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, cast

from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.scripts.twistd import ServerOptions  # type: ignore[attr-defined]

from chatd.clock import use_monotonic_time
from chatd.config import Config
from chatd.daemon.logfile import Log, LogError
from chatd.daemon.options import Options
from chatd.daemon.service import ChatService
from chatd.daemon.signals import Process, SystemdNotifier, raise_descriptor_limit, start_error_hook
from chatd.daemon.startup import StartError

__all__ = ["Options", "makeService"]

_log = Logger(namespace="chatd")

_URL_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^@\s]*@|[?&](?:ssl)?password=")
_VISIBLE_URL_WARNING: Final = (
    "System: everybody on this machine can read the store's password in the list of processes; "
    "keep it in ~/.pgpass instead"
)


def makeService(options: Options) -> ChatService:
    """Return the server that `options` describe; twistd and chatd.tac call this.

    A server that cannot be made ends the process with one line.
    """
    from twisted.internet import reactor  # noqa: PLC0415 -- the import installs the reactor

    use_monotonic_time(reactor)
    raise_descriptor_limit()
    try:
        log = Log(options.parent or _twistd_options(), in_json=bool(options["log-json"]))
        service = _Application(options.config(), reactor, log)
    except (StartError, LogError) as error:
        sys.exit(f"chatd: {error}")
    sys.excepthook = partial(start_error_hook, log.stdout is None)
    notifier = SystemdNotifier(os.environ.get("NOTIFY_SOCKET"))
    reactor.callWhenRunning(log.start)
    reactor.callWhenRunning(Process(service, reactor, log.file, notifier).install)
    if _URL_WITH_PASSWORD.search(" ".join(sys.argv)):
        reactor.callWhenRunning(
            partial(_log.warn, _VISIBLE_URL_WARNING, fields={"event": "password-visible"})
        )
    return service


class _Application(ChatService):
    """The service as twistd runs it: it replaces twistd's log with its own."""

    def __init__(self, config: Config, reactor: Any, log: Log) -> None:
        super().__init__(config, reactor, log)
        self._observer = log.observer

    def setServiceParent(self, parent: Any) -> None:
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)


def _twistd_options() -> Mapping[str, Any]:
    """Return the options of twistd, parsed again: twistd does not hand them to a .tac file."""
    twistd = ServerOptions()
    twistd.parseOptions()
    return cast("Mapping[str, Any]", twistd)
