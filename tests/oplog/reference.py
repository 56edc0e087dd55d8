"""The transcripts of all sessions, by a single server that is given the order of the log."""

import json
from itertools import chain

from twisted.internet.task import Clock

from chatd.core.events import RoomClosed
from chatd.core.records import RoomRecord, Snapshot
from chatd.core.rooms import SessionKey, User
from chatd.core.world import access
from chatd.core.world.account_operations import EndSession
from chatd.core.world.apply import apply
from chatd.core.world.world import World
from chatd.fanout.bus import Bus
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.fanout.testing import MemorySession
from chatd.protocol.codec import CODECS
from chatd.protocol.framing import Framing

ASKED_FOR = {"reply", "error", "stored", "history", "rooms", "members", "closing", "invited"}
"""The events that answer a request, depend on when the store has written, or repeat on a login."""


class Reference:
    """A server alone, without a store, that applies the entries of a log.

    `transcripts` has for each session, by its key, the events that it reads, `said` the messages
    of each room since it was started last.
    """

    def __init__(self, rooms, entries):
        self._clock = Clock()
        fanout = Fanout(self._clock)
        self._router = Router(fanout, "reference", self._clock)
        self.world = World(self._router.user_of)
        records = [RoomRecord(room_id, name) for room_id, name in rooms]
        self.world.load(Snapshot(rooms=records), 0, 0)
        self._bus = Bus(fanout, self._router, (self,))
        self.said = {}
        self._sessions = {}
        for _, entry in entries:
            for operation in entry.operations:
                if entry.node not in self.world.ended_nodes:
                    self._apply(operation, entry.seconds)
        self._clock.advance(0)
        self.transcripts = {
            key: events_of(session.sent.decode().split("\0"))
            for key, session in self._sessions.items()
        }

    def on_messages(self, room, batch, _):
        """Note messages."""
        self.said.setdefault(room.key, []).extend(
            (message.id, message.sender, message.text) for message in batch.messages()
        )

    def on_event(self, room, event):
        """Forget the messages of a room that is closed."""
        if isinstance(event, RoomClosed):
            self.said.pop(room.key, None)

    def _apply(self, operation, seconds):
        key = getattr(operation, "session", None)
        is_new = key is not None and key not in self._sessions
        if is_new and not isinstance(operation, EndSession):
            self._open(key, operation.address)
        self._bus.deliver(apply(self.world, operation, seconds).effects)
        if isinstance(operation, EndSession) and key in self._sessions:
            self._router.forget(self._sessions[key])
        self._clock.advance(0)

    def _open(self, key, address):
        codec = CODECS["json"](Framing.NUL, show_addresses=True)
        session = self._sessions[key] = MemorySession(User(address), codec)
        self._router.attach(session)
        # The router numbers its sessions itself; these have their keys already.
        session.session_key = SessionKey(*key)
        self._router._by_key[session.session_key] = session


def events_of(frames):
    """Return the events among the frames of a client that uses JSON, without what it asked for."""
    events = [json.loads(frame) for frame in frames if frame]
    return [event for event in events if event["event"] not in ASKED_FOR]


def summary(world):
    """Return the state of a world as plain values."""
    rooms = chain(world.rooms, (changing.room for changing in world.rooms.changing.values()))
    return {
        "rooms": [
            (
                *(room.id, room.name, room.owner, room.last_id, room.last_time),
                *(_members(room), room.settings, sorted(room.roles.items()), room.starter is None),
                (access.entries(world, room), _invited_guests(world, room)),
            )
            for room in rooms
        ],
        "changing": [(key, each.state, each.node) for key, each in world.rooms.changing.items()],
        "sessions": [
            (key, user.name, user.account, world.address_of(key))
            for key, user in world.sessions.items()
        ],
        "users": [
            (user.name, user.sessions, user.address, _away(user), _ignored(user))
            for user in dict.fromkeys(world.sessions.values())
        ],
        "tokens": (
            list(world.tokens._present.items()),
            [
                (key, each.name, each.account)
                for key, each in (world.tokens._guests | world.tokens._accounts).items()
            ],
        ),
        "names": world.names.count(world.seconds),
        "bans": [str(ban) for ban in world.bans],
        "ended": sorted(world.ended_nodes),
        "accounts": sorted(world.accounts._refs.values()),
    }


def _members(room):
    return [
        (user.name, user.sessions, member.joined_at, member.role)
        for user, member in room.members.items()
    ]


def _invited_guests(world, room):
    guests = (each for each in world.invitations._by_subject if isinstance(each, User))
    return [each.sessions for each in guests if world.invitations.find(room, each, world.seconds)]


def _away(user):
    told = () if user.away is None else user.away.told
    names = sorted(other.name for other in told if not other.closed)
    return user.away and (user.away.text, names)


def _ignored(user):
    return user.ignored and user.ignored.names
