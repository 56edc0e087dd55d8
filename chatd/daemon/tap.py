"""The command line of `twistd chatd`, and the service that its options describe.

The only module of the server that uses the global reactor.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from typing import Any, ClassVar, Final, cast

from twisted.logger import ILogObserver, Logger
from twisted.python import usage
from twisted.python.components import Componentized
from twisted.scripts.twistd import ServerOptions  # type: ignore[attr-defined]

from chatd.clock import use_monotonic_time
from chatd.config import BYTE_RATE, Config, Limits, Registrants, RoomCreators, RoomPolicy
from chatd.core.sanitize import sanitize
from chatd.daemon.logfile import Log, LogError
from chatd.daemon.pidfile import prepare_pid_file
from chatd.daemon.service import ChatService
from chatd.daemon.signals import Process, SystemdNotifier, raise_descriptor_limit, start_error_hook
from chatd.daemon.startup import StartError
from chatd.storage.history import MAX_READ

_log = Logger(namespace="chatd")

_URL_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^@\s]*@|[?&](?:ssl)?password=")
_VISIBLE_URL_WARNING: Final = (
    "System: everybody on this machine can read the store's password in the list of processes; "
    "keep it in ~/.pgpass instead"
)

Convert = Callable[[str], object]
"""Returns the value of an option; raises `ValueError` with what the value must be."""


_MAX_NUMBER: Final = 10**9
"""The largest value of a number that has no smaller maximum: a GB, or thirty years in seconds."""

_MAX_DAYS: Final = 36_500

_MAX_SHOWN: Final = 100
"""How many characters of a wrong value are shown."""


def _number(minimum: int, maximum: int = _MAX_NUMBER) -> Convert:
    """Return a converter to whole numbers of a range."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if number < minimum:
            raise ValueError(f"must be {minimum} or more")
        if number > maximum:
            raise ValueError(f"must be {maximum} or less")
        return number

    return convert


def _choice(kind: type[StrEnum]) -> Convert:
    """Return a converter to the members of an enumeration."""

    def convert(text: str) -> object:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(kind)}") from None

    return convert


def _parameter(name: str, default: object, convert: Convert, description: str) -> list[Any]:
    """Return an option with a value in the form that Twisted's `optParameters` has."""

    def checked(text: str) -> object:
        try:
            return convert(text)
        except ValueError as error:
            shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
            raise usage.UsageError(f"--{name} {shown}: {error}") from error

    return [name, None, default, description, checked]


_FLAGS: Final = [
    ("hide-addresses", "Do not show clients the addresses of other clients."),
    ("require-login", "Guests may not join rooms."),
    ("trace", "Log every frame received and sent, with passwords and secrets masked."),
    ("no-console", "No console on standard input."),
    ("log-json", "Log in JSON, one object a line."),
]

# `--listen` and `--room`, which may be repeated, are methods of `Options`.
_PARAMETERS: Final = [
    _parameter(
        "store",
        Config.store,
        str,
        "Where accounts, rooms and history are kept: sqlite:///FILE, "
        "postgresql://USER@HOST/DATABASE (with its password in ~/.pgpass), or memory: "
        "to keep nothing.",
    ),
    _parameter(
        "rooms-per-client",
        RoomPolicy.rooms_per_client,
        _number(1),
        "How many rooms a client may be in at once.",
    ),
    _parameter("max-rooms", Config.max_rooms, _number(1), "How many rooms may exist at once."),
    _parameter(
        "who-starts",
        RoomPolicy.room_creators.value,
        _choice(RoomCreators),
        "Who may start rooms: everyone, accounts or nobody. The administrator always may.",
    ),
    _parameter(
        "rooms-per-account",
        RoomPolicy.rooms_per_account,
        _number(0),
        "How many rooms an account may own, which are those that it started; 0: no limit.",
    ),
    _parameter(
        "who-registers",
        Config.registrants.value,
        _choice(Registrants),
        "Who may register an account: everyone or nobody. The administrator always may.",
    ),
    _parameter(
        "replay",
        Config.replay,
        _number(0, MAX_READ),
        "How many messages of history a text client is shown when it joins a room.",
    ),
    _parameter(
        "keep", Config.keep, _number(0, _MAX_DAYS), "Days after which history is removed; 0: never."
    ),
    _parameter(
        "room-history",
        Config.room_history,
        _number(0),
        "Bytes of history that are kept of a room, the newest ones; 0: no limit.",
    ),
    _parameter(
        "admin",
        Config.admin,
        str,
        "Path of the console's UNIX socket, which only its owner may use; empty: no socket.",
    ),
    _parameter(
        "motd",
        None,
        str,
        "File with the message of the day, which each client is sent before the first answer; "
        "read again at SIGHUP.",
    ),
    _parameter(
        "metrics",
        None,
        str,
        "Endpoint for HTTP with /metrics for Prometheus and /healthz. It has no password: keep it "
        "private.",
    ),
    _parameter(
        "max-frame",
        Limits.max_frame,
        _number(64),
        "Longest frame accepted, in bytes; at most 2048 until the client has joined or logged in.",
    ),
    _parameter(
        "max-message",
        None,
        _number(1),
        "Longest message accepted, in bytes; by default that of --max-frame.",
    ),
    _parameter(
        "send-queue",
        Limits.send_queue,
        _number(1024),
        "Bytes of output that may wait for a client; a client that lets more wait is "
        "disconnected. Half of it until the client has joined or logged in.",
    ),
    _parameter(
        "rate",
        Limits.rate,
        _number(0),
        "Frames that the server processes per second and client; 0: no limit.",
    ),
    _parameter(
        "burst",
        Limits.burst,
        _number(0),
        "Frames that the server processes at once per client; 0: no limit.",
    ),
    _parameter(
        "byte-rate",
        None,
        _number(0),
        "Bytes that the server reads per second and client, and four times as many from one "
        f"address; 0: no limit. By default {BYTE_RATE}, or no limit with --rate 0.",
    ),
    _parameter(
        "byte-burst",
        Limits.byte_burst,
        _number(0),
        "Bytes that the server reads at once per client, and four times as many from one address; "
        "0: no limit.",
    ),
    _parameter("max-clients", Limits.max_clients, _number(0), "Connections at once; 0: no limit."),
    _parameter(
        "max-per-address",
        Limits.max_per_address,
        _number(0),
        "Connections at once from one address (or IPv6 /64); 0: no limit. Connections from this "
        "machine do not count.",
    ),
    _parameter(
        "sessions-per-account",
        Limits.sessions_per_account,
        _number(1),
        "Sessions one account may have at once; past it the session that has been silent for "
        "longest is ended.",
    ),
    _parameter(
        "first-frame",
        Limits.first_frame,
        _number(0),
        "Seconds a client has to send its first frame; 0: no limit.",
    ),
    _parameter(
        "idle-timeout",
        Limits.idle_timeout,
        _number(0),
        "Seconds without a frame after which a client is disconnected; 0: never.",
    ),
]

_ABOUT: Final = """\
A chat server for people and programs: rooms for nc, telnet, chatd-client and
programs that speak JSON.

twistd -n chatd   runs it in the foreground, with the administrator's console
                  on standard input
twistd chatd      runs it in the background: chatd-admin is the console,
                  twistd.log the log
Options before the word chatd are twistd's, such as --logfile FILE.

Endpoints: tcp:9999 (all addresses), tcp:9999:interface=localhost,
unix:chat.sock:mode=660, ssl:9998:privateKey=key.pem:certKey=cert.pem,
systemd:domain=INET:name=chat, haproxy:tcp:9999

SIGTERM and SIGINT shut the server down in order, a second one ends it at once.
SIGHUP reads --motd and certificates again, and opens the log file again."""


class Options(usage.Options):
    """The options of the command line."""

    optFlags: ClassVar[list[Any]] = [  # noqa: N815 -- Twisted's
        [name, None, description] for name, description in _FLAGS
    ]
    optParameters: ClassVar[list[Any]] = _PARAMETERS  # noqa: N815 -- Twisted's

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["listen"] = []
        self["room"] = []

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse the options; exit with one line if one of them is invalid."""
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            sys.exit(f"chatd: {error} (see twistd chatd --help)")

    def postOptions(self) -> None:
        """Prepare the pid file, before twistd looks at it."""
        path = self.parent["pidfile"] if self.parent else ""
        try:
            prepare_pid_file(path)
        except OSError as error:
            raise usage.UsageError(
                f"--pidfile {path}: {error.strerror}; give twistd --pidfile= for no file"
            ) from error

    def getUsage(self, width: int | None = None) -> str:
        """Return the text of --help."""
        # Not as longdesc: Twisted would join its lines to one paragraph.
        return f"{super().getUsage(width)}\n{_ABOUT}\n"

    def opt_version(self) -> None:
        """Display the versions of chatd and Twisted, and exit."""
        sys.stdout.write(f"chatd {version('chatd')}, Twisted {version('Twisted')}\n")
        sys.exit(0)

    def opt_listen(self, endpoint: str) -> None:
        """Listen at a Twisted endpoint; may be repeated. Default: tcp:9999:interface=localhost."""
        self["listen"].append(endpoint)

    def opt_room(self, room: str) -> None:
        """Room that exists from the start, as ID or ID:NAME; may be repeated."""
        room_id, _, name = sanitize(room).partition(":")
        self["room"].append((room_id, name or room_id))

    def config(self) -> Config:
        """Return the configuration that the parsed options describe."""
        # Each limit has the option of its name.
        limits = {field.name: self[field.name.replace("_", "-")] for field in fields(Limits)}
        return Config(
            listen=tuple(self["listen"]) or Config.listen,
            store=self["store"],
            rooms=tuple(self["room"]),
            rules=RoomPolicy(
                rooms_per_client=self["rooms-per-client"],
                rooms_per_account=self["rooms-per-account"],
                room_creators=RoomCreators(self["who-starts"]),
                require_login=bool(self["require-login"]),
            ),
            max_rooms=self["max-rooms"],
            registrants=Registrants(self["who-registers"]),
            replay=self["replay"],
            keep=self["keep"],
            room_history=self["room-history"],
            hide_addresses=bool(self["hide-addresses"]),
            trace=bool(self["trace"]),
            console=not self["no-console"],
            admin=self["admin"],
            motd=self["motd"] or "",
            metrics=self["metrics"] or "",
            limits=Limits(**limits),
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
