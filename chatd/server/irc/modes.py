"""MODE: the roles of members, the bans and the settings of channels, and the modes of users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import AccessKind, RoomAccess
from chatd.core.rooms import Role, Room, User
from chatd.core.roomsettings import MAX_KEY
from chatd.core.sanitize import sanitize
from chatd.core.world import rights
from chatd.core.world.operations import By
from chatd.core.world.rights import Rank
from chatd.core.world.settings_rules import KEY, LIMIT, PRIVATE, SettingValue, shown_value
from chatd.protocol.irc import modestrings, names
from chatd.protocol.irc.casemapping import folded
from chatd.protocol.irc.error_replies import error_reply
from chatd.protocol.irc.line import Line, line
from chatd.protocol.irc.modestrings import ModeChange
from chatd.protocol.irc.numerics import Numeric
from chatd.server.acts import note_act
from chatd.server.irc.membership import acting_room, no_such_channel, not_in_channel
from chatd.server.irc.settings import MAX_BANS, MAX_TARGETS

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_ROLES: Final = {
    "o": (Role.OPERATOR, "op", "deop"),
    "v": (Role.VOICE, "voice", "devoice"),
}
"""The roles that modes give, and the acts that give and take them, as the audit names them."""

_SETTINGS: Final = {"i": "invite-only", "m": "moderated", "s": "unlisted", "t": "open-topic"}
"""The modes that are settings, which are on or off."""

_BOTH: Final = ("i", "s")
"""The modes that are one setting together."""

_MASKS: Final = "Only nick!*@* and $a:account can be banned"

_MAX_DIGITS: Final = 9

_BOT: Final = "B"


async def mode(session: IrcSession, request: Line) -> None:
    """Change the modes of a channel or of the user, or show them."""
    target, *words = request.params
    if not target.startswith(names.CHANNEL_PREFIX):
        await _user_modes(session, target, words)
    elif not words:
        _show(session, target)
    else:
        room = acting_room(session, target)
        if room is not None:
            await _ChannelModes(session, room).change(words)


# -- channels


def _show(session: IrcSession, channel: str) -> None:
    """Show the modes of a channel that is listed for the user, and when it was created."""
    room, world = session.find_room(channel), session.services.world
    if room is None or not rights.lists(world, session.user, room):
        no_such_channel(session, channel)
        return
    settings, shown = room.settings, names.channel(room.id)
    letters, params = "", []
    if settings.invite_only:
        letters += "i"
    if settings.key:
        letters += "k"
        is_operator = rights.rank_of(world, session.user, room) >= Rank.OPERATOR
        params.append(settings.key if is_operator else "*")
    if settings.limit:
        letters += "l"
        params.append(str(settings.limit))
    letters += "m" * settings.moderated + "n" + "s" * settings.unlisted
    letters += "" if settings.open_topic else "t"
    session.reply(Numeric.CHANNELMODEIS, shown, f"+{letters}", *params)
    session.reply(Numeric.CREATIONTIME, shown, str(int(room.created)))


class _ChannelModes:
    """Changes the modes of the channel that a room is; each error is told once."""

    def __init__(self, session: IrcSession, room: Room) -> None:
        self._session = session
        self._services = session.services
        self._room = room
        self._by = By(session.key)
        self._channel = names.channel(room.id)
        self._told: set[tuple[str, ...]] = set()

    async def change(self, words: list[str]) -> None:
        """Make the changes that a line asks for, one after the other."""
        for change in _merged(modestrings.parse_changes(words, MAX_TARGETS)):
            try:
                await self._make(change)
            except ChatError as error:
                error_reply(self, error, Line("MODE", [self._channel]))
            self._session.response.flush()

    # -- what error replies need

    def reply(self, numeric: Numeric, *params: str) -> None:
        """Send a numeric reply, unless it was sent before."""
        if (numeric, *params) not in self._told:
            self._told.add((numeric, *params))
            self._session.reply(numeric, *params)

    def fail(self, command: str, code: str, *params: str) -> None:
        """Send a FAIL, unless it was sent before."""
        if (command, code, *params) not in self._told:
            self._told.add((command, code, *params))
            self._session.fail(command, code, *params)

    # -- one change

    async def _make(self, change: ModeChange) -> None:
        is_added, letter, param = change
        if letter in _ROLES:
            await self._set_role(change)
        elif letter == "q":
            self.reply(Numeric.CHANOPRIVSNEEDED, self._channel, "The owner does not change")
        elif letter == "b" and param is None:
            self._list_bans()
        elif letter == "b":
            await self._set_ban(param, is_added=is_added)
        elif letter == "k":
            await self._set(KEY, _key(param) if is_added else "")
        elif letter == "l":
            await self._set_limit(param if is_added else "0", is_added=is_added)
        elif letter == "n":
            self._keep_others_out(is_added=is_added)
        elif letter in {*_SETTINGS, "".join(_BOTH)}:
            # A topic is for operators (`t`) where `open-topic` is off.
            await self._set(_SETTINGS.get(letter, PRIVATE), is_added is not (letter == "t"))
        elif not any(told[0] == Numeric.UNKNOWNMODE for told in self._told):
            self.reply(Numeric.UNKNOWNMODE, letter, "is unknown mode char to me")

    async def _set_role(self, change: ModeChange) -> None:
        is_added, letter, nick = change
        role, act, undo = _ROLES[letter]
        if not nick:
            self._bad_param(letter, nick, "A nick is missing")
            return
        user = self._services.chat.find_user(nick)
        if user is None:
            self.reply(Numeric.NOSUCHNICK, nick, "No such nick")
            return
        if self._room not in user.rooms:
            not_in_channel(self, nick, self._room)
            return
        has_role = user.rooms[self._room].role is role
        if has_role is is_added:
            self._check_operator()
            return
        moderation, now = self._services.room_moderation, self._services.now()
        given, former = (role, None) if is_added else (Role.NONE, role)
        name, _ = await moderation.set_role(
            self._by, nick, self._room, given, now, former=former, origin=self._session
        )
        note_act(self._session, self._room, act if is_added else undo, name)

    def _bans(self) -> list[RoomAccess]:
        """Return the bans, for operators alone."""
        entries = self._services.room_moderation.restrictions(self._by, self._room)
        return [entry for entry in entries if entry.kind is AccessKind.BAN]

    def _list_bans(self) -> None:
        for entry in self._bans():
            mask, created = names.ban_mask(entry.name, entry.account), str(int(entry.created))
            self.reply(Numeric.BANLIST, self._channel, mask, entry.by, created)
        self.reply(Numeric.ENDOFBANLIST, self._channel, "End of channel ban list")

    async def _set_ban(self, mask: str | None, *, is_added: bool) -> None:
        subject, services, room = modestrings.ban_subject(mask or ""), self._services, self._room
        if subject is None:
            self._bad_param("b", mask, _MASKS)
            return
        name, moderation, now = subject.name, services.room_moderation, services.now()
        if subject.is_account and services.world.find_account(name) is None:
            raise ChatError(ErrorCode.NO_SUCH_ACCOUNT, name=name)
        if not is_added:
            name, _ = await moderation.unban(self._by, name, room, now, self._session)
            note_act(self._session, room, "room-unban", name)
            return
        bans = self._bans()
        if len(bans) >= MAX_BANS and folded(name) not in {folded(each.name) for each in bans}:
            raise rights.refusal(ErrorCode.TOO_MANY_ENTRIES, room, limit=MAX_BANS)
        try:
            name, _ = await moderation.ban(
                self._by, name, room, None, "", now, self._session, of_name=True
            )
        except ChatError as error:
            if error.code is not ErrorCode.BAD_NAME:
                raise
            self._bad_param("b", mask, _MASKS)
            return
        note_act(self._session, room, "room-ban", name)

    async def _set_limit(self, number: str | None, *, is_added: bool) -> None:
        digits = number or ""
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS
        if is_added and not (is_number and int(digits)):
            self._bad_param("l", number, "The limit is a number from 1 on")
            return
        await self._set(LIMIT, int(digits))

    async def _set(self, setting: str, value: SettingValue) -> None:
        """Change a setting; one that has the value already is left as it is."""
        self._check_operator()
        room, services = self._room, self._services
        has_value = {
            KEY: room.settings.key == value,
            LIMIT: (room.settings.limit or 0) == value,
            PRIVATE: False,  # a room may be half of what is private
        }
        if has_value.get(setting, shown_value(room, setting) == value):
            return
        await services.room_settings.set(self._session, room, setting, value, services.now())
        note_act(self._session, room, "set", setting if setting == KEY else _noted(setting, value))

    def _keep_others_out(self, *, is_added: bool) -> None:
        """Answer to a change of `n`, which does not change."""
        self._check_operator()
        if not is_added:
            self._session.notice("Only members talk in a channel: +n is always on.")

    def _check_operator(self) -> None:
        rights.check_rank(self._services.world, self._by, self._room, Rank.OPERATOR)

    def _bad_param(self, letter: str, param: str | None, words: str) -> None:
        self.reply(Numeric.INVALIDMODEPARAM, self._channel, letter, param or "*", words)


def _merged(changes: Iterable[ModeChange]) -> Iterator[ModeChange]:
    """Yield changes, with those of two modes that are one setting together as one."""
    changes = list(changes)
    both = [change for change in changes if change.mode in _BOTH]
    are_one = len(both) == len(_BOTH) and both[0].is_added is both[1].is_added
    for change in changes:
        if not are_one or change.mode not in _BOTH:
            yield change
        elif change is both[0]:
            yield change._replace(mode="".join(_BOTH))


def _key(param: str | None) -> str:
    """Return a key that clients can give on joining; raise `ChatError` if it is none."""
    key = param or ""
    if not key or "," in key or key != sanitize(key):
        raise ChatError(ErrorCode.BAD_KEY, limit=MAX_KEY)
    return key


def _noted(setting: str, value: SettingValue) -> str:
    """Return a setting and its value as the audit has them."""
    shown = "on" if value is True else str(value) if value else "off"
    return f"{setting} {shown}"


# -- users


async def _user_modes(session: IrcSession, nick: str, words: list[str]) -> None:
    """Change the modes of the user, or show them: `B` says that the user is a program."""
    user = session.services.chat.find_user(nick)
    if user is None:
        session.reply(Numeric.NOSUCHNICK, nick, "No such nick")
        return
    if user is not session.user:
        session.reply(Numeric.USERSDONTMATCH, "Cannot change mode for other users")
        return
    if not words:
        session.reply(Numeric.UMODEIS, f"+{_BOT * user.profile.is_bot}")
        return
    is_unknown = False
    for is_added, letter, _ in modestrings.parse_changes(words[:1], 0):
        if letter == _BOT:
            await _set_bot(session, is_bot=is_added)
        elif letter != "i":  # many clients set it; addresses are never shown anyway
            is_unknown = True
    if is_unknown:
        session.reply(Numeric.UMODEUNKNOWNFLAG, "Unknown MODE flag")


async def _set_bot(session: IrcSession, *, is_bot: bool) -> None:
    user, services = session.user, session.services
    if user.profile.is_bot is not is_bot:
        profile = user.profile._replace(is_bot=is_bot)
        await services.presence.set_profile(session, profile, services.now())
        session.response.add(bot_mode(user))


def bot_mode(user: User) -> str:
    """Return the line that tells a user's own clients whether the user is a program."""
    sign = "+" if user.profile.is_bot else "-"
    return line(names.source_of(user.ref), "MODE", user.name, f"{sign}{_BOT}")
