"""`chatd-client`: the reactor, and the parts of the client for the options.

No other module of the client uses the global reactor: on a terminal the reactor on asyncio, which
prompt_toolkit needs; elsewhere the default one.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn, cast

from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.python.failure import Failure

from chatd.client.app import Client
from chatd.client.configfile import ConfigError
from chatd.client.endpoints import EndpointFor, TlsError, tcp_endpoints, tls_endpoints
from chatd.client.options import Options, parse
from chatd.client.statefiles import HistoryFile, LoginFile, state_directory
from chatd.client.ui.charset import shows_unicode
from chatd.client.ui.command_mode import PLAIN_PROMPT, CommandMode
from chatd.client.ui.frontend import Frontend
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.guided_terminal import GuidedTerminalMode
from chatd.client.ui.pipe import EXIT_TIMEOUT as PIPE_EXIT_TIMEOUT
from chatd.client.ui.pipe import (
    CommandReader,
    GuidedReader,
    PipeScreen,
    StdinReader,
    read_lines,
    start_reading,
)
from chatd.client.ui.remember import Remembering, is_this_machine
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.client.ui.tty import Echo
from chatd.clock import use_monotonic_time
from chatd.io import write_all


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the client, and exit with its status."""
    try:
        options = parse(arguments)
    except ConfigError as error:
        _refuse(str(error))
    on_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    sys.exit((_run_on_terminal if on_terminal else _run_on_pipe)(options))


def _refuse(words: str) -> NoReturn:
    sys.exit(f"chatd-client: {words}")


def _endpoints(options: Options, reactor: Any) -> EndpointFor:
    if options.tls or options.cafile:
        try:
            return tls_endpoints(reactor, options.cafile)
        except TlsError as error:
            _refuse(str(error))
    return tcp_endpoints(reactor)


def _frontend(options: Options, *, on_terminal: bool) -> Frontend:
    if options.guided:
        return GuidedTerminalMode() if on_terminal else GuidedMode()
    return _terminal_mode(options) if on_terminal else CommandMode(options.startup)


def _terminal_mode(options: Options) -> TerminalMode:
    """Return command mode on a terminal; it logs in with a remembered token, if there is one."""
    if not options.remember:
        return TerminalMode(options.startup)
    store = LoginFile(state_directory())
    login = None
    if options.tls or is_this_machine(options.address.host):
        login = store.find(str(options.address), options.startup.account)
    startup = (
        options.startup if login is None else options.startup.resumed(login.token, login.rooms)
    )
    return TerminalMode(startup, Remembering(store, login, encrypted=options.tls))


def _run_on_terminal(options: Options) -> int:
    asyncioreactor.install()
    from twisted.internet import reactor  # noqa: PLC0415 -- the one just installed

    from chatd.client.ui.output import terminal_session  # noqa: PLC0415 -- for terminals only
    from chatd.client.ui.terminal import EXIT_TIMEOUT, TerminalScreen  # noqa: PLC0415 -- for terminals only

    use_monotonic_time(reactor)
    history = HistoryFile(state_directory()) if not options.guided else None
    is_guided = options.guided
    with terminal_session():
        screen = TerminalScreen(
            completes=not is_guided, repaints=not is_guided, history=history, rings=options.bell
        )
    frontend = _frontend(options, on_terminal=True)
    if isinstance(frontend, CommandMode) and not shows_unicode(os.environ):
        frontend.default_prompt = PLAIN_PROMPT
    endpoint_for, clock = _endpoints(options, reactor), cast("Any", reactor)
    client = Client(frontend, screen, clock, endpoint_for, random.random, exit_timeout=EXIT_TIMEOUT)
    finished: Deferred[None] = Deferred()
    failures: list[Failure] = []

    def begin() -> None:
        client.start(options.address)
        conversing = Deferred.fromFuture(asyncio.ensure_future(screen.converse(client)))
        conversing.addErrback(failures.append)
        conversing.addCallback(lambda _: _stop(reactor))
        conversing.chainDeferred(finished)

    def shut_down() -> Deferred[None]:
        # A signal may arrive between two prompts: then there is no other. A second signal, while
        # the client is leaving, ends it at once. The terminal is restored in any case.
        if client.leaving:
            client.stop()
        client.leave()
        screen.stop()
        return finished

    _run(reactor, begin, shut_down)
    for failure in failures:
        failure.raiseException()
    return 1 if client.failed else 0


def _run_on_pipe(options: Options) -> int:
    from twisted.internet import reactor  # noqa: PLC0415 -- not before it is known which one

    use_monotonic_time(reactor)
    # Standard input or output may be closed.
    descriptor = sys.stdin.fileno() if sys.stdin is not None else None
    lines = read_lines(descriptor) if descriptor is not None else iter(())
    echo = Echo(descriptor, sys.stderr)
    screen = PipeScreen(_standard_output(), sys.stderr, lambda: _stop(reactor))
    endpoint_for = _endpoints(options, reactor)
    clock = cast("Any", reactor)
    frontend = _frontend(options, on_terminal=False)
    client = Client(
        frontend, screen, clock, endpoint_for, random.random, exit_timeout=PIPE_EXIT_TIMEOUT
    )

    def begin() -> None:
        client.start(options.address)
        client.ended.addCallback(lambda _: _stop(reactor))
        start_reading(reactor, _reader(client, screen, clock), lines, echo)

    try:
        _run(reactor, begin, client.stop)
    finally:
        echo.restore()
    return 0 if client.complete and not (client.failed or screen.broken) else 1


def _reader(client: Client, screen: PipeScreen, clock: Any) -> StdinReader:
    """Return the reader for the frontend of the client."""
    if isinstance(client.frontend, CommandMode):
        return CommandReader(client, client.frontend, clock)
    return GuidedReader(client, screen, clock, time.time)


def _standard_output() -> Callable[[bytes], object]:
    """Return a function that writes to standard output, or nowhere if that is closed."""
    return partial(write_all, sys.stdout.fileno()) if sys.stdout is not None else len


def _run(reactor: Any, begin: Callable[[], None], shut_down: Callable[[], object]) -> None:
    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", shut_down)
    reactor.run()


def _stop(reactor: Any) -> None:
    with suppress(ReactorNotRunning):  # a signal stops it already
        reactor.stop()
