"""`chatd-admin`: the console of a chatd that runs on this machine, over its UNIX socket.

Without a command, on a terminal, it edits lines (`chatd.admin.editor`). Otherwise it runs a
command, or the lines on standard input (`chatd.admin.script`). It knows nothing of the chat, and
needs no Twisted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from typing import Final, NoReturn

from chatd import __version__
from chatd.admin.script import GoneError, Script, UnwritableError, ask_person

TERMINAL_MARK: Final = b"\0"
"""The first byte of a connection that is edited on a terminal; no line begins with it."""

PROGRAM_MARK: Final = b"\1"
"""The first byte of a connection with a command or a script; no line begins with it."""

_STDIN: Final = 0
_STDOUT: Final = 1

_DESCRIPTION: Final = """\
Administer a running chatd. With COMMAND it runs that command. Without, on a
terminal, it opens the console: `help` shows the commands, and Ctrl-D or `exit`
leaves; the server goes on. Without a terminal, standard input is a script, one
command a line, which stops at the first that fails: echo list | chatd-admin
Passwords are asked for; in a script the line after the command has it."""

_STATUS: Final = """\
Exit status: 0; 1 if a command failed or no server answers; 2 if COMMAND is
wrong. On a terminal, `quit` and `end` ask first."""


def _edit(server: socket.socket) -> bool:
    """Edit lines on the terminal; return whether the console was closed in order."""
    from chatd.admin.editor import Editor  # noqa: PLC0415 -- scripts shall start fast

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)
    server.sendall(TERMINAL_MARK)
    editor = Editor(server)
    signal.signal(signal.SIGCONT, lambda *_: editor.resume())
    asyncio.run(editor.run())
    return editor.orderly


def _exit(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


class _UnreachableError(Exception):
    """No server answers; the message is for the user."""


def _connect(server: socket.socket, path: str) -> None:
    try:
        server.connect(path)
    except OSError as error:
        hint = "is it running, and with --admin PATH?"
        if isinstance(error, PermissionError):
            hint = "the console is for the user alone that chatd runs as"
        raise _UnreachableError(
            f"cannot reach chatd at {path}: {error.strerror or error} ({hint})"
        ) from error


def _attach(arguments: argparse.Namespace) -> int:
    """Be the console of the server, or run the command or script; return the exit status."""
    command = " ".join(arguments.command)
    with socket.socket(socket.AF_UNIX) as server:
        _connect(server, arguments.socket)
        if not command and _is_console():
            if not _edit(server):
                raise GoneError
            return 0
        server.sendall(PROGRAM_MARK)
        person = ask_person if os.isatty(_STDIN) else None
        script = Script(server, in_json=arguments.json, ask=person)
        return script.run_command(command) if command else script.run_lines()


def _is_console() -> bool:
    return os.isatty(_STDIN) and os.isatty(_STDOUT)


def _fill_standard_descriptors() -> None:
    """Open the standard streams that are closed: else the socket would get the number of one."""
    for descriptor in (_STDIN, _STDOUT):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="chatd-admin",
        usage="chatd-admin [--socket PATH] [--json] [COMMAND ...]",
        description=_DESCRIPTION,
        epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--socket",
        metavar="PATH",
        default="chatd-admin.sock",
        help="path given to chatd as --admin (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a command")
    parser.add_argument("--version", action="version", version=f"chatd {__version__}")
    parser.add_argument(
        "command",
        metavar="COMMAND",
        nargs=argparse.REMAINDER,
        help="a command of the console and its parameters",
    )
    arguments = parser.parse_args()
    if arguments.json and not arguments.command and _is_console():
        parser.error("--json needs a COMMAND, or a script on standard input")
    return arguments


def main() -> None:
    """Run `chatd-admin`."""
    _fill_standard_descriptors()
    try:
        sys.exit(_attach(_arguments()))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (_UnreachableError, GoneError) as error:
        failed = str(error) or "chatd has gone away"
    except UnwritableError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            sys.exit(1)  # nobody reads any more
        failed = f"cannot write: {error.__cause__}"
    sys.exit(f"chatd-admin: {failed}")
