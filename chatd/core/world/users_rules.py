"""The rules of users: names, private messages, being away, ignoring others."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import AwayChanged, PrivateMessage, ProfileChanged, Renamed, TagMessage
from chatd.core.ignorelist import IgnoreList
from chatd.core.profiles import Profile
from chatd.core.records import AccountRef
from chatd.core.rooms import Away, SessionKey, User
from chatd.core.world import operations as ops
from chatd.core.world import rights
from chatd.core.world.effects import HappenedToUser, IgnoresChanged, KeptMessagesDue, Told
from chatd.core.world.world import World

MAX_IGNORED: Final = 100
"""How many users a user may ignore."""


def rename(world: World, op: ops.Rename) -> str:
    """Give a guest a name; all users who share a room with the guest are told once.

    A name with which the guest could not join one of their rooms is refused.
    """
    user = world.session_user(op.session, op.address)
    if user.account is not None:
        raise ChatError(ErrorCode.ACCOUNT_NAME)
    world.check_name(op.name, op.session, world.seconds, user)
    former = user.name
    if former == op.name.text:
        return former
    for room in user.rooms:
        if room.bans.has_name(op.name, world.seconds):
            raise rights.refusal(ErrorCode.BANNED_FROM_ROOM, room)
    world.assign_name(user, op.name, op.now)
    world.tell_rooms(user, Renamed(former, user.name, op.now, user.profile), op.session)
    return user.name


def whisper(world: World, op: ops.Whisper) -> ops.SentPrivately:
    """Send a private message; the sender's other sessions read it and its recipient."""
    sender = world.find_session(op.session)
    if not sender.name:
        raise ChatError(ErrorCode.IN_NO_ROOM)
    recipient = world.names.find(op.recipient.keys)
    if recipient is None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=op.recipient.text)
    world.private_messages += 1
    message = PrivateMessage(
        sender.name,
        op.text,
        op.now,
        account=sender.account,
        reader=recipient.name,
        kind=op.kind,
        profile=sender.profile,
        tags=op.tags,
        serial=world.private_messages,
    )
    world.emit(Told(recipient, message))
    if recipient is not sender:
        world.emit(Told(sender, replace(message, recipient=recipient.name), op.session))
    return ops.SentPrivately(recipient.name, _away_note(sender, recipient), message)


def send_tags(world: World, op: ops.SendTags) -> str:
    """Send tags to a room, whose members may read them as those of a message, or to one user."""
    sender = world.find_session(op.session)
    if not sender.name:
        raise ChatError(ErrorCode.IN_NO_ROOM)
    if op.room is None:
        assert op.recipient is not None
        recipient = world.names.find(op.recipient.keys)
        if recipient is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=op.recipient.text)
        tagged = _tag_message(sender, op, reader=recipient.name)
        world.emit(Told(recipient, tagged))
        if recipient is not sender:
            world.emit(Told(sender, tagged, op.session))
        return recipient.name
    room = world.rooms.by_key(op.room)
    if room is None or room not in sender.rooms:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=op.room if room is None else room.id)
    rights.check_can_talk(world, sender, room, world.seconds)
    event = room.in_order(_tag_message(sender, op, room=room.id))
    world.emit(HappenedToUser({room: event}, sender, op.session))
    return room.id


def _tag_message(
    sender: User, op: ops.SendTags, *, room: str | None = None, reader: str = ""
) -> TagMessage:
    return TagMessage(room, sender.name, op.tags, op.now, sender.account, sender.profile, reader)


def message_kept(world: World, op: ops.MessageKept) -> None:
    """Let a recipient who has logged in meanwhile be sent a private message that is in the store.

    The sender's other sessions read the message and its recipient.
    """
    account = world.accounts.by_id(op.recipient)
    if account is None:
        return
    recipient, sender = world.user_of(account), world.sessions.get(op.session)
    if recipient is not None:
        world.emit(KeptMessagesDue(recipient))
    if sender is not None:
        copy = PrivateMessage(
            sender.name,
            op.text,
            op.now,
            account.name,
            sender.account,
            reader=account.name,
            profile=sender.profile,
        )
        world.emit(Told(sender, copy, op.session))


def _away_note(sender: User, recipient: User) -> str | None:
    """Return the away message of `recipient` if `sender` has not been told it yet."""
    away = recipient.away
    if away is None or sender is recipient or sender in away.told:
        return None
    away.told.add(sender)
    return away.text


def set_away(world: World, op: ops.SetAway) -> None:
    """Let a user be away with a message, or present again."""
    user = world.find_session(op.session)
    former = None if user.away is None else user.away.text
    if op.text is None and former is None:
        return
    user.away = None if op.text is None else Away(op.text)
    if op.text != former:
        changed = AwayChanged(user.name, op.text, op.now, user.account, user.profile)
        world.tell_rooms(user, changed, op.session)


def set_profile(world: World, op: ops.SetProfile) -> None:
    """Note what a client tells about its user."""
    user = world.session_user(op.session, op.address)
    change_profile(world, user, op.profile, op.session, op.now)


def change_profile(
    world: World, user: User, profile: Profile, session: SessionKey, now: float
) -> None:
    """Give a user another profile; all others who share a room with them are told."""
    former = user.profile
    if former != profile:
        user.profile = profile
        changed = ProfileChanged(user.name, now, user.account, profile, former)
        world.tell_rooms(user, changed, session)


def set_ignored(world: World, op: ops.SetIgnored) -> str:
    """Let a user ignore an account or a guest, or do so no more."""
    user = world.session_user(op.session, op.address)
    if op.account is not None:
        return _set_account_ignored(world, user, op.account, op.ignored)
    return _set_guest_ignored(world, user, op)


def _set_account_ignored(world: World, user: User, account: AccountRef, ignored: bool) -> str:
    current = user.ignored or IgnoreList()
    accounts = dict(current.accounts)
    if ignored and account.id not in accounts:
        check_ignores_fewer(user)
        accounts[account.id] = account.name
    elif not ignored:
        accounts.pop(account.id, None)
    if user.account is not None and world.accounts.by_id(account.id) is not None:
        world.accounts.set_ignored(user.account, account, ignored)
    _set_list(world, user, IgnoreList(accounts, current.guests))
    return account.name


def _set_guest_ignored(world: World, user: User, op: ops.SetIgnored) -> str:
    other = world.names.find(op.name.keys)
    current = user.ignored or IgnoreList()
    names = None if other is None else other.guest_names
    if not op.ignored:
        if names is None or names not in current.guests:
            raise ChatError(ErrorCode.NOT_IGNORED, name=op.name.text)
        guests = tuple(guest for guest in current.guests if guest is not names)
        _set_list(world, user, IgnoreList(current.accounts, guests))
        return names.current
    if other is None or other.account is not None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=op.name.text)
    check_ignores_fewer(user)
    assert names is not None  # a guest with a name
    if names not in current.guests:
        _set_list(world, user, IgnoreList(current.accounts, (*current.guests, names)))
    return other.name


def check_ignores_fewer(user: User) -> None:
    """Raise `ChatError` if a user ignores as many others as is allowed."""
    if user.ignored is not None and len(user.ignored) >= MAX_IGNORED:
        raise ChatError(ErrorCode.TOO_MANY_IGNORED, limit=MAX_IGNORED)


def _set_list(world: World, user: User, ignored: IgnoreList) -> None:
    user.ignored = ignored if len(ignored) else None
    world.emit(IgnoresChanged(user))
