"""The session of a client of the native gateway, which uses text or JSON.

A frame comes in, the codec makes a request of it, the handler of its command (handlers.py) returns
the result, the codec makes frames of that. An error becomes a reply here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from twisted.python.failure import Failure

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import SERVER, DisconnectReason, MessageKind, Notice, ReceiptRequest
from chatd.protocol.codec import CODECS, Codec
from chatd.protocol.command import Request
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.jsonio import InvalidRequestError
from chatd.protocol.replies import Disconnecting, ErrorReply, History, Reply, Result, RoomList
from chatd.server.connection import Connection
from chatd.server.handlers import HANDLERS
from chatd.server.services import Services
from chatd.server.session import Session


class NativeSession(Session):
    """A session that uses the commands of `chatd.protocol.commands`."""

    __slots__ = ("_motd_sent",)

    base_codec: Codec

    def __init__(
        self,
        services: Services,
        connection: Connection,
        on_closed: Callable[[Session], None],
    ) -> None:
        super().__init__(services, connection, on_closed)
        self._motd_sent = False

    @property
    def is_text(self) -> bool:
        """Whether the session sends text for users, not objects for programs."""
        return self.base_codec.is_text

    # -- called by the gateway

    def reject(self, reason: DisconnectReason, frame: bytes | None) -> None:
        """Tell the client why it is not let in, and close.

        `frame` is the first one, None if it was too long; if it asks for JSON, so is the reason.
        """
        if frame is not None:
            if self._fanout.trace is not None:
                self._trace_received(frame)
            with suppress(ChatError):
                request = self.base_codec.decode(frame)
                if request.command == "format":
                    make = CODECS[request.arguments["format"]]
                    self.set_codec(make(self.base_codec.framing, self.services.show_addresses))
        self.close(reason, self.refusal_text(reason))

    def receive(self, frames: Sequence[bytes]) -> int:
        """Carry out the first request in `frames`, or say the messages that come before it.

        Returns how many frames that were. Not to be called while `busy` or `closed`.
        """
        if self._fanout.trace is not None:
            frames = frames[:1]  # each is traced by itself
            self._trace_received(frames[0])
        elif self.current_room is None:
            frames = frames[:1]  # each is refused by itself
        request = None
        try:
            messages = self.base_codec.leading_messages(frames)
            if messages:
                return self.say(messages)
            self.last_active = self.services.seconds()
            request = self.base_codec.decode(frames[0])
            self.extra_cost += CLIENT_COMMANDS[request.command].cost - 1
            reply = HANDLERS[request.command](self, request)
            if isinstance(reply, Awaitable):
                self._wait_for(reply, request)
            else:
                self.reply(reply, request)
        except Exception:  # noqa: BLE001 -- sorted into errors of the client and failures there
            self._fail(Failure(), request)
        return 1

    def refuse(self, error: ChatError, request: Request | None = None) -> None:
        """Reply with an error; `request` is None if the frame was none."""
        params = error.params
        if isinstance(error, InvalidRequestError):
            command, tag = error.command, error.tag
        elif request is not None:
            command, tag = request.command, request.tag
            if error.code is ErrorCode.USAGE:
                params = {"usage": CLIENT_COMMANDS[command].usage}
        else:
            command, tag = None, None
        self.reply(ErrorReply(error.code, params, command, tag))

    def refuse_messages(self, error: ChatError, tag: str | None) -> None:
        """Tell the client that messages which it has sent before are refused."""
        self._fanout.send(self, ErrorReply(error.code, error.params, "say", tag))

    # -- called by the handlers

    def reply(self, reply: Reply | None, request: Request | None = None) -> None:
        """Send a reply to the client, if there is one, with the tag of its request."""
        if reply is None or self.closed:
            return
        if not self._motd_sent:
            self._motd_sent = True
            motd = self.services.motd()
            if motd:
                self._fanout.send(self, Notice(SERVER, motd, self.services.now()))
        tag = request.tag if request is not None else None
        if tag is not None and isinstance(reply, Result | RoomList | History):
            reply = replace(reply, tag=tag)
        self._fanout.answer(self, reply)
        self._wait_until_read()

    def say(
        self,
        texts: Sequence[str],
        room_id: str | None = None,
        tag: str | None = None,
        *,
        kind: MessageKind = MessageKind.TEXT,
    ) -> int:
        """Say `texts` in a room, the current one by default; programs get receipts with `tag`.

        Returns how many were said, and raises `ChatError`, as `Chat.say` does.
        """
        services, room = self.services, self.current_room
        if room is None or room_id is not None:
            room = self.room(room_id)
        self.last_active = services.seconds()
        receipt = None if self.base_codec.is_text else ReceiptRequest(self, tag)
        count = services.chat.say(self, room, texts, services.now(), receipt, kind)
        self.usage.messages += count
        return count

    def set_codec(self, codec: Codec) -> None:
        """Use another codec from the next event on."""
        self._fanout.set_codec(self, codec)

    # -- within

    def _answer(self, result: Any, request: Any) -> None:
        self.reply(result, request)

    def _say_goodbye(self, reason: DisconnectReason | None, text: str) -> None:
        if reason is not None:
            self._motd_sent = True  # a client that is sent away needs no message of the day
            self.reply(Disconnecting(reason, text))

    def _trace_received(self, frame: bytes) -> None:
        received = self.base_codec.describe_frame(frame)
        self.services.event_log.received(self.address, received)
