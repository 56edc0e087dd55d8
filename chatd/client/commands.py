"""What can be typed: the commands of clients, and the line client's own.

`format` is not among them: what is spoken with the server is not the typist's business.
"""

from __future__ import annotations

from typing import Final

from chatd.wire.commands import CLIENT_COMMANDS, Command, Parameter

_OWN = (
    Command(
        "connect",
        "Connect to the server at the given host and port.",
        (Parameter("host"), Parameter("port")),
    ),
    Command("disconnect", "Leave the server, and stay in the client program."),
)

LINE_COMMANDS: Final = {
    **{name: command for name, command in CLIENT_COMMANDS.items() if name != "format"},
    **{command.name: command for command in _OWN},
}
