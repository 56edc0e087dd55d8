"""The session of an IRC client: one line at a time, each with its response.

A line comes in, the table of commands (commands.py) has its handler, and the handler calls the
domain and adds lines to the response. An error of the domain becomes a numeric or a FAIL here and
nowhere else (`chatd.protocol.irc.error_replies`). Until the client has registered, there is a
`Registration` (registration.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import count
from typing import Any, NamedTuple

from twisted.python.failure import Failure

from chatd.core.errors import ChatError
from chatd.core.events import (
    ADMINISTRATOR,
    DisconnectReason,
    Event,
    Joined,
    MessageBatch,
    MessageKind,
    Moved,
    Notice,
    ReceiptRequest,
)
from chatd.core.lookalikes import room_key
from chatd.core.network import limit_key
from chatd.core.room_events import ReadUpTo
from chatd.core.rooms import Role, Room, User
from chatd.protocol.codec import Prepared
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.codec import IrcCodec, Lines
from chatd.protocol.irc.error_replies import error_reply
from chatd.protocol.irc.leading import leading_messages
from chatd.protocol.irc.line import MAX_BODY, MAX_TAGS, Line, line, parse, parse_tags
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.moderation_text import admin_notice
from chatd.protocol.replies import Reply
from chatd.protocol.text import disconnect_words
from chatd.server.connection import Connection
from chatd.server.irc.batches import IncomingBatch
from chatd.server.irc.commands import COMMANDS, masked, shown_command
from chatd.server.irc.joining import room_lines
from chatd.server.irc.readmarks import read_lines
from chatd.server.irc.registration import Registration
from chatd.server.irc.response import Response
from chatd.server.irc.sasl import Authentication
from chatd.server.irc.settings import MECHANISMS, TLS_MECHANISMS, IrcSettings
from chatd.server.services import Services
from chatd.server.session import Session


class _Said(NamedTuple):
    """A message to `channel` that did not come back yet, and the response that it is a part of."""

    channel: str
    kind: MessageKind
    response: Response | None


class IrcSession(Session):
    """A session of an IRC client.

    `registration` is None once the client has registered. `capabilities` are those that it has
    negotiated. `is_tls` tells whether the connection is encrypted. `fingerprint` returns that of
    the certificate that the client has shown, if any, and is None where clients show none.
    `knows_302` tells whether it reads values of capabilities, in several lines. `on_activity` is
    called for each line but those of PING and PONG.
    """

    __slots__ = (
        "_numbers",
        "_on_activity",
        "_on_registered",
        "_said",
        "authentication",
        "batch",
        "capabilities",
        "fingerprint",
        "irc",
        "is_tls",
        "knows_302",
        "registration",
        "response",
    )

    base_codec: IrcCodec

    def __init__(
        self,
        services: Services,
        connection: Connection,
        on_closed: Callable[[Session], None],
        irc: IrcSettings,
        on_registered: Callable[[], None],
        *,
        on_activity: Callable[[], None],
        is_tls: bool,
        fingerprint: Callable[[], str | None] | None,
    ) -> None:
        super().__init__(services, connection, on_closed)
        self.irc = irc
        self.is_tls = is_tls
        self.fingerprint = fingerprint
        self.max_rooms = irc.max_rooms
        self.notes_own = True
        self.capabilities: frozenset[str] = frozenset()
        self.knows_302 = False
        self.registration: Registration | None = Registration()
        self.authentication: Authentication | None = None
        self.batch: IncomingBatch | None = None
        self.response = Response(self._send, irc.name, None)
        self._on_registered = on_registered
        self._on_activity = on_activity
        # The messages that were submitted and did not come back yet, by their numbers.
        self._said: dict[str, _Said] = {}
        self._numbers = count(1)

    # -- what the client is

    @property
    def format(self) -> str:
        """The name of the language of the session."""
        return "irc"

    @property
    def nick(self) -> str:
        """The name by which the client is addressed: `*` as long as it has none."""
        if self.user.name:
            return self.user.name
        return self.registration.shown if self.registration else "*"

    @property
    def source(self) -> str:
        """The source of the lines of the user."""
        return names.source_of(self.user.ref)

    @property
    def may_log_in(self) -> bool:
        """Whether a password may be sent over the connection."""
        is_local = limit_key(self.address) is None
        return self.is_tls or is_local or self.irc.plaintext_login

    @property
    def mechanisms(self) -> Sequence[str]:
        """The mechanisms of SASL that the client may use."""
        return MECHANISMS if self.fingerprint is None else TLS_MECHANISMS

    def has(self, capability: str) -> bool:
        """Tell whether the client has negotiated a capability."""
        return capability in self.capabilities

    # -- called by the gateway

    def receive(self, frames: Sequence[bytes]) -> int:
        """Carry out the first line in `frames`, or send the plain messages that come before it.

        Return how many lines that were.
        """
        frame = frames[0]
        if self._fanout.trace is not None:
            shown = masked(frame.decode(errors="replace"))
            self.services.event_log.received(self.address, shown)
        received = None
        try:
            if frame.startswith(b"PRIVMSG") and (said := self._say_leading(frames)):
                return said
            if self.registration is not None and not self.registration.count_line():
                self._end_with("You sent too many lines before you registered.")
                return 1
            if b"\0" in frame:
                self._end_with("A line contains NUL.")
                return 1
            received = self._parse(frame)
            if received is not None:
                self._execute(received)
        except Exception:  # noqa: BLE001 -- sorted into errors of the client and failures there
            self._fail(Failure(), received)
        return 1

    def _say_leading(self, frames: Sequence[bytes]) -> int:
        """Send the plain messages to one room of the user that `frames` begin with; count them.

        It is 0 if the first line is another one, or is to be refused. One that is to be refused
        ends them.
        """
        is_traced = self._fanout.trace is not None
        if is_traced or self.registration is not None or self.batch is not None:
            return 0
        # With the source in front of it, a line for others is to be short enough, too.
        found = leading_messages(frames, MAX_BODY - len(self.source.encode()) - 2)
        room = None if found is None else self.find_room(found.target)
        if found is None or room is None or room not in self.user.rooms:
            return 0
        self.response = Response(self._send, self.irc.name, None)
        try:
            said = self.say(room, found.texts)
        except ChatError:
            return 0
        self.last_active = self.services.seconds()
        self._on_activity()
        return said

    def _parse(self, frame: bytes) -> Line | None:
        """Return the line in a frame, None for an empty one or one that was refused."""
        self.response = Response(self._send, self.irc.name, None)
        tags, body = b"", frame
        if frame.startswith(b"@"):
            tags, _, body = frame.partition(b" ")
            if len(tags) < MAX_TAGS and self.has(caps.LABELED_RESPONSE):
                label = parse_tags(tags[1:].decode(errors="replace")).get("label") or None
                self.response = Response(self._send, self.irc.name, label)
        if len(body) > MAX_BODY or len(tags) >= MAX_TAGS:
            self.reply(Numeric.INPUTTOOLONG, "Input line was too long")
            self.response.flush(is_last=True)
            return None
        try:
            text = frame.decode()
        except UnicodeDecodeError:
            found = parse(frame.decode(errors="replace"))
            command = "*" if found is None or found.command not in COMMANDS else found.command
            self.fail(command, "INVALID_UTF8", "The line is not UTF-8.")
            self.response.flush(is_last=True)
            return None
        return parse(text)

    def _execute(self, received: Line) -> None:
        command = COMMANDS.get(received.command)
        registration = self.registration
        if command is None:
            if registration is not None and registration.is_http(received.command):
                self.send_queue.abort()
                return
            self.reply(Numeric.UNKNOWNCOMMAND, shown_command(received), "Unknown command")
        elif registration is not None and not command.before_registration:
            self.reply(Numeric.NOTREGISTERED, received.command, "You have not registered")
        elif len(received.params) < command.min_params:
            self.need_more_params(received.command)
        else:
            if received.command not in {"PING", "PONG"}:
                self.last_active = self.services.seconds()
                self._on_activity()
            self.extra_cost += command.cost - 1
            result = command.handler(self, received)
            if isinstance(result, Awaitable):
                self._wait_for(result, received)
                return
        self._answer(None, received)

    def refuse(self, error: ChatError, request: Any = None) -> None:
        """Tell the client that its line is refused."""
        if request is None:  # it was too long, so that its label is not known
            self.response = Response(self._send, self.irc.name, None)
        error_reply(self, error, request)
        self._answer(None, request)

    def refuse_messages(self, error: ChatError, tag: str | None) -> None:
        """Tell the client that messages which it has sent before are refused."""
        channel, kind, response = self._said.pop(str(tag))
        # A response to another command may be under way.
        current, self.response = self.response, Response(self._send, self.irc.name, None)
        if kind is not MessageKind.NOTICE:
            error_reply(self, error, Line("PRIVMSG", [channel]))
        refusal, self.response = self.response, current
        if response is None:
            refusal.flush(is_last=True)
        else:
            response.add_awaited(refusal.take())

    def reject(self, reason: DisconnectReason, frame: bytes | None) -> None:  # noqa: ARG002
        """Tell the client why it is not let in, and close."""
        self.close(reason, self.refusal_text(reason))

    def registered(self) -> None:
        """Note that the client is registered: it may be silent from now on."""
        self.registration = None
        self._on_registered()

    # -- called by the domain and the fan-out

    def encode(self, message: Event | Reply | Prepared) -> bytes:
        """Return the lines for what is sent to this client alone."""
        match message:
            case Joined(is_self=True):
                return self._joined_lines(message.room, message).encode()
            case Moved():
                return self._moved_lines(message).encode()
            case Notice(room=None):
                return self.base_codec.notice(message, self.nick).encode()
            case ReadUpTo():
                return read_lines(self, message).encode()
            case _:
                return super().encode(message)

    def on_own_messages(self, messages: MessageBatch) -> None:
        """Add its own messages to the response of their command, if the client asked for one.

        Without a label they come with those of other users, if the client reads its own.
        """
        # Messages are carried out in the order in which they were submitted.
        response = self._said.pop(next(iter(self._said))).response
        self.reads_own = self.has(caps.ECHO_MESSAGE) and response is None
        if response is not None:
            response.add_awaited(self.base_codec.messages.batch(messages))

    def on_room_closed(self, room: Room) -> None:
        """Tell the client that the user is not in a room any more that has ended."""
        words = "The room is closed."
        kick = line(self.irc.name, "KICK", names.channel(room.id), self.nick, words)
        self._fanout.send(self, Lines(kick))

    def _joined_lines(self, room_id: str, event: Joined) -> str:
        room = self.services.world.rooms.by_key(room_key(room_id))
        return "" if room is None else room_lines(self, room, event)

    def _moved_lines(self, event: Moved) -> str:
        joined = Joined(
            event.room,
            event.name,
            None,
            event.time,
            account=self.user.account,
            profile=self.user.profile,
        )
        words = Notice(ADMINISTRATOR, admin_notice(event), event.time)
        notice = self.base_codec.notice(words, self.nick)
        parted = ""
        if event.left is not None:
            parted = line(self.source, "PART", names.channel(event.left), "Moved")
        return parted + notice + self._joined_lines(event.room, joined)

    @property
    def marker_owner(self) -> object:
        """The owner of the user's read markers: the account, or the guest as long as they stay."""
        return self.user if self.user.account is None else self.user.account

    # -- called by the handlers

    def reply(self, numeric: Numeric, *params: str) -> None:
        """Add a numeric reply to the response."""
        self.response.add(line(self.irc.name, numeric, self.nick, *params))

    def send_line(self, source: str, command: str, *params: str, tags: str = "") -> None:
        """Add another line to the response; `source` "" is the server."""
        self.response.add(line(source or self.irc.name, command, *params, tags=tags))

    def send_event(self, event: Event) -> None:
        """Add the lines of an event to the response."""
        self.response.add(self.base_codec.encode(event).decode())

    def notice(self, text: str) -> None:
        """Add words of the server to the response."""
        self.send_line("", "NOTICE", self.nick, text)

    def fail(self, command: str, code: str, *params: str) -> None:
        """Add a FAIL (IRCv3 standard replies) to the response."""
        self.send_line("", "FAIL", command, code, *params)

    def need_more_params(self, command: str) -> None:
        """Add the error of a line with too few parameters."""
        self.reply(Numeric.NEEDMOREPARAMS, command, "Not enough parameters")

    def send_unasked(self, lines: str) -> None:
        """Send lines that are no part of a response."""
        self._fanout.send(self, Lines(lines))

    def say(self, room: Room, texts: Sequence[str], **form: Any) -> int:
        """Send messages to a room of the user; `form` has their kind and tags.

        Return how many of them were taken, or raise `ChatError`, as `Chat.say` does.
        """
        if not any(texts):
            return len(texts)
        is_answered = self.has(caps.ECHO_MESSAGE) and self.response.label is not None
        response = self.response if is_answered else None
        number = str(next(self._numbers))
        kind = form.get("kind", MessageKind.TEXT)
        self._said[number] = _Said(names.channel(room.id), kind, response)
        if response is not None:
            response.awaited += 1
        try:
            receipt = ReceiptRequest(self, number, only_failures=True)
            count = self.services.chat.say(self, room, texts, self.services.now(), receipt, **form)
        except ChatError:
            del self._said[number]
            if response is not None:
                response.awaited -= 1
            raise
        self.usage.messages += count
        return count

    def find_room(self, channel: str) -> Room | None:
        """Return the room that the user sees under the name of a channel, None if there is none."""
        room_id = names.room_id(channel)
        if room_id is None:
            return None
        room = self.services.world.rooms.by_key(room_key(room_id))
        return room if room is not None and self.services.chat.sees(self.user, room) else None

    def role_in(self, room: Room, user: User | None = None) -> Role:
        """Return the role of a user, by default the client's own, in a room."""
        member = room.members.get(user or self.user)
        return Role.NONE if member is None else member.role

    def set_capabilities(self, capabilities: frozenset[str]) -> None:
        """Use other capabilities from the next event on."""
        self.capabilities = capabilities
        codec = self.irc.codecs.get(capabilities)
        if codec is not self.base_codec:
            self._fanout.set_codec(self, codec)
        self.reads_own = self.has(caps.ECHO_MESSAGE)

    def quit(self, text: str) -> None:
        """End the connection with an ERROR, after the response so far."""
        self.response.flush(is_last=True)
        self._end_with(text or "Quit")

    def finish(self, work: Coroutine[Any, Any, None], text: str) -> None:
        """End the connection as `quit` does, once `work` is done."""

        async def sign_off() -> None:
            await work
            self.quit(text)

        self._wait_for(sign_off(), None)

    # -- within

    def _end_with(self, text: str) -> None:
        self._send(error_line(text))
        self.close()

    def _send(self, lines: str) -> None:
        if lines and not self.closed:
            self._fanout.answer(self, Lines(lines))
            self._wait_until_read()

    def _answer(self, result: Any, request: Any) -> None:  # noqa: ARG002 -- handlers add to `response`
        self.response.flush(is_last=True)

    def _say_goodbye(self, reason: DisconnectReason | None, text: str) -> None:
        """Tell why the connection ends; at a stop without ERROR, after which some never return.

        A client that is not to return reads a numeric or a NOTICE first, which people see.
        """
        if reason is None:
            return
        words = disconnect_words(reason, text)[1]
        if reason is DisconnectReason.BANNED:
            self._send(line(self.irc.name, Numeric.YOUREBANNEDCREEP, self.nick, words))
        elif reason is DisconnectReason.SHUTDOWN or not reason.retry:
            self._send(line(self.irc.name, "NOTICE", self.nick, words))
        if reason is not DisconnectReason.SHUTDOWN:
            self._send(error_line(words))

    def _end(self) -> None:
        self.irc.monitor.clear(self)
        super()._end()


def error_line(words: str) -> str:
    """Return the last line of a connection, which tells why it ends."""
    return line("", "ERROR", f"Closing link: ({words})")
