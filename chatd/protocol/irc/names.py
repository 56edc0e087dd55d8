"""How the names of the chat look on IRC: sources, channels, prefixes, the ids of messages."""

from __future__ import annotations

import re
from typing import Final

from chatd.core.profiles import NO_PROFILE, Profile, UserRef
from chatd.core.rooms import Role
from chatd.protocol.irc.line import cut

CHANNEL_PREFIX: Final = "#"

USERNAME_LENGTH: Final = 9
"""How many characters of a user's name on their own machine are shown, behind a `~`."""

HOST_LENGTH: Final = 63
"""How many bytes the host of a user has at most, so that a line has room for what it says."""

PREFIXES: Final = {Role.OWNER: "~", Role.OPERATOR: "@", Role.VOICE: "+", Role.NONE: ""}
"""The character before the name of a member."""

MODES: Final = {"owner": "qo", "operator": "o", "voice": "v"}
"""The letters of roles in modes: an owner has the rights of an operator, and clients know these."""

_NOT_IN_USERNAME: Final = re.compile("[\\s\x00-\x20\x7f@!*?:,~]+")


def channel(room_id: str) -> str:
    """Return the name of the channel that a room is."""
    return f"{CHANNEL_PREFIX}{room_id}"


def room_id(channel_name: str) -> str | None:
    """Return the id of the room that a channel is, None for the name of a user."""
    if not channel_name.startswith(CHANNEL_PREFIX):
        return None
    return channel_name.removeprefix(CHANNEL_PREFIX)


def username(typed: str) -> str:
    """Return the name of a user on their own machine as it is shown, as far as it can be."""
    return _NOT_IN_USERNAME.sub("", typed)[:USERNAME_LENGTH]


def shown_username(profile: Profile) -> str:
    """Return what stands between `!` and `@` in the source of a user."""
    return f"~{profile.username or 'u'}"


def host(name: str, account: int | None) -> str:
    """Return what stands in the place of a host: an address is never shown."""
    return "chatd/guest" if account is None else cut(f"chatd/account/{name}", HOST_LENGTH)


def source(name: str, account: int | None = None, profile: Profile = NO_PROFILE) -> str:
    """Return the source of the lines of a user: `Ann!~ann@chatd/guest`."""
    return f"{name}!{shown_username(profile)}@{host(name, account)}"


def former_source(name: str) -> str:
    """Return the source of an old message whose sender's name is another account's by now."""
    return f"{name}!{shown_username(NO_PROFILE)}@chatd/former"


def source_of(user: UserRef) -> str:
    """Return the source of the lines of a user."""
    return source(*user)


def message_id(room: str, number: int) -> str:
    """Return the id of a message that all rooms tell apart."""
    return f"{room}/{number}"


def parse_message_id(text: str) -> tuple[str, int] | None:
    """Return the room and the number of a message; None if the text is no id."""
    room, slash, number = text.rpartition("/")
    if not (slash and number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 -- fits in 64 bits
        return None
    return room, int(number)


def ban_mask(name: str, account: int | None) -> str:
    """Return the mask of a ban: that of an account, or of a guest by the name."""
    return f"{name}!*@*" if account is None else f"$a:{name}"
