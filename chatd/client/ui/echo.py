"""The lines that stay on a terminal for what was typed, once the typed line is gone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from chatd.client.model.effects import Send
from chatd.client.model.state import ClientState
from chatd.client.ui.commands import LINE_COMMANDS
from chatd.client.ui.frontend import Action, Line, Restore
from chatd.client.ui.render import QUIET_LOOK, SECRET_LOOK
from chatd.client.ui.slash import as_command
from chatd.client.ui.typed import may_be_kept
from chatd.core.bidi import isolate
from chatd.core.events import Message, MessageKind, PrivateMessage
from chatd.core.sanitize import sanitize
from chatd.protocol import text
from chatd.protocol.command import Request
from chatd.protocol.text import COMMAND_PREFIX

_SAID: Final = {"say": "text", "me": "text", "broadcast": "message"}
"""The commands that say something in a room, and the parameters that have it."""


def echo(
    prompt: str, line: str, actions: Sequence[Action], room: str | None, state: ClientState
) -> list[Line]:
    """Return the echo of a typed line that led to `actions`, if it needs one.

    A message is repeated as others read it. `room` is the room that messages went to when it was
    typed. A line that is put into the input again needs no echo, nor does a message that waits,
    which is shown as it waits. Passwords are masked, and what looks like a login has no echo.
    """
    if not line.strip() or any(isinstance(action, Restore) for action in actions):
        return []
    rows = [_masked(row) for row in line.splitlines()]
    is_message = not any(row.startswith(COMMAND_PREFIX) for row in rows)
    sent = [action.request for action in actions if isinstance(action, Send)]
    said = [each for each in (_echo_of_message(one, room, state) for one in sent) if each]
    # Of commands that are pasted together, some may say nothing: then all are shown as commands.
    if said and (is_message or len(said) == len(rows)):
        return said
    waits = is_message and any(isinstance(each, Line) and each.talk for each in actions)
    if waits or (is_message and not may_be_kept(line)):
        return []
    words = "\n  ".join(rows)
    return [Line(f"{prompt}{words}", stamped=False, look=QUIET_LOOK, echo=True)]


def _masked(row: str) -> str:
    """Return a row, which may be a command with passwords, as it can be shown."""
    with suppress(ValueError):
        row = as_command(row, LINE_COMMANDS)
    return text.mask(sanitize(row), LINE_COMMANDS)


def _echo_of_message(request: Request, room: str | None, state: ClientState) -> Line | None:
    """Return the line for a message or secret as others read it, None for other requests.

    `room` is the room that the message goes to.
    """
    arguments = request.arguments
    if request.command == "secret" and state.name and "message" in arguments:
        name, words = arguments["chatter_name"], arguments["message"]
        private = PrivateMessage(state.name, words, 0.0, name)
        shown = text.render(private)
        return Line(shown, name=state.name, talk=True, own=True, look=SECRET_LOOK, echo=True)
    parameter = _SAID.get(request.command, "")
    room = arguments.get("chatroom_id", room)
    if room is None or parameter not in arguments:
        return None
    kind = MessageKind.ACTION if request.command == "me" else MessageKind.TEXT
    message = Message(room, 0, state.name, arguments[parameter], 0.0, kind=kind)
    has_tag = len(state.rooms) > 1
    return Line(
        text.render(message, room_tags=has_tag),
        tag=f"[{isolate(room)}] " if has_tag else "",
        name=state.name,
        talk=True,
        own=True,
        echo=True,
    )
