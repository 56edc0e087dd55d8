"""WHO and WHOX: the users in a channel, of a name, or of those that a mask matches.

A mask finds only users who share a channel with the client. The address of a user is told nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatd.core.rooms import Role, Room, User
from chatd.core.world import rights
from chatd.protocol.irc import names
from chatd.protocol.irc.casemapping import is_mask, mask_pattern
from chatd.protocol.irc.line import MAX_BODY, Line, cut
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.joining import prefix

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

LINES_PER_COST: Final = 100
"""How many lines of an answer count as much as a query more."""

_NO_ADDRESS: Final = "255.255.255.255"
_ALL: Final = "*"


class _Query(NamedTuple):
    """The options of a WHO: the fields of WHOX, "" for none, and the number that answers repeat.

    With `admins_only` only administrators are listed.
    """

    fields: str = ""
    number: str = "0"
    admins_only: bool = False


class _Shown(NamedTuple):
    """A user as a line shows them; `channel` is `*`, and `role` none, if no channel was asked."""

    user: User
    channel: str = "*"
    role: Role = Role.NONE


def who(session: IrcSession, request: Line) -> None:
    """List the users in a channel, the user of a name, or those that a mask matches."""
    asked = request.params[0] if request.params else _ALL
    query = _parse(request.params[1] if len(request.params) > 1 else "")
    found: Iterable[_Shown] = _find(session, asked)
    if query.admins_only:
        is_admin = session.services.world.accounts.is_admin
        found = (each for each in found if is_admin(each.user.account))
    make = _reply if not query.fields else _extended_reply
    lines = [f"{cut(each, MAX_BODY)}\r\n" for each in make(session, found, query)]
    session.response.add("".join(lines))
    session.extra_cost += len(lines) // LINES_PER_COST
    session.reply(Numeric.ENDOFWHO, asked, "End of /WHO list")


def _parse(options: str) -> _Query:
    """Return the options in `o%tnf,123`."""
    flags, percent, extended = options.partition("%")
    fields, _, token = extended.partition(",")
    known = "".join(letter for letter in _FIELDS if letter in fields)
    is_token = token.isascii() and token.isdigit() and len(token) <= 3  # noqa: PLR2004 -- as WHOX has it
    return _Query(known if percent else "", token if is_token else "0", "o" in flags)


# -- the users


def _find(session: IrcSession, asked: str) -> Iterable[_Shown]:
    if asked.startswith(names.CHANNEL_PREFIX):
        room = session.find_room(asked)
        if room is None or not rights.lists(session.services.world, session.user, room):
            return ()
        return _members(room)
    if asked == "0" or is_mask(asked):
        return map(_Shown, _matching(session.user, _ALL if asked == "0" else asked))
    user = session.services.chat.find_user(asked)
    return () if user is None else (_Shown(user),)


def _members(room: Room) -> Iterator[_Shown]:
    channel = names.channel(room.id)
    for user, member in room.members.items():
        yield _Shown(user, channel, member.role)


def _matching(asker: User, mask: str) -> Iterator[User]:
    """Yield those who share a room with a user, and the user, if a mask matches name or source."""
    known = {asker: None}
    for room in asker.rooms:
        known.update(dict.fromkeys(room.members))
    matches = mask_pattern(mask).fullmatch
    for user in known:
        if mask == _ALL or matches(user.name) or matches(names.source_of(user.ref)):
            yield user


# -- the lines


def _reply(session: IrcSession, found: Iterable[_Shown], _: _Query) -> Iterator[str]:
    server = session.irc.name
    start = f":{server} {Numeric.WHOREPLY} {session.nick}"
    for each in found:
        user = each.user
        username, host = names.shown_username(user.profile), names.host(user.name, user.account)
        flags, about = _flags(session, each), user.profile.about or user.name
        yield f"{start} {each.channel} {username} {host} {server} {user.name} {flags} :0 {about}"


def _extended_reply(session: IrcSession, found: Iterable[_Shown], query: _Query) -> Iterator[str]:
    start = f":{session.irc.name} {Numeric.WHOSPCRPL} {session.nick}"
    makers = [_FIELDS[letter] for letter in query.fields]
    for each in found:
        yield " ".join((start, *(make(session, each, query) for make in makers)))


def _flags(session: IrcSession, shown: _Shown) -> str:
    """Return whether a user is here or gone, an administrator, a bot; and the role, if any."""
    user = shown.user
    here = "H" if user.away is None else "G"
    admin = "*" if session.services.world.accounts.is_admin(user.account) else ""
    bot = "B" if user.profile.is_bot else ""
    return f"{here}{admin}{prefix(session, shown.role)}{bot}"


def idle_seconds(session: IrcSession, user: User) -> int:
    """Return for how long a user has sent nothing, 0 if all their sessions are elsewhere."""
    now = session.services.seconds()
    return int(min((now - origin.last_active for origin in user.origins), default=0))


_FIELDS: Final[dict[str, Callable[[Any, _Shown, _Query], str]]] = {
    "t": lambda _, __, query: query.number,
    "c": lambda _, shown, __: shown.channel,
    "u": lambda _, shown, __: names.shown_username(shown.user.profile),
    "i": lambda _, __, ___: _NO_ADDRESS,
    "h": lambda _, shown, __: names.host(shown.user.name, shown.user.account),
    "s": lambda session, _, __: session.irc.name,
    "n": lambda _, shown, __: shown.user.name,
    "f": lambda session, shown, _: _flags(session, shown),
    "d": lambda _, __, ___: "0",
    "l": lambda session, shown, _: str(idle_seconds(session, shown.user)),
    "a": lambda _, shown, __: "0" if shown.user.account is None else shown.user.name,
    "o": lambda _, __, ___: "n/a",
    "r": lambda _, shown, __: f":{shown.user.profile.about or shown.user.name}",
}
"""The fields of WHOX, in the order in which they are sent."""
