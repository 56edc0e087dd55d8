"""`chatd-client [--guided] [HOST [PORT]]`: what was asked for on the command line, and the reactor.

The only module of the client that meets the global reactor: on a terminal the one that runs on
asyncio, as prompt_toolkit does; elsewhere the default one.
"""

from __future__ import annotations

import argparse
import asyncio
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

from chatd.client import endpoints
from chatd.client.app import Client
from chatd.client.ui.command_mode import Conversation, parse_address
from chatd.client.ui.effects import Address
from chatd.client.ui.frontend import Talk
from chatd.client.ui.guided_mode import Guided
from chatd.client.ui.modes import Echo
from chatd.client.ui.pipe import PATIENCE as PIPE_PATIENCE
from chatd.client.ui.pipe import (
    CommandIntake,
    GuidedIntake,
    Intake,
    PipeScreen,
    lines_of,
    start_reading,
)
from chatd.io import write_all

_DESCRIPTION = """\
Chat on a server of chatd. What you type is said in your room; what begins with
a backtick is a command: `help lists them, `enter 1 Ann is a beginning, `exit ends.
On a terminal there are line editing, history and completion with Tab. Else lines
are read from standard input and what comes is printed as it is:
printf '`list\\n' | chatd-client chat.example.org"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the client; ends the program."""
    options = _parser().parse_args(arguments)
    try:
        address = parse_address(options.host, options.port)
    except ValueError as error:
        _refuse(str(error))
    on_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    sys.exit((_run_on_terminal if on_terminal else _run_on_pipe)(options, address))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chatd-client",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "host", metavar="HOST", nargs="?", default="localhost", help="default: localhost"
    )
    parser.add_argument("port", metavar="PORT", nargs="?", default="9999", help="default: 9999")
    parser.add_argument(
        "--guided", action="store_true", help="be asked for all, and type no commands"
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="speak TLS; the certificate has to be for HOST, and be signed by who is trusted",
    )
    parser.add_argument(
        "--cafile",
        metavar="FILE",
        help="trust the certificates in FILE (PEM) as well; implies --tls",
    )
    return parser


def _refuse(words: str) -> NoReturn:
    sys.exit(f"chatd-client: {words}")


def _endpoints(options: argparse.Namespace, reactor: Any) -> endpoints.EndpointFor:
    if options.tls or options.cafile:
        try:
            return endpoints.tls(reactor, options.cafile)
        except endpoints.TlsError as error:
            _refuse(str(error))
    return endpoints.plain(reactor)


def _talk(options: argparse.Namespace) -> Talk:
    return Guided() if options.guided else Conversation()


def _run_on_terminal(options: argparse.Namespace, address: Address) -> int:
    asyncioreactor.install()
    from twisted.internet import reactor  # noqa: PLC0415 -- the one just installed

    from chatd.client.ui.terminal import PATIENCE, TerminalScreen  # noqa: PLC0415 -- for terminals only

    screen = TerminalScreen(completes=not options.guided)
    talk = _talk(options)
    endpoint_for, clock = _endpoints(options, reactor), cast("Any", reactor)
    client = Client(talk, screen, clock, endpoint_for, random.random, patience=PATIENCE)
    finished: Deferred[None] = Deferred()
    faults: list[Failure] = []

    def begin() -> None:
        client.start(address)
        conversing = Deferred.fromFuture(asyncio.ensure_future(screen.converse(client)))
        conversing.addErrback(faults.append)
        conversing.addCallback(lambda _: _stop(reactor))
        conversing.chainDeferred(finished)

    def shut_down() -> Deferred[None]:
        # A signal may come between two prompts: then there is to be no other. Who is leaving already
        # wants it at once. The terminal is put back in any case.
        if client.leaving:
            client.stop()
        client.leave()
        screen.stop()
        return finished

    _run(reactor, begin, shut_down)
    for fault in faults:
        fault.raiseException()
    return 1 if client.failed else 0


def _run_on_pipe(options: argparse.Namespace, address: Address) -> int:
    from twisted.internet import reactor  # noqa: PLC0415 -- not before it is known which one

    # Who closes standard input or output has nothing to say, or does not want to hear.
    descriptor = sys.stdin.fileno() if sys.stdin is not None else None
    lines = lines_of(descriptor) if descriptor is not None else iter(())
    echo = Echo(descriptor, sys.stderr)
    screen = PipeScreen(_standard_output(), sys.stderr, lambda: _stop(reactor))
    endpoint_for = _endpoints(options, reactor)
    clock = cast("Any", reactor)
    talk = _talk(options)
    client = Client(talk, screen, clock, endpoint_for, random.random, patience=PIPE_PATIENCE)

    def begin() -> None:
        client.start(address)
        client.ended.addCallback(lambda _: _stop(reactor))
        start_reading(reactor, _intake(client, screen, clock), lines, echo)

    try:
        _run(reactor, begin, client.stop)
    finally:
        echo.restore()
    return 0 if client.complete and not (client.failed or screen.broken) else 1


def _intake(client: Client, screen: PipeScreen, clock: Any) -> Intake:
    """Return what takes the lines that the client's way of talking expects."""
    if isinstance(client.talk, Conversation):
        return CommandIntake(client, client.talk, clock)
    return GuidedIntake(client, screen, clock, time.time)


def _standard_output() -> Callable[[bytes], object]:
    """Return what writes to standard output, or, where that is closed, nowhere."""
    return partial(write_all, sys.stdout.fileno()) if sys.stdout is not None else len


def _run(reactor: Any, begin: Callable[[], None], shut_down: Callable[[], object]) -> None:
    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", shut_down)
    reactor.run()


def _stop(reactor: Any) -> None:
    with suppress(ReactorNotRunning):  # it is being stopped already, by a signal
        reactor.stop()
