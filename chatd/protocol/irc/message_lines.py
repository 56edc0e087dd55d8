"""How messages look on IRC: one line or several, a batch for clients that understand it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chatd.core.events import Message, MessageBatch, MessageKind, PrivateMessage
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.line import MAX_BODY, escape
from chatd.protocol.irc.splitting import ACTION_END, ACTION_START, Piece, pieces
from chatd.protocol.json_kinds import time_text

_ACTION, _NOTICE = MessageKind.ACTION, MessageKind.NOTICE  # a call each, in Python 3.11


class MessageLines:
    """Makes the lines of messages for clients with some shared capabilities."""

    def __init__(self, capabilities: frozenset[str]) -> None:
        self._has_time = caps.SERVER_TIME in capabilities
        self._has_account = caps.ACCOUNT_TAG in capabilities
        self._has_tags = caps.MESSAGE_TAGS in capabilities
        self._has_batches = caps.MULTILINE in capabilities

    def tags(
        self,
        time: float,
        sender: str = "",
        account: int | None = None,
        message_id: str = "",
        client_tags: str = "",
        *,
        is_bot: bool = False,
    ) -> str:
        """Return the tags of a line, as they are sent; each only if the clients understand it."""
        found = [f"time={time_text(time)}"] if self._has_time else []
        if self._has_account and account is not None:
            found.append(f"account={escape(sender)}")
        if self._has_tags:
            if message_id:
                found.append(f"msgid={escape(message_id)}")
            if is_bot:
                found.append("bot")
            if client_tags:
                found.append(client_tags)
        return ";".join(found)

    def batch(self, batch: MessageBatch, extra: str = "", source: str = "") -> str:
        """Return the lines of messages in a room; `extra` are further tags, such as a label.

        Without `source`, they have that of the sender.
        """
        room, first, sender, texts, time, account, kind, profile, client_tags, cuts = batch
        source = source or names.source(sender, account, profile)
        target = names.channel(room)
        start = f":{source} {_verb(kind)} {target} :"
        # A few bytes a character: most texts are far shorter than a line, and have one line.
        room_for_text = MAX_BODY - len(start.encode()) - _overhead(kind)
        tagged = self._has_time or self._has_tags or self._has_account or extra
        lines = []
        for number, text in enumerate(texts, first):
            tags = ""
            if tagged:
                tags = self.tags(
                    time,
                    sender,
                    account,
                    names.message_id(room, number),
                    client_tags,
                    is_bot=profile.is_bot,
                )
                tags = _joined(tags, extra)
            is_short = 4 * len(text) <= room_for_text or len(text.encode()) <= room_for_text
            if is_short and "\n" not in text and not cuts:
                body = _body(text, kind)
                lines.append(f"@{tags} {start}{body}\r\n" if tags else f"{start}{body}\r\n")
            else:
                parts = pieces(text, room_for_text, cuts)
                lines += self._long(start, target, source, parts, kind, tags, f"m{number}")
        return "".join(lines)

    def message(self, said: Message, extra: str) -> str:
        """Return the lines of a message of the history; `extra` are further tags.

        One whose sender's name belongs to another account by now shows that in its source, and has
        no account.
        """
        account, source = said.account, ""
        if said.is_former:
            account, source = None, names.former_source(said.sender)
        batch = MessageBatch(
            said.room, said.id, said.sender, (said.text,), said.time, account, said.kind
        )
        return self.batch(batch, extra, source)

    def private(self, said: PrivateMessage, extra: str = "") -> str:
        """Return the lines of a private message; `extra` are further tags, such as a label."""
        source = names.source(said.sender, said.account, said.profile)
        start = f":{source} {_verb(said.kind)} {said.reader} :"
        room_for_text = MAX_BODY - len(start.encode()) - _overhead(said.kind)
        tags = self.tags(
            said.time,
            said.sender,
            said.account,
            private_id(said),
            said.tags,
            is_bot=said.profile.is_bot,
        )
        text = said.text
        if said.is_kept and not self._has_time:
            text = f"[{time_text(said.time)[:19].replace('T', ' ')} UTC] {text}"
        reference = f"p{int(said.time * 1000)}"
        parts, tags = pieces(text, room_for_text), _joined(tags, extra)
        return "".join(self._long(start, said.reader, source, parts, said.kind, tags, reference))

    def _long(
        self,
        start: str,
        target: str,
        source: str,
        said: Iterable[Piece],
        kind: MessageKind,
        tags: str,
        reference: str,
    ) -> Iterator[str]:
        """Yield the lines of a message that may have several pieces."""
        parts = list(said)
        if len(parts) == 1:
            yield _with_tags(tags, f"{start}{_body(parts[0].text, kind)}")
        elif self._has_batches and kind is not _ACTION:
            yield from _batch_lines(start, target, source, parts, tags, reference)
        else:
            # A line without a text is none, and the id is that of the first line alone.
            for part in (part for part in parts if part.text):
                yield _with_tags(tags, f"{start}{_body(part.text, kind)}")
                tags = ";".join(each for each in tags.split(";") if not each.startswith("msgid="))


def private_id(said: PrivateMessage) -> str:
    """Return the id of a private message, which no message in a room has."""
    return f"{said.sender}/{int(said.time * 1_000_000)}-{said.serial}"


def _batch_lines(
    start: str, target: str, source: str, parts: Sequence[Piece], tags: str, reference: str
) -> Iterator[str]:
    yield _with_tags(tags, f":{source} BATCH +{reference} {caps.MULTILINE} {target}")
    for part in parts:
        concat = f";{caps.MULTILINE}-concat" if part.joined else ""
        yield f"@batch={reference}{concat} {start}{part.text}\r\n"
    yield f":{source} BATCH -{reference}\r\n"


def _verb(kind: MessageKind) -> str:
    return "NOTICE" if kind is _NOTICE else "PRIVMSG"


def _overhead(kind: MessageKind) -> int:
    return len(ACTION_START) + len(ACTION_END) if kind is _ACTION else 0


def _body(text: str, kind: MessageKind) -> str:
    return f"{ACTION_START}{text}{ACTION_END}" if kind is _ACTION else text


def _with_tags(tags: str, rest: str) -> str:
    return f"@{tags} {rest}\r\n" if tags else f"{rest}\r\n"


def _joined(tags: str, extra: str) -> str:
    return f"{tags};{extra}" if tags and extra else tags or extra
