"""Events and replies from JSON, as a client reads them; json_encoder.py writes them.

The caller passes over events that are unknown here, so that a later server can send more.
"""

from __future__ import annotations

from typing import Final, cast

from chatd.core.errors import ChatError
from chatd.core.events import Event
from chatd.protocol.json_schema import EVENTS, RESULTS
from chatd.protocol.jsonio import load
from chatd.protocol.received import Ok, Reply
from chatd.protocol.replies import Result

_EVENTS: Final = {shape.event: shape for shape in EVENTS}
_RESULTS: Final = {cast("type[Result]", shape.kind).command: shape for shape in RESULTS}


class UnknownEventError(ValueError):
    """A frame from the server is no event that this program knows."""


def decode_event(text: str) -> Event | Reply:
    """Return the event or reply in a frame; raise `UnknownEventError` if there is none.

    A field that has not exactly the declared type makes the event unknown: servers are not trusted.
    """
    try:
        fields = load(text)
        event = cast("Event | Reply", _EVENTS[fields["event"]].read(fields))
        if isinstance(event, Ok) and event.command in _RESULTS:
            _RESULTS[event.command].check(event.data)
    except (ChatError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        raise UnknownEventError(text) from error
    return event
