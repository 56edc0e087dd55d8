"""The codec of IRC: how events of the chat look to clients with some capabilities.

One event is encoded once for all clients that share a codec, so a line has nothing that differs
between two of them: no nick of the reader but where an event names it. Lines for one client alone
come as `Lines`, which are made already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from weakref import WeakValueDictionary

from chatd.core.errors import ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    AwayChanged,
    Event,
    Joined,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    Muted,
    Notice,
    PrivateMessage,
    ProfileChanged,
    Renamed,
    RoomClosed,
    TagMessage,
    Unmuted,
)
from chatd.core.profiles import UserRef
from chatd.core.room_events import (
    Invited,
    MemberInvited,
    MessageDeleted,
    RoleChanged,
    RoomBanned,
    RoomChanged,
    RoomUnbanned,
)
from chatd.protocol.codec import Prepared
from chatd.protocol.command import MASK
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.line import line
from chatd.protocol.irc.message_lines import MessageLines
from chatd.protocol.moderation_text import mute_words
from chatd.protocol.replies import ErrorReply, Reply

MAX_CODECS: Final = 64
"""How many codecs there are at once: each of them encodes each event of its rooms."""

_CLOSED: Final = "The room is being closed by the Administrator."

_NONE: Final[frozenset[str]] = frozenset()

_LAST_WORDS: Final = {
    LeaveReason.LOST: "Connection lost",
    LeaveReason.LOGOUT: "Logged out",
    LeaveReason.BANNED: "Banned by the Administrator",
    LeaveReason.GROUPED: "Moved by the Administrator",
}

_SETTING_MODES: Final = {
    "private": ("is", False),
    "invite-only": ("i", False),
    "unlisted": ("s", False),
    "moderated": ("m", False),
    "open-topic": ("t", True),
}
"""The modes of settings, and whether a mode is on where the setting is off."""


_PRIVATE: Final = re.compile(r"(?:@\S+ )?(:\S+!\S+ (?:PRIVMSG|NOTICE|TAGMSG) [^#\s]\S*)(?: .*)?")
_WITH_KEY: Final = re.compile(r"(?:@\S+ )?(:\S+ (?:324 \S+|MODE) #\S+ [-+]\S*k\S*) .*")


_Act = (
    Left
    | Kicked
    | RoleChanged
    | RoomChanged
    | RoomBanned
    | RoomUnbanned
    | MemberInvited
    | MessageDeleted
)
"""The events of acts: those of a user, or of the administrator."""


@dataclass(frozen=True, slots=True)
class Lines(Prepared):
    """Lines for one client, as they are sent."""

    data: str

    def encode(self) -> bytes:
        """Return the lines."""
        return self.data.encode()

    def describe(self) -> list[str]:
        """Return the lines, with the keys of rooms and what is private masked."""
        return _described(self.data)


class IrcCodec:
    """The lines of events for clients that have the shared capabilities `capabilities`.

    `server` is the name of the server.
    """

    is_text: ClassVar[bool] = False
    marks_ignored: ClassVar[bool] = False

    def __init__(self, capabilities: frozenset[str], server: str) -> None:
        self.capabilities = capabilities
        self.messages = MessageLines(capabilities)
        self._server = server
        self._administrator = f"{ADMINISTRATOR}!chatd@{server}"

    def encode(self, event: Event | Reply) -> bytes:
        """Return the lines for an event, b"" for one of which the clients are not told."""
        if type(event) is MessageBatch:  # the most frequent by far
            return self.messages.batch(event).encode()
        make = _ENCODERS.get(type(event))
        return b"" if make is None else make(self, event).encode()

    def describe(self, event: Event | Reply) -> list[str]:
        """Return the lines, with the keys of rooms and what is private masked."""
        if isinstance(event, PrivateMessage):
            source = names.source(event.sender, event.account, event.profile)
            return [f":{source} PRIVMSG {event.reader} :{MASK}"]
        return _described(self.encode(event).decode())

    def for_room_count(self, in_rooms: int) -> IrcCodec:  # noqa: ARG002 -- every line names its room
        """Return the same codec."""
        return self

    def private(self, said: PrivateMessage) -> str:
        """Return the lines of a private message."""
        return self.messages.private(said)

    # -- joining and leaving

    def _joined(self, event: Joined) -> str:
        source = names.source(event.name, event.account, event.profile)
        channel, tags = names.channel(event.room), self._tags(event)
        params = [channel]
        if caps.EXTENDED_JOIN in self.capabilities:
            account = "*" if event.account is None else event.name
            params += [account, event.profile.about or event.name]
        lines = line(source, "JOIN", *params, tags=tags)
        if event.role in names.MODES:
            letters = names.MODES[event.role]
            modes = (f"+{letters}", *[event.name] * len(letters))
            lines += line(self._server, "MODE", channel, *modes, tags=self._time(event))
        if event.away is not None and caps.AWAY_NOTIFY in self.capabilities:
            lines += line(source, "AWAY", event.away, tags=tags)
        return lines

    def _left(self, event: Left) -> str:
        channel, source = (
            names.channel(event.room),
            names.source(event.name, event.account, event.profile),
        )
        tags = self._tags(event)
        text = event.text or _LAST_WORDS.get(event.reason, "")
        if event.reason in {LeaveReason.KICKED, LeaveReason.BANNED} and not event.has_ended:
            actor = self._actor(event.actor)
            lines = ""
            if event.reason is LeaveReason.BANNED:
                mask = names.ban_mask(event.name, event.account)
                lines = line(actor, "MODE", channel, "+b", mask, tags=self._actor_tags(event))
            return lines + self._kick(event, actor)
        if event.has_ended:
            if event.by is not None:
                text = f"Ended by {event.by}{f': {text}' if text else ''}"
            elif event.reason is LeaveReason.QUIT and text:
                text = f"Quit: {text}"  # so that a user cannot forge the server's words
            return line(source, "QUIT", text or "Quit", tags=tags)
        return line(source, "PART", channel, *([text] if text else []), tags=tags)

    def _kicked(self, event: Kicked) -> str:
        return self._kick(event, self._actor(event.actor))

    def _kick(self, event: Left | Kicked, actor: str) -> str:
        channel, text = names.channel(event.room), event.text or event.by or ADMINISTRATOR
        return line(actor, "KICK", channel, event.name, text, tags=self._actor_tags(event))

    def _room_closed(self, event: RoomClosed) -> str:
        notice = Notice(ADMINISTRATOR, _CLOSED, event.time, event.room)
        return self.notice(notice)

    # -- what is said

    def _message(self, event: Message) -> str:
        return self.messages.message(event, "")

    def _tag_message(self, event: TagMessage) -> str:
        if caps.MESSAGE_TAGS not in self.capabilities:
            return ""
        source = names.source(event.sender, event.account, event.profile)
        target = event.reader if event.room is None else names.channel(event.room)
        tags = self.messages.tags(
            event.time,
            event.sender,
            event.account,
            client_tags=event.tags,
            is_bot=event.profile.is_bot,
        )
        return line(source, "TAGMSG", target, tags=tags)

    def notice(self, event: Notice, reader: str = "*") -> str:
        """Return the lines of a notice; `reader` is the client that reads one without a room."""
        source = self._administrator if event.sender == ADMINISTRATOR else self._server
        target = reader if event.room is None else names.channel(event.room)
        return "".join(
            line(source, "NOTICE", target, text, tags=self._time(event))
            for text in event.text.split("\n")
            if text
        )

    def _not_stored(self, event: ErrorReply) -> str:
        if event.code is not ErrorCode.NOT_STORED:
            return ""
        room, number = str(event.params["room"]), int(str(event.params["id"]))
        words = "The message could not be stored."
        params = (names.channel(room), names.message_id(room, number), words)
        return line(self._server, "FAIL", "PRIVMSG", "NOT_STORED", *params)

    def _message_deleted(self, event: MessageDeleted) -> str:
        if caps.REDACTION not in self.capabilities:
            return ""
        channel, number = names.channel(event.room), names.message_id(event.room, event.id)
        reason = [event.text] if event.text else []
        actor = self._actor(event.actor)
        return line(actor, "REDACT", channel, number, *reason, tags=self._actor_tags(event))

    # -- users

    def _renamed(self, event: Renamed) -> str:
        source = names.source(event.name, None, event.profile)
        tags = self.messages.tags(event.time, is_bot=event.profile.is_bot)
        return line(source, "NICK", event.new_name, tags=tags)

    def _away_changed(self, event: AwayChanged) -> str:
        if caps.AWAY_NOTIFY not in self.capabilities:
            return ""
        source = names.source(event.name, event.account, event.profile)
        text = [] if event.text is None else [event.text]
        return line(source, "AWAY", *text, tags=self._tags(event))

    def _profile_changed(self, event: ProfileChanged) -> str:
        if caps.SETNAME not in self.capabilities or event.profile.about == event.former.about:
            return ""
        source = names.source(event.name, event.account, event.profile)
        return line(source, "SETNAME", event.profile.about or event.name, tags=self._tags(event))

    # -- rooms

    def _room_changed(self, event: RoomChanged) -> str:
        channel, actor = names.channel(event.room), self._actor(event.actor)
        lines, tags = "", self._actor_tags(event)
        for setting, value in event.change.items():
            if setting == "topic":
                lines += line(actor, "TOPIC", channel, str(value or ""), tags=tags)
            else:
                lines += line(actor, "MODE", channel, *_mode(setting, value), tags=tags)
        return lines

    def _role_changed(self, event: RoleChanged) -> str:
        if not event.is_member:
            return ""  # a client knows the modes of members alone
        channel, actor = names.channel(event.room), self._actor(event.actor)
        lines = ""
        for sign, role in (("-", event.former), ("+", event.role)):
            if role in names.MODES and event.former != event.role:
                # A line for each: one might have no room for a long name that is in it twice.
                modes = (f"{sign}{names.MODES[role]}", *[event.name] * len(names.MODES[role]))
                lines += line(actor, "MODE", channel, *modes, tags=self._actor_tags(event))
        return lines

    def _room_banned(self, event: RoomBanned | RoomUnbanned) -> str:
        sign = "+" if isinstance(event, RoomBanned) else "-"
        mask = names.ban_mask(event.name, event.account)
        channel, actor = names.channel(event.room), self._actor(event.actor)
        return line(actor, "MODE", channel, f"{sign}b", mask, tags=self._actor_tags(event))

    def _muted(self, event: Muted | Unmuted) -> str:
        channel, words = names.channel(event.room), mute_words(event)
        return line(self._server, "NOTICE", channel, words, tags=self._time(event))

    def _invited(self, event: Invited) -> str:
        source = names.source(event.by, event.account, event.profile)
        is_bot = event.profile.is_bot
        tags = self.messages.tags(event.time, event.by, event.account, is_bot=is_bot)
        return line(source, "INVITE", event.name, names.channel(event.room), tags=tags)

    def _member_invited(self, event: MemberInvited) -> str:
        if caps.INVITE_NOTIFY not in self.capabilities:
            return ""
        source, channel = names.source_of(event.actor), names.channel(event.room)
        return line(source, "INVITE", event.name, channel, tags=self._actor_tags(event))

    # -- parts of lines

    def _actor(self, actor: UserRef | None) -> str:
        """Return the source of a line about what a user, or the administrator, has done."""
        return self._administrator if actor is None else names.source_of(actor)

    def _tags(self, event: Joined | Left | AwayChanged | ProfileChanged) -> str:
        """Return the tags of a line whose source is the user of the event."""
        is_bot = event.profile.is_bot
        return self.messages.tags(event.time, event.name, event.account, is_bot=is_bot)

    def _actor_tags(self, event: _Act) -> str:
        """Return the tags of a line whose source is the user who has done something."""
        if event.actor is None:
            return self._time(event)
        name, account, profile = event.actor
        return self.messages.tags(event.time, name, account, is_bot=profile.is_bot)

    def _time(self, event: Any) -> str:
        return self.messages.tags(event.time)


def _described(lines: str) -> list[str]:
    """Return what the trace shows of lines."""
    return [_shown(each) for each in lines.split("\r\n") if each]


def _shown(text: str) -> str:
    """Return a line as the trace shows it."""
    found = _PRIVATE.fullmatch(text) or _WITH_KEY.fullmatch(text)
    return text if found is None else f"{found[1]} :{MASK}"


def _mode(setting: str, value: str | bool | int | None) -> tuple[str, ...]:
    """Return the change of modes that a setting makes, and its parameters."""
    if setting == "key":  # the key itself is for the operator who has set it
        return ("+k", "*") if value else ("-k", "*")
    if setting == "limit":
        return ("-l",) if value is None else ("+l", str(value))
    letters, is_reversed = _SETTING_MODES[setting]
    return (f"{'+' if bool(value) is not is_reversed else '-'}{letters}",)


_ENCODERS: Final[Mapping[type, Callable[[IrcCodec, Any], str]]] = {
    Joined: IrcCodec._joined,  # noqa: SLF001 -- a table of its methods
    Left: IrcCodec._left,  # noqa: SLF001
    Kicked: IrcCodec._kicked,  # noqa: SLF001
    RoomClosed: IrcCodec._room_closed,  # noqa: SLF001
    Message: IrcCodec._message,  # noqa: SLF001
    PrivateMessage: IrcCodec.private,
    TagMessage: IrcCodec._tag_message,  # noqa: SLF001
    Notice: IrcCodec.notice,
    ErrorReply: IrcCodec._not_stored,  # noqa: SLF001
    MessageDeleted: IrcCodec._message_deleted,  # noqa: SLF001
    Renamed: IrcCodec._renamed,  # noqa: SLF001
    AwayChanged: IrcCodec._away_changed,  # noqa: SLF001
    ProfileChanged: IrcCodec._profile_changed,  # noqa: SLF001
    RoomChanged: IrcCodec._room_changed,  # noqa: SLF001
    RoleChanged: IrcCodec._role_changed,  # noqa: SLF001
    RoomBanned: IrcCodec._room_banned,  # noqa: SLF001
    RoomUnbanned: IrcCodec._room_banned,  # noqa: SLF001
    Muted: IrcCodec._muted,  # noqa: SLF001
    Unmuted: IrcCodec._muted,  # noqa: SLF001
    Invited: IrcCodec._invited,  # noqa: SLF001
    MemberInvited: IrcCodec._member_invited,  # noqa: SLF001
}
"""How each event looks; of the others IRC clients are not told."""


class IrcCodecs:
    """The codecs that are in use, one for each set of shared capabilities.

    `server` is the name of the server.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._codecs: WeakValueDictionary[frozenset[str], IrcCodec] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._codecs)

    def get(self, capabilities: frozenset[str]) -> IrcCodec:
        """Return the codec for clients with some capabilities.

        If there are too many codecs already, it is one with fewer capabilities.
        """
        wanted = caps.shared(capabilities)
        codec = self._codecs.get(wanted)
        if codec is None:
            # The last place is for the codec of clients without any, which all can read.
            most = MAX_CODECS if _NONE in self._codecs else MAX_CODECS - 1
            if len(self._codecs) >= most:
                wanted = self._nearest(wanted)
                codec = self._codecs.get(wanted)
        if codec is None:
            codec = self._codecs[wanted] = IrcCodec(wanted, self._server)
        return codec

    def _nearest(self, wanted: frozenset[str]) -> frozenset[str]:
        """Return those of the wanted capabilities of which most are those of a codec."""
        fewer = [each for each in self._codecs if each <= wanted]
        missed = {name: place for place, name in enumerate(caps.LEAST_NEEDED)}

        def loss(capabilities: frozenset[str]) -> tuple[int, int, list[str]]:
            lost = wanted - capabilities
            needed = sum(name not in missed for name in lost)
            return needed, len(lost), sorted(lost, key=lambda name: missed.get(name, -1))

        return min(fewer, key=loss, default=_NONE)
