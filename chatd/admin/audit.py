"""The audit: what administrators did, in the log and in the store, and the command that shows it.

A command is audited by its line in the table `ACTS`. The entry is made of its arguments and of the
data of its answer, after it took effect; no question's answer, such as a password, is in either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from chatd.admin.answer import Answer, json_time, reply_line, shown_time
from chatd.core.errors import StoreUnavailableError
from chatd.core.records import Actor, AuditEntry
from chatd.core.store import IStore
from chatd.server.eventlog import EventLog

_MAX_SUBJECT: Final = 1000
"""The longest subject that is kept, in characters: a command may move thousands of users."""

_log = Logger(namespace="chatd")


@dataclass(frozen=True)
class Act:
    """How a command is audited.

    `words` are those of the log, after the name of the actor; `{subject}` and `{room}` stand for
    those of the entry. `subject` has the keys of the subject in the data of the answer.
    """

    words: str
    subject: str = ""


ACTS: Final[Mapping[str, Act]] = {
    "start": Act("started chatroom {room}"),
    "end": Act("ended chatroom {room}"),
    "kick": Act("kicked {subject} out of chatroom {room}", "name"),
    "mute": Act("muted {subject} in chatroom {room}", "name"),
    "unmute": Act("unmuted {subject} in chatroom {room}", "name"),
    "op": Act("made {subject} an operator of chatroom {room}", "name"),
    "deop": Act("let {subject} be no operator of chatroom {room}", "name"),
    "group": Act("moved {subject} into chatroom {room}", "names"),
    "say": Act("spoke in chatroom {room}"),
    "ban": Act("banned {subject}", "subject"),
    "unban": Act("unbanned {subject}", "subject"),
    "admin": Act("switched the administrator's rights of {subject}", "name admin"),
    "register": Act("registered {subject}", "name"),
    "passwd": Act("set the password of {subject}", "name"),
    "unregister": Act("unregistered {subject}", "name"),
    "trace": Act("switched the trace {subject}", "trace"),
    "quit": Act("stopped the server"),
}
"""The commands that are audited: all but those that only show something."""

ROOM_ACTS: Final[Mapping[str, Act]] = {
    **{name: ACTS[name] for name in ("end", "kick", "mute", "unmute", "op", "deop")},
    "voice": Act("gave {subject} a voice in chatroom {room}"),
    "devoice": Act("took the voice of {subject} in chatroom {room}"),
    "invite": Act("invited {subject} to chatroom {room}"),
    "room-ban": Act("banned {subject} from chatroom {room}"),
    "room-unban": Act("unbanned {subject} from chatroom {room}"),
    "set": Act("set {subject} of chatroom {room}"),
    "delete": Act("deleted message {subject} of chatroom {room}"),
    "kill": Act("ended the sessions of {subject}"),
}
"""The acts of accounts that are administrators, by the commands of clients."""


def entry_of(
    command: str, arguments: Mapping[str, str], answer: Answer, actor: Actor, now: float
) -> AuditEntry | None:
    """Return the entry for a command that was executed, None if it is none to be audited.

    A command that failed is audited if it took effect for some of its subjects.
    """
    act = ACTS.get(command)
    data = answer.data if isinstance(answer.data, dict) else {}
    subject = "" if act is None else " ".join(_shown(data.get(key)) for key in act.subject.split())
    if act is None or (answer.failed and not subject.strip()):
        return None
    minutes = arguments.get("minutes")
    return AuditEntry(
        now,
        actor,
        command,
        subject,
        _shown(data.get("room")),
        None if minutes is None else int(minutes),
        _shown(data.get("reason")),
    )


def words_of(entry: AuditEntry) -> str:
    """Return what the actor of an entry did: `banned Bob for 60 minutes: spam`."""
    words = {**ACTS, **ROOM_ACTS}[entry.act].words.format(subject=entry.subject, room=entry.room)
    if entry.minutes is not None:
        words += f" for {entry.minutes} {'minute' if entry.minutes == 1 else 'minutes'}"
    return f"{words}: {entry.reason}" if entry.reason else words


class AuditLog:
    """Writes entries to the log and to the store.

    The log has an entry at once. Nobody waits for the store, and if it fails, the log says so.
    """

    def __init__(self, store: IStore, event_log: EventLog) -> None:
        self._store = store
        self._event_log = event_log
        self._last_stored: Deferred[None] = succeed(None)

    def add(self, entry: AuditEntry) -> None:
        """Add an entry."""
        self._event_log.acted(entry, words_of(entry))
        self._last_stored = Deferred.fromCoroutine(self._add_to_store(entry))
        self._last_stored.addErrback(
            lambda failure: _log.failure("An entry of the audit could not be stored", failure)
        )

    async def last(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries, at most `limit`, the oldest of them first."""
        # The store makes changes in the order of the calls.
        await self._last_stored
        entries: Sequence[AuditEntry] = await self._store.audit_entries(limit)
        return entries

    async def _add_to_store(self, entry: AuditEntry) -> None:
        try:
            await self._store.add_audit_entry(entry)
        except StoreUnavailableError as error:
            self._event_log.audit_not_stored(error.reason)


def entries_answer(entries: Sequence[AuditEntry]) -> Answer:
    """Return the answer that shows `entries`."""
    lines = [f"{shown_time(entry.time)} {entry.actor} {words_of(entry)}" for entry in entries]
    return Answer(lines or [reply_line("Nothing was done.")], data=list(map(_data, entries)))


def _data(entry: AuditEntry) -> object:
    return {"time": json_time(entry.time), **entry.fields()}


def _shown(value: object) -> str:
    """Return a value of an answer's data as text: `on`, or `Bob Ann` for a list; "" for None."""
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case list():
            text = " ".join(map(str, value))
            return text if len(text) <= _MAX_SUBJECT else f"{text[:_MAX_SUBJECT]}…"
        case _:
            return str(value)
