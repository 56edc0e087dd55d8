"""What all sessions of a server work with, whatever gateway they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chatd.core.accounts import People
from chatd.core.chat import Chat
from chatd.core.ports import IHistory
from chatd.fanout.fanout import Fanout
from chatd.server.counters import Counters
from chatd.server.eventlog import EventLog
from chatd.storage.writer import HistoryWriter


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the server that sessions and handlers call.

    `now` returns seconds since the epoch. `motd` returns the message of the day, "" for none; each
    client reads it before its first reply. With `show_addresses` clients see where others are.
    """

    chat: Chat
    accounts: People
    history: IHistory
    writer: HistoryWriter
    fanout: Fanout
    event_log: EventLog
    counters: Counters
    now: Callable[[], float]
    motd: Callable[[], str] = str
    show_addresses: bool = True
