"""Random acts of a few users in two rooms, most of which are possible."""

from chatd.core.events import LeaveReason
from chatd.core.names import new_name, typed_name
from chatd.core.rooms import Role
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world.settings_rules import SETTINGS
from tests.core.world.harness import (
    NOW,
    ban,
    end,
    invite,
    join,
    kick,
    lift,
    mute,
    set_role,
    setting,
    start,
)
from tests.core.world.samples import ACCOUNTS, ADDRESSES, SESSIONS

NAMES = ("Ann", "Bob", "Cid", "Dan")
ROOMS = ("1", "2")
ROLES = [
    (Role.OPERATOR, None),
    (Role.VOICE, None),
    (Role.NONE, Role.OPERATOR),
    (Role.NONE, Role.VOICE),
    (Role.NONE, None),
]


def token(session, letter):
    """Return the digest of a token of a session."""
    return f"{session.node} {session.number} {letter}"


class Acts:
    """Makes random operations; `seconds` is the time of the next one."""

    def __init__(self, random, world):
        self._random = random
        self._world = world
        self.seconds = 0.0
        self._makers = [
            *[self._join] * 8,
            *[self._act] * 8,
            *[self._set] * 3,
            *[self._invite] * 3,
            *[self._session] * 6,
            *[self._leave] * 2,
            *[self._administer, self._rename, self._room],
        ]

    def next(self):
        """Return an operation; some time may have passed."""
        self.seconds += self._random.choice([0.0, 0.0, 0.0, 10.0, 31.0])
        return self._pick(self._makers)()

    def _pick(self, values):
        return self._random.choice(values)

    def _by(self):
        return ops.By(self._pick(SESSIONS) if self._random.random() < 0.8 else None)

    def _name(self):
        """Return the name of a user who is present, of an account or of nobody."""
        present = [user.name for user in self._world.sessions.values() if user.name]
        names = (*present, *present, *NAMES, *(account.name for account in ACCOUNTS))
        return self._pick(names)

    def _ends(self):
        return self._pick([None, self.seconds + 30.0, self.seconds + 90.0])

    def _join(self):
        session = self._pick(SESSIONS)
        user = self._world.sessions.get(session)
        is_guest = user is None or user.account is None
        name = self._pick(NAMES) if is_guest and (user is None or not user.name) else None
        return join(session, self._pick(ROOMS), name, 2, self._pick([None, "sesame"]))

    def _act(self):
        room, by, name = self._pick(ROOMS), self._by(), self._name()
        return self._pick(
            [
                kick(name, room, by),
                ban(name, None, self._ends(), room, by),
                mute(name, None, self._ends(), room, by),
                lift(name, self._pick([True, False]), room, by),
                set_role(name, *self._pick(ROLES), room, by),
            ]
        )

    def _set(self):
        name, on = self._pick([*SETTINGS, "invite-only", "private"]), self._pick([True, False])
        value = {"key": "sesame" if on else "", "limit": 3 * on}.get(name, on)
        return setting(name, value, self._pick(ROOMS), self._by())

    def _invite(self):
        return invite(self._name(), self._pick(ROOMS), self._by(), self.seconds + 60.0)

    def _session(self):
        session = self._pick(SESSIONS)
        address = ADDRESSES[session]
        log_in = account_ops.LogIn(session, address, self._pick(ACCOUNTS), 2, (), NOW)
        digest = token(self._pick(SESSIONS), self._pick("ab"))
        return self._pick(
            [
                *[account_ops.IssueToken(session, address, token(session, self._pick("ab")))] * 2,
                *[account_ops.Resume(session, address, digest, None, 2, (), NOW)] * 3,
                *[log_in] * 2,
                account_ops.LogOut(session, NOW),
                end(session, LeaveReason.QUIT, keep_token=False, hold_name=False),
                *[end(session)] * 2,
            ]
        )

    def _leave(self):
        return ops.Leave(self._pick(SESSIONS), self._pick(ROOMS), NOW)

    def _administer(self):
        return self._pick(
            [
                ops.Move(typed_name(self._name()), self._pick(ROOMS), None, 2, NOW),
                account_ops.SetAdmin(self._pick(ACCOUNTS).id, self._pick([True, False, False])),
            ]
        )

    def _rename(self):
        session = self._pick(SESSIONS)
        return ops.Rename(session, ADDRESSES[session], new_name(self._pick(NAMES)), NOW)

    def _room(self):
        room, session = self._pick(ROOMS), self._pick(SESSIONS)
        user = self._world.sessions.get(session)
        owner = None if user is None else user.account
        by = self._pick([None, self._by()])
        return self._pick(
            [
                *[start(room, owner, starter=session)] * 2,
                *[ops.SettleRoom(room, self._pick([True, True, False]))] * 3,
                ops.EndRoom("here", room, room, False, NOW, by),
            ]
        )
