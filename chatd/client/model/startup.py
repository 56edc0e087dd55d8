"""The requests that the client makes by itself on its first connection: a login, and rooms."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chatd.protocol.command import Request


@dataclass(frozen=True, slots=True)
class Startup:
    """`name` is the user's name as a guest, `account` the account to log in to.

    `rooms` are entered in their order; with `returns` none of them is started. `token` logs in
    without a password.
    """

    name: str = ""
    rooms: tuple[str, ...] = ()
    account: str | None = None
    token: str | None = None
    returns: bool = False

    def resumed(self, token: str, rooms: tuple[str, ...]) -> Startup:
        """Return the startup that logs in with a token; without own rooms it returns to `rooms`."""
        if self.rooms:
            return replace(self, token=token)
        return replace(self, token=token, rooms=rooms, returns=True)

    def enter(self, name: str) -> list[Request]:
        """Return the requests that join the rooms under a name; none without a name."""
        return [
            Request(
                "join" if self.returns else "enter", {"chatroom_id": room, "chatter_name": name}
            )
            for room in self.rooms
            if name
        ]


NO_STARTUP = Startup()
"""Nothing is done."""
