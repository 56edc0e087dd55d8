"""What `twistd chatd` understands on its command line, and what it makes of it.

The one place of the server that meets the global reactor; what becomes of the process is process.py's.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, ClassVar, cast

from twisted.logger import ILogObserver, Logger
from twisted.python import usage
from twisted.python.components import Componentized
from twisted.scripts.twistd import ServerOptions  # type: ignore[attr-defined]

from chatd.config import Config, Limits, RoomCreators, RoomPolicy
from chatd.core.sanitize import sanitize
from chatd.daemon.logfile import Log, LogError
from chatd.daemon.sdnotify import SystemdNotifier
from chatd.daemon.service import ChatService, StartError
from chatd.daemon.signals import Process, raise_descriptor_limit, start_error_hook
from chatd.storage.history import MAX_READ

_log = Logger(namespace="chatd")

_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^@\s]*@|[?&]password=")
_PASSWORD_VISIBLE_WARNING = (
    "System: everybody on this machine can read the store's password in the list of processes; "
    "keep it in ~/.pgpass instead"
)

Convert = Callable[[str], object]


def _option(name: str, default: object, about: str, convert: Convert = str) -> list[Any]:
    """Return an option as Twisted wants it; `convert` raises `ValueError` with what its value must be."""

    def checked(text: str) -> object:
        try:
            return convert(text)
        except ValueError as error:
            raise usage.UsageError(f"--{name} {text}: {error}") from error

    return [name, None, default, about, checked]


def _whole_number(least: int, most: int | None = None) -> Convert:
    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if number < least:
            raise ValueError(f"must be {least} or more")
        if most is not None and number > most:
            raise ValueError(f"must be {most} or less")
        return number

    return convert


_number = _whole_number(0)
_replay = _whole_number(0, MAX_READ)

_STORE_HELP = """Where accounts, rooms and history are kept: sqlite:///FILE,
postgresql://USER@HOST/DATABASE (its password in ~/.pgpass), or memory: for nowhere."""


def _starters(text: str) -> RoomCreators:
    try:
        return RoomCreators(text)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(RoomCreators)}") from None


_ABOUT = """\
A chat server for people and programs: rooms that one reaches with nc, telnet,
chatd-client or a program that speaks JSON.

twistd -n chatd   runs it in the foreground, with the administrator's console
                  on standard input
twistd chatd      runs it in the background: chatd-admin is the console,
                  twistd.log the log
What stands before the word chatd is for twistd, such as --logfile FILE.

Endpoints: tcp:9999 (all addresses), tcp:9999:interface=localhost,
unix:chat.sock:mode=660, ssl:9998:privateKey=key.pem:certKey=cert.pem,
systemd:domain=INET:name=chat, haproxy:tcp:9999

SIGTERM and SIGINT end the server in order, a second one at once. SIGHUP reads
--motd and certificates again, and opens the log file again."""


class Options(usage.Options):
    """The options of spec section 1."""

    optFlags: ClassVar[list[Any]] = [  # noqa: N815 -- Twisted's
        ["hide-addresses", None, "Clients see who is in a room, but not from where."],
        ["require-login", None, "Guests may not join rooms."],
        ["trace", None, "Print every frame received and sent, secrets masked."],
        ["no-console", None, "No console on standard input."],
        ["log-json", None, "Log in JSON, an object a line."],
    ]
    optParameters: ClassVar[list[Any]] = [  # noqa: N815 -- Twisted's
        _option(
            "store",
            "sqlite:///chatd.db",
            _STORE_HELP,
        ),
        _option("rooms-per-client", 1, "How many rooms one client may be in.", _whole_number(1)),
        _option("max-rooms", 1000, "How many rooms there may be in all.", _whole_number(1)),
        _option(
            "who-starts",
            "everyone",
            "Who may start rooms: everyone, accounts or nobody (but the Administrator).",
            _starters,
        ),
        _option("replay", 0, "Messages of history shown to who joins with a text client.", _replay),
        _option("keep", 0, "Days after which history is removed; 0: never.", _whole_number(0)),
        _option(
            "admin",
            "chatd-admin.sock",
            "UNIX socket of the console, for its owner alone; empty: none.",
        ),
        _option(
            "motd",
            None,
            "File whose words are said to each client before the first answer; read again at SIGHUP.",
        ),
        _option(
            "metrics",
            None,
            "Endpoint for HTTP: /metrics for Prometheus, /healthz. Not for everybody to reach.",
        ),
        _option(
            "max-frame",
            16384,
            "Longest frame accepted, in bytes (at most 2048 until the client has joined or logged in).",
            _whole_number(64),
        ),
        _option(
            "send-queue",
            1048576,
            "Unsent output held for one client, in bytes, past which it is disconnected.",
            _whole_number(1024),
        ),
        _option("rate", 5, "Frames a second that one client is served; 0: no limit.", _number),
        _option("burst", 20, "Frames that one client is served at once; 0: no limit.", _number),
        _option("max-clients", 10000, "Connections at once; 0: no limit.", _number),
        _option(
            "max-per-address",
            64,
            "Connections at once from one address (or IPv6 /64), this machine's own aside; 0: no limit.",
            _number,
        ),
        _option(
            "sessions-per-account",
            8,
            "Sessions one account may have at once; past it the session that has been silent for "
            "longest is ended.",
            _whole_number(1),
        ),
        _option(
            "first-frame",
            60,
            "Seconds a client has for his first frame; 0: for ever.",
            _number,
        ),
        _option(
            "idle-timeout",
            0,
            "Seconds without a frame after which a client is disconnected; 0: never.",
            _number,
        ),
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["listen"] = []
        self["room"] = []

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read what was chosen; end the process with one line where that cannot be."""
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            sys.exit(f"chatd: {error} (see twistd chatd --help)")

    def getUsage(self, width: int | None = None) -> str:
        """Return what --help displays."""
        # Not as longdesc, of which Twisted makes one paragraph.
        return f"{super().getUsage(width)}\n{_ABOUT}\n"

    def opt_version(self) -> None:
        """Display the versions of chatd and Twisted, and exit."""
        sys.stdout.write(f"chatd {version('chatd')}, Twisted {version('Twisted')}\n")
        sys.exit(0)

    def opt_listen(self, endpoint: str) -> None:
        """Listen at a Twisted endpoint; may be repeated. Default: tcp:9999:interface=localhost."""
        self["listen"].append(endpoint)

    def opt_room(self, room: str) -> None:
        """Have a room from the start, given as ID or ID:NAME; may be repeated."""
        room_id, _, name = sanitize(room).partition(":")
        self["room"].append((room_id, name or room_id))

    def config(self) -> Config:
        """Return what was chosen."""
        return Config(
            listen=tuple(self["listen"]) or Config.listen,
            store=self["store"],
            rooms=tuple(self["room"]),
            rules=RoomPolicy(
                rooms_per_client=self["rooms-per-client"],
                room_creators=RoomCreators(self["who-starts"]),
                require_login=bool(self["require-login"]),
            ),
            max_rooms=self["max-rooms"],
            replay=self["replay"],
            keep=self["keep"],
            hide_addresses=bool(self["hide-addresses"]),
            trace=bool(self["trace"]),
            console=not self["no-console"],
            admin=self["admin"],
            motd=self["motd"] or "",
            metrics=self["metrics"] or "",
            limits=Limits(
                max_frame=self["max-frame"],
                send_queue=self["send-queue"],
                rate=self["rate"],
                burst=self["burst"],
                first_frame=self["first-frame"],
                idle_timeout=self["idle-timeout"],
                max_clients=self["max-clients"],
                max_per_address=self["max-per-address"],
                sessions_per_account=self["sessions-per-account"],
            ),
        )


def makeService(options: Options) -> ChatService:
    """Return the server that `options` ask for; called by twistd and by chatd.tac."""
    from twisted.internet import reactor  # noqa: PLC0415 -- to import it installs it

    raise_descriptor_limit()
    try:
        log = Log(options.parent or _twistd_options(), in_json=bool(options["log-json"]))
        service = _Application(options.config(), reactor, log)
    except (StartError, LogError) as error:
        sys.exit(f"chatd: {error}")
    sys.excepthook = partial(start_error_hook, log.screen is None)
    manager = SystemdNotifier(os.environ.get("NOTIFY_SOCKET"))
    reactor.callWhenRunning(Process(service, reactor, log.file, manager).install)
    if _WITH_PASSWORD.search(" ".join(sys.argv)):
        reactor.callWhenRunning(_log.warn, _PASSWORD_VISIBLE_WARNING)
    return service


class _Application(ChatService):
    """The server as twistd runs it, with a log of our own."""

    def __init__(self, config: Config, reactor: Any, log: Log) -> None:
        super().__init__(config, reactor, log.screen)
        self._observer = log.observer

    def setServiceParent(self, parent: Any) -> None:
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)


def _twistd_options() -> Mapping[str, Any]:
    """Return what twistd was told on its command line; a .tac file is not given it."""
    twistd = ServerOptions()
    twistd.parseOptions()
    return cast("Mapping[str, Any]", twistd)
