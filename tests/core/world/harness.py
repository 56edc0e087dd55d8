"""A world, operations that are applied to it, and what they have changed."""

from dataclasses import replace
from itertools import count
from weakref import WeakSet, WeakValueDictionary

from chatd.core.errors import ChatError
from chatd.core.events import LeaveReason, Left
from chatd.core.lookalikes import name_keys, room_key, room_name_key
from chatd.core.names import new_name, typed_name
from chatd.core.records import AccountRef
from chatd.core.rooms import SessionKey
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world import room_operations as room_ops
from chatd.core.world.apply import apply
from chatd.core.world.effects import HappenedToUser
from chatd.core.world.world import World

HOST = "203.0.113.9"
NOW = 1000.0
AMY = ops.By(None, "Amy")
"""An administrator."""


def join(session, room, name=None, max_rooms=2, key=None):
    """Return the operation by which a session joins a room, under a new name if it is given."""
    wanted = None if name is None else new_name(name)
    return ops.Join(session, (HOST, 1), room, room, wanted, None, max_rooms, NOW, key)


def mute(name, minutes=None, ends=None, room="1", by=AMY):
    """Return the mute of a user or an account in a room."""
    until = None if minutes is None else NOW + 60 * minutes
    return room_ops.Restrict(by, room, typed_name(name), False, minutes, ends, until, "", NOW)


def ban(name, minutes=None, ends=None, room="1", by=AMY, reason=""):
    """Return the ban of a user or an account from a room."""
    until = None if minutes is None else NOW + 60 * minutes
    return room_ops.Restrict(by, room, typed_name(name), True, minutes, ends, until, reason, NOW)


def ban_name(name, room="1", by=AMY):
    """Return the ban of a name, which nobody needs to have, from a room."""
    return replace(ban(name, room=room, by=by), of_name=True)


def lift(name, is_ban=False, room="1", by=AMY):
    """Return the end of a mute or a ban."""
    return room_ops.LiftRestriction(by, room, typed_name(name), is_ban, NOW)


def kick(name, room="1", by=AMY, reason=""):
    """Return the removal of a user from a room."""
    return room_ops.Kick(by, room, room, typed_name(name), reason, NOW)


def set_role(name, role, former=None, room="1", by=AMY):
    """Return the operation by which a user gets a role in a room."""
    return room_ops.SetRole(by, room, typed_name(name), role, former, NOW)


def invite(name, room="1", by=AMY, ends=86400.0):
    """Return the invitation of a user to a room."""
    return room_ops.Invite(by, room, typed_name(name), ends, NOW + ends, NOW)


def setting(name, value, room="1", by=AMY):
    """Return the change of a setting of a room."""
    return room_ops.SetSetting(by, room, name, value, NOW)


def rename(session, name):
    """Return the operation by which a guest takes a name."""
    return ops.Rename(session, (HOST, 1), new_name(name), NOW)


def start(room, owner=None, max_rooms=9, max_owned=9, node="here", starter=None, now=NOW):
    """Return the operation that begins the creation of a room, by the session `starter`."""
    key, name = room_key(room), f"room {room}"
    return ops.StartRoom(
        *(node, key, room, name, room_name_key(name), owner, False),
        *(max_rooms, max_owned, now),
        *(starter, None if starter is None else (HOST, starter.number)),
    )


def end(session, reason=LeaveReason.LOST, keep_token=True, hold_name=True):
    """Return the end of a session, by default by a lost connection."""
    return account_ops.EndSession(session, reason, keep_token, hold_name, NOW)


def resume(harness, session, former, account=None):
    """Return the operation by which a session continues the session `former`."""
    address, token = (HOST, session.number), harness.token(former)
    return account_ops.Resume(session, address, token, account, 9, (), NOW)


def left(harness, user, reason, *rooms, account=None, text=None):
    """Return the effect that a user has left some rooms and the server."""
    name, address, whole = user
    rest = {"text": text, "account": account, "has_ended": True}
    return HappenedToUser(
        {
            harness.world.rooms.by_key(room): Left(room, name, address, reason, NOW, **rest)
            for room in rooms
        },
        whole,
    )


def who(harness, session):
    """Return the name, the address and the user of a session that is to end."""
    user = harness.user(session)
    return user.name, user.address, user


def picture(value, seen=None):
    """Return all that is reachable from an object as plain values that can be compared."""
    seen = {} if seen is None else seen
    if value is None or isinstance(value, str | int | float | bool) or callable(value):
        return value
    if isinstance(value, tuple):
        return [picture(each, seen) for each in value]
    if id(value) in seen:
        return ("seen", seen[id(value)])
    seen[id(value)] = len(seen)
    if isinstance(value, set | frozenset | WeakSet):
        return sorted(str(getattr(each, "name", each)) for each in value)
    if isinstance(value, dict | WeakValueDictionary):
        value = [*value.items()]
    elif not isinstance(value, list):
        value = [type(value).__name__, *_fields(value)]
    return [picture(each, seen) for each in value]


def _fields(value):
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    names = [*slots, *getattr(value, "__dict__", {})]
    return [(name, getattr(value, name)) for name in names if name != "__weakref__"]


class WorldHarness:
    """A world, whose time is `seconds`, and the `effects` of the last operation.

    `newcomers` has the users of sessions of this server that no operation has named.
    """

    def __init__(self, newcomers=None):
        self.newcomers = {} if newcomers is None else newcomers
        self.world = World(self.newcomers.get)
        self.seconds = 0.0
        self.effects = []
        self._numbers = count(1)

    def do(self, operation):
        """Apply an operation; return its outcome, or raise the error with which it is refused."""
        outcome, self.effects = apply(self.world, operation, self.seconds)
        if isinstance(outcome, ChatError):
            raise outcome
        return outcome

    def refusal(self, operation):
        """Return code and parameters of the error of an operation, which changes nothing."""
        self.world.pass_time(self.seconds)
        before = picture(self.world)
        outcome, effects = apply(self.world, operation, self.seconds)
        assert isinstance(outcome, ChatError)
        assert (effects, picture(self.world)) == ([], before)
        return outcome.code, outcome.params

    def session(self, host=HOST, node="here"):
        """Return the key of a new session, which has a resume token."""
        key = SessionKey(node, next(self._numbers))
        self.do(account_ops.IssueToken(key, (host, key.number), self.token(key)))
        return key

    def token(self, session):
        """Return the digest of the token of a session."""
        return f"{session.node} {session.number}"

    def user(self, session):
        """Return the user of a session."""
        return self.world.sessions[session]

    def find(self, name):
        """Return the sessions of the user with a name, None if there is no such user."""
        user = self.world.find_user(name)
        return None if user is None else user.sessions

    def start(self, *rooms, owner=None, starter=None):
        """Create rooms; return the last one."""
        for room in rooms:
            self.do(start(room, owner, starter=starter))
            created = self.do(ops.SettleRoom(room_key(room), True))
        return created

    def guest(self, name, *rooms, host=HOST, node="here"):
        """Return the key of the session of a new guest in some rooms."""
        key = self.session(host, node)
        self.do(rename(key, name))
        for room in rooms:
            self.do(join(key, room))
        return key

    def account(self, name):
        """Return a new account."""
        account = AccountRef(next(self._numbers), name)
        self.do(account_ops.AddAccount(account, name_keys(name)))
        return account

    def log_in(self, account, *rooms, max_sessions=9, silent=(), node="here"):
        """Return the key of a new session of an account in some rooms."""
        key = self.session(node=node)
        self.do(account_ops.LogIn(key, (HOST, key.number), account, max_sessions, silent, NOW))
        for room in rooms:
            self.do(join(key, room))
        return key
