"""Rights: which users see a room, join it, talk in it, and act on whom there.

All gateways ask these functions. A `user` that is None is the administrator at the console, whom no
rule restricts.
"""

from __future__ import annotations

import hmac
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.names import Name
from chatd.core.profiles import UserRef
from chatd.core.roomnames import find_named, nearest_room
from chatd.core.rooms import Role, Room, User
from chatd.core.world.invitations import subject_of
from chatd.core.world.operations import By

if TYPE_CHECKING:
    from chatd.core.world.world import World


class Rank(IntEnum):
    """The rank of a user in a room: a user acts on those of lower rank alone.

    `CONSOLE` is that of the administrator at the console.
    """

    NONE = 0
    VOICE = 1
    OPERATOR = 2
    OWNER = 3
    ADMINISTRATOR = 4
    CONSOLE = 5


RANKS: Final = {
    Role.NONE: Rank.NONE,
    Role.VOICE: Rank.VOICE,
    Role.OPERATOR: Rank.OPERATOR,
    Role.OWNER: Rank.OWNER,
}
"""The ranks that roles give."""

# -- ranks


def rank_of(world: World, user: User | None, room: Room) -> Rank:
    """Return the rank of a user in a room, also if the user is not a member."""
    if user is None:
        return Rank.CONSOLE
    if world.accounts.is_admin(user.account):
        return Rank.ADMINISTRATOR
    if user is room.starter:
        return Rank.OPERATOR
    member = user.rooms.get(room)
    return RANKS[room.role_of(user.account) if member is None else member.role]


def rank_of_account(world: World, account: int, room: Room) -> Rank:
    """Return the rank of an account in a room, if its user is not present."""
    is_admin = world.accounts.is_admin(account)
    return Rank.ADMINISTRATOR if is_admin else RANKS[room.role_of(account)]


def actor(world: World, by: By) -> User | None:
    """Return the user who acts; raise `ChatError` if the session has ended."""
    return None if by.session is None else world.find_session(by.session)


def actor_name(world: World, by: By) -> str:
    """Return the name under which others read of an act."""
    user = actor(world, by)
    return by.name if user is None else user.name


def actor_ref(world: World, by: By) -> UserRef | None:
    """Return the user who acts, as events name them; None for the administrator."""
    user = actor(world, by)
    return None if user is None else user.ref


def check_rank(world: World, by: By, room: Room, least: Rank) -> Rank:
    """Return the rank of the user who acts; raise `ChatError` if it is lower than `least`.

    A user who acts is a member of the room, or an administrator.
    """
    user = actor(world, by)
    rank = rank_of(world, user, room)
    if user is not None and room not in user.rooms and rank < Rank.ADMINISTRATOR:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=room.id)
    if rank < least:
        code = ErrorCode.NOT_OWNER if least is Rank.OWNER else ErrorCode.NOT_OPERATOR
        raise refusal(code, room)
    return rank


def refusal(code: ErrorCode, room: Room, **params: object) -> ChatError:
    """Return an error about a room, with its id and name."""
    return ChatError(code, room=room.id, room_name=room.name, **params)


# -- what a user sees


def is_known_there(world: World, user: User | None, room: Room) -> bool:
    """Tell whether a user is a member of a room, or has a role or an invitation there."""
    return (
        user is None
        or room in user.rooms
        or rank_of(world, user, room) > Rank.NONE
        or world.invitations.find(room, subject_of(user), world.seconds) is not None
    )


def sees(world: World, user: User | None, room: Room) -> bool:
    """Tell whether a room exists for a user."""
    return not room.settings.is_private or is_known_there(world, user, room)


def lists(world: World, user: User | None, room: Room) -> bool:
    """Tell whether a room is in the list of rooms for a user."""
    return not room.settings.unlisted or is_known_there(world, user, room)


def hidden_rooms(world: World, user: User | None) -> set[Room]:
    """Return the rooms that are not in the list for a user."""
    return {room for room in world.rooms.unlisted if not lists(world, user, room)}


def find_room(
    world: World, id_or_name: str, user: User | None, *, only_id: bool = False
) -> Room | None:
    """Return the room with that id, or else the only one with that name that the user sees.

    With `only_id`, the names of rooms do not count.
    """
    find = world.rooms.find_id if only_id else world.rooms.find
    return find(id_or_name, lambda room: sees(world, user, room))


def require_room(
    world: World, id_or_name: str, user: User | None, *, only_id: bool = False
) -> Room:
    """Return a room as `find_room` does; raise `ChatError`, which names a near one, if none."""
    room = find_room(world, id_or_name, user, only_id=only_id)
    if room is None:
        raise no_such_room(world, id_or_name, user)
    return room


def require_listed(world: World, id_or_name: str, user: User | None) -> Room:
    """Return a room that is in the list for a user; raise `ChatError` as `require_room` does."""
    room = world.rooms.find(id_or_name, lambda each: lists(world, user, each))
    if room is None:
        raise no_such_room(world, id_or_name, user)
    return room


def no_such_room(world: World, id_or_name: str, user: User | None) -> ChatError:
    """Return the error for a room that does not exist for a user: it names a near one, if any."""
    near = nearest_room(id_or_name, (room for room in world.rooms if lists(world, user, room)))
    suggestion = {} if near is None else {"suggestion": near.id, "name": near.name}
    return ChatError(ErrorCode.NO_SUCH_ROOM, room=id_or_name, **suggestion)


def joined_room(world: World, id_or_name: str, user: User) -> Room:
    """Return the room of `user` with that id, or with that name if only one of theirs has it.

    Raises `ChatError` if the user is not in it.
    """
    room = find_room(world, id_or_name, user)
    if room is not None and room in user.rooms:
        return room
    named = find_named(id_or_name, user.rooms)
    if named is None:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=room.id if room else id_or_name)
    return named


# -- joining and talking


def check_can_join(
    world: World,
    user: User,
    room: Room | None,
    key: str | None,
    current: str | None,
    max_rooms: int,
    seconds: float,
    *,
    renames: bool,
    name: Name | None = None,
) -> None:
    """Raise `ChatError` unless `user` may join `room` (None: a new one) with a `key`.

    In a room users keep their name; a guest is about to have `name`, if that is given. `current` is
    the id of the session's current room, `seconds` the time by the clock that measures durations.
    """
    if room is not None and room in user.rooms:
        raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=room.id)
    if room is not None:
        _check_admission(world, user, room, key, seconds, name)
    if user.rooms and (renames or len(user.rooms) >= max_rooms):
        raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=current or next(reversed(user.rooms)).id)


def _check_admission(
    world: World, user: User, room: Room, key: str | None, seconds: float, name: Name | None
) -> None:
    """Raise `ChatError` unless a room admits a user, who is not an operator of it."""
    rank, settings = rank_of(world, user, room), room.settings
    if rank < Rank.ADMINISTRATOR and room.bans.has(user, seconds, name):
        raise refusal(ErrorCode.BANNED_FROM_ROOM, room)
    if rank >= Rank.OPERATOR:
        return
    is_invited = world.invitations.find(room, subject_of(user), seconds) is not None
    if settings.invite_only and not is_invited and rank < Rank.VOICE:
        raise refusal(ErrorCode.INVITE_ONLY, room)
    if settings.key and not is_invited and not _is_same(settings.key, key or ""):
        raise refusal(ErrorCode.WRONG_KEY, room)
    if settings.limit and len(room.members) >= settings.limit:
        raise refusal(ErrorCode.ROOM_FULL, room, limit=settings.limit)


def _is_same(key: str, given: str) -> bool:
    """Compare keys in a time that does not tell how much of them is the same."""
    return hmac.compare_digest(key.encode(), given.encode())


def check_can_talk(world: World, user: User, room: Room, seconds: float) -> None:
    """Raise `ChatError` if a member is muted, or has no role in a room that is moderated.

    `seconds` is the time now, by the clock that measures durations.
    """
    if not room.restricts_talk:  # `Chat.say` looks at it, too, and calls this for few messages
        return
    if room.mutes.has(user, seconds):
        raise refusal(ErrorCode.MUTED, room)
    if room.settings.moderated and rank_of(world, user, room) < Rank.VOICE:
        raise refusal(ErrorCode.MODERATED, room)
