"""Events and replies as a client reads them from JSON (spec section 7).

A client passes over events that are unknown here, so that a later server can send more.
"""

from __future__ import annotations

from typing import Final, cast

from chatd.core.errors import ChatError
from chatd.core.events import Event
from chatd.protocol.json_events import EVENTS
from chatd.protocol.json_kinds import SETTINGS
from chatd.protocol.json_results import RESULTS_BY_COMMAND
from chatd.protocol.jsonio import load
from chatd.protocol.received import Ok, Reply

_EVENTS: Final = {shape.event: shape for shape in EVENTS}


class UnknownEventError(ValueError):
    """A frame from the server is no event that this program knows."""


def decode_event(text: str) -> Event | Reply:
    """Return the event or reply in a frame; raise `UnknownEventError` if there is none.

    A field that has not exactly the declared type makes the event unknown: servers are not trusted.
    """
    try:
        fields = load(text)
        event = cast("Event | Reply", _EVENTS[fields["event"]].read(fields))
        if isinstance(event, Ok):
            _check(event)
    except (ChatError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        raise UnknownEventError(text) from error
    return event


def _check(reply: Ok) -> None:
    """Raise ValueError or TypeError if a field of a reply is not right."""
    for shape in RESULTS_BY_COMMAND.get(reply.command, ()):
        shape.check(reply.data)
    if reply.command in SETTINGS and reply.command in reply.data:
        SETTINGS[reply.command].read(reply.data[reply.command])
