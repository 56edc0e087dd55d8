"""WHO and WHOX: the users in a channel, of a name, or of those that a mask matches.

A mask finds only users who share a channel with the client. The address of a user is told nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from chatd.core.rooms import Role, Room, User
from chatd.core.world import rights
from chatd.protocol.irc import names
from chatd.protocol.irc.casemapping import is_mask, mask_pattern
from chatd.protocol.irc.line import MAX_BODY, Line, cut
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.joining import prefix

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_USERS_PER_COST: Final = 100
"""How many users that are looked at, shown or not, count as much as a query more."""

_FIELDS: Final = "tcuihsnfdlaor"
"""The fields of WHOX, in the order in which they are sent.

They are the number of the query, the channel, the user's name on their own machine, the address,
the host, the server, the nick, the flags, the distance to the server, the idle time in seconds, the
account, the rank of an operator, and the real name.
"""

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
        session.extra_cost += len(room.members) // _USERS_PER_COST
        return _members(room)
    if asked == "0" or is_mask(asked):
        known = _known(session.user)
        session.extra_cost += len(known) // _USERS_PER_COST
        return map(_Shown, _matching(known, _ALL if asked == "0" else asked))
    user = session.services.chat.find_user(asked)
    return () if user is None else (_Shown(user),)


def _members(room: Room) -> Iterator[_Shown]:
    channel = names.channel(room.id)
    for user, member in room.members.items():
        yield _Shown(user, channel, member.role)


def _known(asker: User) -> Collection[User]:
    """Return a user and those who share a room with the user."""
    known = {asker: None}
    for room in asker.rooms:
        known.update(dict.fromkeys(room.members))
    return known


def _matching(known: Iterable[User], mask: str) -> Iterator[User]:
    """Yield those users of whom a mask matches the name or the source."""
    matches = mask_pattern(mask).fullmatch
    for user in known:
        if mask == _ALL or matches(user.name) or matches(names.source_of(user.ref)):
            yield user


# -- the lines


def _reply(session: IrcSession, found: Iterable[_Shown], _: _Query) -> Iterator[str]:
    server, flags_of = session.irc.name, _flags(session)
    start = f":{server} {Numeric.WHOREPLY} {session.nick}"
    for each in found:
        name, account, profile = each.user.ref
        username, host = names.shown_username(profile), names.host(name, account)
        identity = f"{each.channel} {username} {host} {server} {name}"
        yield f"{start} {identity} {flags_of(each)} :0 {profile.about or name}"


def _extended_reply(session: IrcSession, found: Iterable[_Shown], query: _Query) -> Iterator[str]:
    server, flags_of, now = session.irc.name, _flags(session), session.services.seconds()
    start = f":{server} {Numeric.WHOSPCRPL} {session.nick}"
    places = [_FIELDS.index(letter) for letter in query.fields]
    for each in found:
        name, account, profile = each.user.ref
        values = (  # in the order of _FIELDS
            query.number,
            each.channel,
            names.shown_username(profile),
            _NO_ADDRESS,
            names.host(name, account),
            server,
            name,
            flags_of(each),
            "0",
            str(_idle_seconds(each.user, now)) if "l" in query.fields else "",
            "0" if account is None else name,
            "n/a",
            f":{profile.about or name}",
        )
        yield " ".join((start, *(values[place] for place in places)))


def _flags(session: IrcSession) -> Callable[[_Shown], str]:
    """Return a function that returns whether a user is here or gone, and what else the user is.

    That is: an administrator, the role if a channel was asked, a bot.
    """
    is_admin = session.services.world.accounts.is_admin
    prefixes = {role: prefix(session, role) for role in Role}

    def flags(shown: _Shown) -> str:
        user = shown.user
        here = "H" if user.away is None else "G"
        admin = "*" if is_admin(user.account) else ""
        bot = "B" if user.profile.is_bot else ""
        return f"{here}{admin}{prefixes[shown.role]}{bot}"

    return flags


def _idle_seconds(user: User, now: float) -> int:
    """Return for how long a user has sent nothing, 0 if all their sessions are elsewhere."""
    return int(min((now - origin.last_active for origin in user.origins), default=0))
