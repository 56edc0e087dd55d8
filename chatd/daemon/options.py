"""The options of `twistd chatd`: they are parsed, and --help is printed, by one table.

A new option is a row of `optiontable.py`, and `Options.config` reads it.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields
from importlib.metadata import version
from typing import Any, ClassVar, Final

from twisted.python import usage

from chatd import __version__
from chatd.config import Config, Irc, Limits, Registrants, RoomCreators, RoomPolicy
from chatd.core.sanitize import sanitize
from chatd.daemon.optionkinds import NO_BREAK, Flag, OptionGroup, Parameter
from chatd.daemon.optiontable import GROUPS
from chatd.daemon.pidfile import prepare_pid_file

_HELP_COLUMN: Final = 28
"""The column at which the descriptions of --help begin."""

_WIDTH: Final = 80

_PROCESS: Final = OptionGroup(
    "Other",
    (
        Flag("help", "Display this help and exit."),
        Flag("version", "Display the versions of chatd and Twisted, and exit."),
    ),
)


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


def _rows(kind: type[Flag]) -> Iterator[Any]:
    return (option for group in GROUPS for option in group.options if type(option) is kind)


def _help_on(option: Flag) -> str:
    """Return the lines of --help on one option."""
    lines = textwrap.wrap(
        option.help,
        _WIDTH,
        initial_indent=f"  {option.usage:<{_HELP_COLUMN - 4}}  ",
        subsequent_indent=" " * _HELP_COLUMN,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "\n".join(lines).replace(NO_BREAK, " ")


class Options(usage.Options):
    """The options of the command line."""

    optFlags: ClassVar[list[Any]] = [  # noqa: N815 -- Twisted's
        [flag.name, None, flag.description] for flag in _rows(Flag)
    ]
    optParameters: ClassVar[list[Any]] = [  # noqa: N815 -- Twisted's
        [option.name, None, option.default, option.description, option.checked]
        for option in _rows(Parameter)
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["irc"] = []
        self["listen"] = []
        self["room"] = []

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse the options; exit with one line if one of them is invalid."""
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            sys.exit(f"chatd: {error} (see twistd chatd --help)")

    def postOptions(self) -> None:
        """Check options that depend on others, and prepare the pid file, before twistd does."""
        if self["irc-sts"] and not Irc(tuple(self["irc"])).tls_port:
            raise usage.UsageError("--irc-sts: this needs an ssl: endpoint, as in --irc ssl:6697:…")
        path = self.parent["pidfile"] if self.parent else ""
        try:
            prepare_pid_file(path)
        except OSError as error:
            raise usage.UsageError(
                f"--pidfile {path}: {error.strerror}; give twistd --pidfile= for no file"
            ) from error

    def getUsage(self, width: int | None = None) -> str:  # noqa: ARG002 -- Twisted's
        """Return the text of --help."""
        groups = [
            "\n".join((f"{group.title}:", *map(_help_on, group.options)))
            for group in (*GROUPS, _PROCESS)
        ]
        return "\n\n".join(("", *groups, _ABOUT))[1:] + "\n"

    def opt_version(self) -> None:
        """Display the versions of chatd and Twisted, and exit."""
        sys.stdout.write(f"chatd {__version__}, Twisted {version('Twisted')}\n")
        sys.exit(0)

    def opt_listen(self, endpoint: str) -> None:
        """Add an endpoint to listen at."""
        self["listen"].append(endpoint)

    def opt_irc(self, endpoint: str) -> None:
        """Add an endpoint to listen at for IRC."""
        self["irc"].append(endpoint)

    def opt_room(self, room: str) -> None:
        """Add a room that exists from the start, as ID or ID:NAME."""
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
            keep_secrets=self["keep-secrets"],
            room_history=self["room-history"],
            hide_addresses=bool(self["hide-addresses"]),
            trace=bool(self["trace"]),
            console=not self["no-console"],
            admin=self["admin"],
            motd=self["motd"] or "",
            metrics=self["metrics"] or "",
            irc=Irc(
                listen=tuple(self["irc"]),
                name=self["irc-name"] or "",
                network=self["network"],
                rooms=self["irc-rooms"],
                plaintext_login=bool(self["irc-plaintext-login"]),
                sts=self["irc-sts"] or 0,
            ),
            min_password=self["min-password"],
            limits=Limits(**limits),
        )
