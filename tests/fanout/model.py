"""The model of the fan-out, and a harness that carries out the same steps over both of them."""

from contextlib import nullcontext, suppress
from dataclasses import replace
from itertools import count

from twisted.internet.task import Clock

from chatd.config import Config, Limits, RoomPolicy
from chatd.core.chat import Chat
from chatd.core.errors import ChatError
from chatd.core.events import (
    AwayChanged,
    Joined,
    JoinsFolded,
    LeaveReason,
    Left,
    Notice,
    RoomClosed,
    TagMessage,
)
from chatd.core.lookalikes import name_keys
from chatd.core.moderation import Moderation
from chatd.core.privatemessages import PrivateMessages
from chatd.core.records import AccountRef
from chatd.core.roommoderation import RoomModeration
from chatd.core.rooms import SessionKey, User
from chatd.core.textlimits import TextLimits
from chatd.core.world.account_operations import AddAccount, EndSession, LogIn
from chatd.core.world.operations import By, SendTags, SetAway
from chatd.core.world.world import World
from chatd.fanout.bus import Bus
from chatd.fanout.fanout import Fanout
from chatd.fanout.joinfolding import JoinFolding
from chatd.fanout.router import Router
from chatd.fanout.testing import MemorySession
from chatd.oplog.local import LocalLog
from chatd.protocol.codec import json_codec, text_codec
from chatd.protocol.framing import Framing
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc.codec import IrcCodec
from chatd.server.eventlog import EventLog
from chatd.server.storedaccess import StoredAccess
from chatd.server.storedbans import StoredBans
from chatd.server.storedrooms import StoredRooms
from chatd.storage.history import History
from chatd.storage.memory import MemoryStore
from chatd.storage.retention import Retention
from chatd.storage.testing import result
from chatd.storage.writer import HistoryWriter


class QuitCodec:
    """Encodes like the text codec, but tells no joins, and no room of what concerns a user."""

    is_text = True

    def __init__(self):
        self._codec = text_codec(Framing.NUL, True)

    def encode(self, event):
        if isinstance(event, Joined | JoinsFolded):
            return b""
        if isinstance(event, Left):
            return f"QUIT {event.name}\0".encode()
        if isinstance(event, AwayChanged):
            return f"AWAY {event.name} {event.text}\0".encode()
        if isinstance(event, TagMessage):
            return f"TAGS {event.room} {event.sender} {event.tags}\0".encode()
        return self._codec.encode(event)

    def describe(self, event):
        return self.encode(event).decode().split("\0")[:-1]

    def for_room_count(self, _):
        return self


CODECS = [
    text_codec(Framing.NUL, True),
    text_codec(Framing.LF, True),
    json_codec(Framing.NUL, True),
    QuitCodec(),
    IrcCodec(caps.SHARED, "irc.test"),
    IrcCodec(frozenset(), "irc.test"),
    text_codec(Framing.CRLF, False),
    json_codec(Framing.CRLF, False),
]

# The users, by the number of their sessions: those with one are guests.
USERS = [1, 2, 1, 2]


class NaiveFanout:
    """The model of the fan-out: each event is written at once, to each session by itself.

    `unread` has the folded joins of which each session has to be told.
    """

    def __init__(self):
        self.sessions = {}
        self.unread = {}
        self.folded = {}

    def set_codec(self, session, codec):
        self.send(session)
        session.base_codec = codec

    def encode(self, session, event):
        return session.base_codec.for_room_count(len(self.sessions[session])).encode(event)

    def send(self, session, *events):
        for room in self.sessions[session]:
            self._tell(session, room)
        for event in events:
            self._write(session, event)

    def _write(self, session, event):
        blob = self.encode(session, event)
        if blob:
            session.send_queue.write(blob)

    def on_messages(self, room, messages, origin):
        self.unfold(room)
        for session in self.readers(room):
            if session is not origin or session.reads_own:
                self._write(session, messages)

    def readers(self, room):
        return [session for session, rooms in self.sessions.items() if room in rooms]

    def append(self, events):
        for room, event in events.items():
            for session in self.readers(room):
                self._write(session, event)

    def fold(self, room, joined):
        self.folded[room] = self.folded.get(room, 0) + 1
        for session in self.readers(room):
            if session.base_codec.is_text:
                self.unread.setdefault((session, room), []).append(joined)
            else:
                self._write(session, joined)

    def unfold(self, room):
        for session in self.readers(room):
            self._tell(session, room)
        return self.folded.pop(room, 0)

    def _tell(self, session, room):
        joins = self.unread.pop((session, room), None)
        if joins is not None:
            last = joins[-1]
            self._write(session, JoinsFolded(room.id, len(joins), last.name, last.time))


class NaiveRouter:
    """The model of the router, over the model of the fan-out."""

    def __init__(self, fanout, clock):
        self._fanout = fanout
        self._joins = JoinFolding(fanout, clock)
        self._users = {}
        self._numbers = count(1)

    def attach(self, session):
        session.router = self
        session.session_key = SessionKey("local", next(self._numbers))
        self._add(session)

    def key_of(self, session):
        return session.session_key

    def user_of(self, key):
        sessions = (session for session in self._fanout.sessions if session.session_key == key)
        return next((session.user for session in sessions), None)

    def _add(self, session):
        user = session.user
        self._users.setdefault(user, []).append(session)
        self._fanout.sessions[session] = list(user.rooms)
        session.followed_rooms = frozenset(user.rooms)
        session.current_room = next(reversed(user.rooms), None)

    def detach(self, session):
        self._users[session.user].remove(session)
        self._fanout.send(session)
        del self._fanout.sessions[session]
        session.current_room = None

    forget = detach

    def move(self, moved):
        session = next(each for each in self._fanout.sessions if each.key == moved.session)
        self.detach(session)
        session.user = moved.user
        self._add(session)

    def refresh(self, changed):
        pass

    def disconnect(self, ended):
        raise AssertionError(ended)

    def current_room(self, user):
        sessions = self._users[user]
        return max(sessions, key=lambda session: session.last_active).current_room

    def tell(self, told):
        for session in self._users[told.user]:
            if session.key != told.skip:
                self._fanout.send(session, told.event)

    def on_event(self, room, event, user, origin):
        own = self._users.get(user, [])
        others = [s for s in own if origin is not None and s.key != origin]
        if isinstance(event, Joined):
            self._joins.add(room, event)
            for session in own:
                self._follow(session, room, event, session in others)
            return
        self._fanout.unfold(room)
        if isinstance(event, Left):
            for session in others:
                self._fanout.send(session, replace(event, is_self=True))
            for session in own:
                self._drop(session, room)
        self._fanout.append({room: event})
        if isinstance(event, RoomClosed):
            self._joins.forget(room)
            for session in self._fanout.sessions:
                self._drop(session, room)

    def _follow(self, session, room, event, is_other):
        self._fanout.sessions[session].append(room)
        if not is_other or session.current_room is None:
            session.current_room = room
        if is_other:
            session.followed_rooms |= {room}
            self._fanout.send(session, replace(event, is_self=True))

    def on_user_event(self, events, user, origin):
        for room in events:
            self._fanout.unfold(room)
        for room, event in events.items():
            if isinstance(event, Left):
                for session in self._users[user]:
                    self._drop(session, room)
        for session, rooms in self._fanout.sessions.items():
            if session.key != origin:
                shared = [event for room, event in events.items() if room in rooms]
                for blob in sorted({self._fanout.encode(session, event) for event in shared}):
                    session.send_queue.write(blob)

    def _drop(self, session, room):
        rooms = self._fanout.sessions[session]
        if room in rooms:
            self._fanout.send(session)
            rooms.remove(room)
        session.followed_rooms -= {room}
        if session.current_room is room:
            session.current_room = rooms[-1] if rooms else None


class FanoutHarness:
    """Users with sessions, and rooms, over one fan-out: carries out steps and keeps what is read.

    `users` has the number of sessions of each user.
    """

    def __init__(self, fanout, router, users=USERS, rooms_per_client=2):
        self.fanout = fanout
        self.router = router
        store, policy = MemoryStore(), RoomPolicy(rooms_per_client=rooms_per_client)
        self.world = World(router.user_of)
        self.log = LocalLog(self.world, Bus(fanout, router), Clock().seconds)
        log = EventLog(Clock())
        writer = HistoryWriter(store, Clock(), fanout.send, log)
        history = History(store, writer, Retention(store, Clock(), Clock().seconds, log, 0))
        text_limits = TextLimits(Limits().message)
        self.chat = Chat(
            self.world,
            self.log,
            StoredRooms(self.log, store, Config().max_rooms, policy.rooms_per_account),
            history,
            policy,
            lambda _: nullcontext(),
            text_limits,
        )
        stored_bans = StoredBans(self.world, self.log, store)
        self.moderation = Moderation(self.world, self.log, stored_bans, router, policy)
        stored_access = StoredAccess(self.world, self.log, store)
        self.room_moderation = RoomModeration(self.world, self.log, stored_access)
        self.private_messages = PrivateMessages(self.world, self.log, store, text_limits, 0)
        self.sessions = []
        for owner, number in enumerate(users):
            account = AccountRef(owner + 1, f"account{owner}") if number > 1 else None
            if account is not None:
                self.log.submit(AddAccount(account, name_keys(account.name)))
            for _ in range(number):
                user = User(("127.0.0.1", len(self.sessions)))
                session = MemorySession(user, CODECS[len(self.sessions) % len(CODECS)])
                self.begin(session, account)
                self.sessions.append(session)

    def begin(self, session, account):
        """Begin a session, of a new guest or of the user of an account."""
        self.router.attach(session)
        if account is not None:
            self.log.submit(LogIn(session.key, session.address, account, 9, (), 0))

    def do(self, step, number, room, other):
        """Carry out a step in session `number`; a step that is refused changes nothing."""
        session = self.sessions[number % len(self.sessions)]
        session.last_active += 1
        with suppress(ChatError):
            getattr(self, step)(session, str(room), self.sessions[other % len(self.sessions)])

    def read(self):
        """Return all bytes that each session has read."""
        return [session.sent for session in self.sessions]

    def join(self, session, room, _):
        name = f"guest{self.sessions.index(session)}"
        result(self.chat.join_or_create(session, room, name, 0))
        self.answer(session, room, None)

    def leave(self, session, room, _):
        room = self.chat.joined_room(session.user, room)
        result(self.chat.leave(session, room, 0))
        self.answer(session, room.id, None)

    def lose(self, session, *_):
        """End a session and begin another for the same user, which logs in to the same account."""
        user = session.user
        account = None if user.account is None else AccountRef(user.account, user.name)
        self.router.forget(session)
        self.log.submit(EndSession(session.key, LeaveReason.LOST, False, False, 0))
        session.session_key = None
        session.user = User(session.address)
        self.begin(session, account)

    def rename(self, session, room, _):
        name = f"guest{self.sessions.index(session)}-{room}"
        result(self.chat.rename(session, name, 0))

    def away(self, session, room, _):
        text = None if room == "1" else room
        self.log.submit(SetAway(session.key, text, 0))

    def tag(self, session, room, _):
        self.log.submit(SendTags(session.key, room, None, "+typing", 0))

    def say(self, session, *_):
        if session.current_room is not None:
            texts = ["said\nin two lines", "and again"]
            self.chat.say(session, session.current_room, texts, 0)

    def broadcast(self, session, room, _):
        self.chat.say(session, self.chat.joined_room(session.user, room), ["broadcast"], 0)

    def send_private(self, session, _, other):
        result(self.private_messages.send(session, other.user.name, "psst", 0))

    def answer(self, session, room, _):
        self.fanout.send(session, Notice("Server", f"answer {room}", 0))

    def announce(self, _, room, __):
        result(self.chat.announce(room, "hear hear", 0))

    def kick(self, _, room, other):
        room = self.chat.room(room)
        result(self.room_moderation.kick(By(None), other.user.name, room, "", 0))

    def move(self, _, room, other):
        result(self.moderation.move_user(other.user.name, self.chat.room(room), 0))

    def end(self, _, room, __):
        result(self.chat.delete_room(self.chat.room(room), 0))

    def set_codec(self, session, room, _):
        self.fanout.set_codec(session, CODECS[int(room) % len(CODECS)])


def harness(clock, **options):
    """Return a harness over the fan-out."""
    fanout = Fanout(clock)
    return FanoutHarness(fanout, Router(fanout, LocalLog.node, clock), **options)


def naive_harness(clock, **options):
    """Return a harness over the model."""
    fanout = NaiveFanout()
    return FanoutHarness(fanout, NaiveRouter(fanout, clock), **options)
