"""The client's options: the command line over the configuration file over the defaults."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chatd import __version__
from chatd.client.configfile import ConfigError, read, read_default
from chatd.client.model.startup import NO_STARTUP, Startup
from chatd.client.ui.command_mode import parse_address
from chatd.client.ui.frontend import Address

_DESCRIPTION: Final = """\
Chat on a server of chatd. A line that you type goes to your room; a line that
starts with a backtick is a command: `help lists them, `enter 1 Ann joins a
room, `exit ends. On a terminal there are line editing, history and completion
with Tab. Without one, the client reads lines from standard input and prints
what arrives: printf '`list\\n' | chatd-client chat.example.org"""

_PORT: Final = "9999"
_WITH_PORT: Final = re.compile(r"(?:\[([^\]]*)\]|([^:]*)):([^:]*)")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the client; `startup` is what it does by itself once it is connected."""

    address: Address
    guided: bool = False
    tls: bool = False
    cafile: str | None = None
    startup: Startup = NO_STARTUP
    remember: bool = False
    bell: bool = True


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options; raise `ConfigError` with the words for the user if one is wrong."""
    given = _parser().parse_args(arguments)
    config = read(Path(given.config)) if given.config is not None else read_default()
    server = given.host if given.port is None and config.has_server(given.host or "") else None
    values = config.values(server)
    values |= {key: value for key, value in vars(given).items() if value not in (None, [])}
    if server is not None:
        values["host"] = config.values(server)["host"]
    return _options(values, port_is_given=given.port is not None)


def _options(values: dict[str, Any], *, port_is_given: bool) -> Options:
    host, port = values.get("host", "localhost"), str(values.get("port", _PORT))
    if not port_is_given:
        host, port = _split(host, port)
    try:
        address = parse_address(host, port)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    guided = values.get("guided", False)
    startup = Startup(values.get("name", ""), tuple(values.get("room", ())), values.get("login"))
    remember = values.get("remember", False)
    if not guided and startup.rooms and not (startup.name or startup.account or remember):
        raise ConfigError("--room needs --name or --login: nobody is in a room without a name")
    return Options(
        address,
        guided,
        bool(values.get("tls") or values.get("cafile")),
        values.get("cafile"),
        NO_STARTUP if guided else startup,
        remember,
        values.get("bell", True),
    )


def _split(host: str, port: str) -> tuple[str, str]:
    """Return the host and the port of `HOST:PORT`, `[ADDRESS]:PORT` or a host alone."""
    found = _WITH_PORT.fullmatch(host)
    if found is not None:
        return found[1] if found[1] is not None else found[2], found[3]
    return host.removeprefix("[").removesuffix("]"), port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chatd-client",
        usage="%(prog)s [options] [HOST [PORT] | HOST:PORT | SERVER]",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "host",
        metavar="HOST",
        nargs="?",
        help="HOST, HOST:PORT, or a server of the configuration file; default: localhost",
    )
    parser.add_argument("port", metavar="PORT", nargs="?", help=f"default: {_PORT}")
    _add_person(parser.add_argument_group("who you are"))
    _add_connection(parser.add_argument_group("connection"))
    parser.add_argument(
        "--guided",
        action="store_true",
        default=None,
        help="be asked questions instead of typing commands",
    )
    parser.add_argument(
        "--no-bell",
        action="store_false",
        dest="bell",
        default=None,
        help="do not ring the bell for mentions and private messages",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="configuration file; default: ~/.config/chatd/client.toml",
    )
    parser.add_argument("--version", action="version", version=f"chatd {__version__}")
    return parser


def _add_person(group: Any) -> None:
    group.add_argument("--name", metavar="NAME", help="your name as a guest")
    group.add_argument(
        "--room",
        metavar="ROOM",
        action="append",
        default=[],
        help="enter a room on connecting; may be repeated",
    )
    group.add_argument(
        "--login",
        metavar="NAME",
        help="log in to an account; its password is asked for, or is the first line of a pipe",
    )


def _add_connection(group: Any) -> None:
    group.add_argument(
        "--tls",
        action="store_true",
        default=None,
        help="speak TLS; the certificate must be for HOST and signed by a trusted authority",
    )
    group.add_argument(
        "--cafile",
        metavar="FILE",
        help="trust the certificates in FILE (PEM) as well; implies --tls",
    )
