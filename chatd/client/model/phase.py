"""The phases of a session, and which may follow each."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Phase(Enum):
    """Where the session is on its way to the server, or back to it."""

    OFFLINE = "offline"  # there is no connection, and the client makes none
    CONNECTING = "connecting"  # the connection was lost, and the client makes another
    RESUMING = "resuming"  # connected; the client takes the name back
    AWAITING_LOGIN = "awaiting-login"  # connected; the user has to log in
    REJOINING = "rejoining"  # connected; the client joins the rooms, one after another
    CATCHING_UP = "catching-up"  # in all rooms; the client fetches missed messages
    ONLINE = "online"


CONNECTED: Final = frozenset(Phase) - {Phase.OFFLINE, Phase.CONNECTING}
"""The phases with a connection."""

_LOST: Final = frozenset({Phase.OFFLINE, Phase.CONNECTING})
NEXT: Final = {
    Phase.OFFLINE: {Phase.CONNECTING, Phase.ONLINE},
    Phase.CONNECTING: CONNECTED | {Phase.OFFLINE},
    Phase.RESUMING: CONNECTED | _LOST,
    Phase.AWAITING_LOGIN: {Phase.REJOINING, Phase.CATCHING_UP, Phase.ONLINE} | _LOST,
    Phase.REJOINING: {Phase.CATCHING_UP, Phase.ONLINE} | _LOST,
    Phase.CATCHING_UP: {Phase.ONLINE} | _LOST,
    Phase.ONLINE: {Phase.CATCHING_UP} | _LOST,
}
"""The phases that may follow each phase."""
