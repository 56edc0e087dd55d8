"""Random operations of a few sessions, accounts, names and rooms."""

from dataclasses import fields, replace

from hypothesis import strategies as st

from chatd.core.events import DisconnectReason, LeaveReason, MessageKind
from chatd.core.lookalikes import name_keys
from chatd.core.names import new_name
from chatd.core.profiles import NO_PROFILE, Profile, UserRef
from chatd.core.records import AccountRef, Ban, BanKind
from chatd.core.rooms import Role, SessionKey
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world import room_operations as room_ops
from chatd.core.world.settings_rules import SETTINGS
from tests.core.world.harness import NOW, start

NODES = ("here", "there")
SESSIONS = [SessionKey(node, number) for node in NODES for number in (1, 2, 3)]
ADDRESSES = dict(zip(SESSIONS, [("203.0.113.9", 1), ("127.0.0.1", 2), "unix"] * 2, strict=True))
"""The addresses of the sessions."""

DIGESTS = [f"{node} {number} {letter}" for node, number in SESSIONS for letter in "ab"]
"""The digests of resume tokens: no two sessions have the same."""

ACCOUNTS = [AccountRef(1, "amy"), AccountRef(2, "bea")]
WORDS = ("Ann", "Bob", "B0b", "amy", "bea")

_nodes = st.sampled_from(NODES)
_sessions = st.sampled_from(SESSIONS)
_silent = st.lists(_sessions, max_size=2).map(tuple)
_accounts = st.sampled_from(ACCOUNTS)
_names = st.sampled_from(WORDS).map(new_name)
_rooms = st.sampled_from(["1", "2", "9"])
_flags = st.booleans()
_kinds = st.sampled_from(MessageKind)
_tags = st.sampled_from(["", "+draft/reply=1/2"])
_cuts = st.sampled_from([(), (1,)])
_texts = st.sampled_from(["", "bye"])
_profiles = st.sampled_from([NO_PROFILE, Profile("ann", "Ann of the Thousand Days", True)])
_times = st.sampled_from([NOW, NOW - 1, NOW + 1])
_digests = st.sampled_from(DIGESTS)
_addresses = st.none()
_ends = st.sampled_from([None, 30.0, 90.0])
_few = st.integers(1, 2)
_by = st.just(ops.By(None)) | _sessions.map(ops.By)
_leaves = st.sampled_from(LeaveReason)
_reasons = st.sampled_from([DisconnectReason.REVOKED, DisconnectReason.REPLACED])


def _ban(word, keys):
    return Ban(BanKind.NAME, word) if keys else Ban(BanKind.ADDRESS, "203.0.113.0/24")


def _with_keys(kind, *others):
    """Return operations on bans of names, with the keys of these, and of addresses."""

    def make(word, on_name, *values):
        return kind(_ban(word, on_name), name_keys(word) if on_name else None, *values)

    return st.builds(make, st.sampled_from(WORDS), _flags, *others)


BY_CLASS = {
    ops.Say: (_sessions, _rooms, st.just(("hi", "ho")), _times, _kinds, _tags, _cuts),
    ops.Announce: (_rooms, st.just("hear"), _times),
    ops.Whisper: (_sessions, _names, st.just("psst"), _times, _kinds, _tags),
    ops.SendTags: (_sessions, st.none() | _rooms, _names, st.just("+typing=active"), _times),
    ops.MessageKept: (_sessions, st.integers(1, 2), st.just("psst"), _times),
    ops.Join: (
        *(_sessions, _addresses, _rooms, _rooms),
        *(st.none() | _names, st.none(), _few, _times, st.none() | st.just("sesame")),
    ),
    ops.Leave: (_sessions, _rooms, _times, _texts),
    ops.Rename: (_sessions, _addresses, _names, _times),
    ops.SetAway: (_sessions, st.sampled_from([None, "lunch"]), _times),
    ops.SetProfile: (_sessions, _addresses, _profiles, _times),
    ops.SetIgnored: (_sessions, _addresses, _names, st.none() | _accounts, _flags),
    ops.Move: (_names, _rooms, st.none() | _rooms, _few, _times),
    ops.EndUser: (_names, st.just("Zoe"), _texts, _times),
    ops.EndRoom: (_nodes, _rooms, _rooms, _flags, _times, st.none() | _by),
    room_ops.SetTopic: (_by, _rooms, st.sampled_from(["", "tea"]), _times),
    room_ops.SetRole: (
        *(_by, _rooms, _names, st.sampled_from([Role.OPERATOR, Role.VOICE, Role.NONE])),
        *(st.none() | st.sampled_from([Role.OPERATOR, Role.VOICE]), _times),
    ),
    room_ops.Kick: (_by, _rooms, _rooms, _names, st.just(""), _times),
    room_ops.Restrict: (
        *(_by, _rooms, _names, _flags, st.none(), _ends, st.none(), st.just(""), _times),
        _flags,
    ),
    room_ops.LiftRestriction: (_by, _rooms, _names, _flags, _times),
    room_ops.Invite: (_by, _rooms, _names, st.sampled_from([30.0, 90.0]), st.just(NOW), _times),
    room_ops.DeleteMessage: (
        *(st.just(UserRef("Ann")), _rooms, st.integers(1, 9)),
        *(_times, st.sampled_from(["", "spam"])),
    ),
    room_ops.MarkRead: (_sessions, _rooms, st.integers(0, 9)),
    ops.SettleRoom: (_rooms, _flags, st.integers(0, 5)),
    account_ops.ReserveName: (_sessions, _names, st.none()),
    account_ops.ReleaseName: (_sessions,),
    account_ops.RemoveAccount: (st.integers(1, 2), _times),
    account_ops.SetAdmin: (st.integers(1, 2), _flags),
    account_ops.LogIn: (_sessions, _addresses, _accounts, _few, _silent, _times),
    account_ops.LogOut: (_sessions, _times),
    account_ops.EndSession: (_sessions, _leaves, _flags, _flags, _times, st.none() | _texts),
    account_ops.EndSessions: (
        *(st.integers(1, 2), st.none() | _silent, st.none() | _sessions),
        *(_reasons, _leaves, _times),
    ),
    account_ops.IssueToken: (_sessions, _addresses, _digests),
    account_ops.Resume: (
        *(_sessions, _addresses, _digests, st.none() | _accounts),
        *(_few, _silent, _times),
    ),
    account_ops.EndNode: (_nodes, _times),
    account_ops.MessagesStored: (_nodes, st.integers(0, 9), st.just(())),
}
"""The strategies for the fields of operations, in their order."""


def _built(kind, strategies):
    """Return the strategy of a class; each field has one: Hypothesis would invent those missing."""
    names = [field.name for field in fields(kind)]
    return st.builds(kind, **dict(zip(names, strategies, strict=True)))


def _setting(by, room, setting, on, now):
    """Return the change of a setting, which is turned on or off."""
    value = {"key": "sesame" if on else "", "limit": int(on)}.get(setting, on)
    return room_ops.SetSetting(by, room, setting, value, now)


BUILT = {
    ops.StartRoom: st.builds(
        start,
        _rooms,
        st.none() | st.integers(1, 2),
        node=_nodes,
        starter=st.none() | _sessions,
        now=_times,
    ),
    room_ops.SetSetting: st.builds(
        _setting, _by, _rooms, st.sampled_from([*SETTINGS]), _flags, _times
    ),
    account_ops.AddAccount: _accounts.map(
        lambda each: account_ops.AddAccount(each, name_keys(each.name))
    ),
    ops.AddBan: _with_keys(ops.AddBan, _ends, _times),
    ops.RemoveBan: _with_keys(ops.RemoveBan),
    **{kind: _built(kind, strategies) for kind, strategies in BY_CLASS.items()},
}
"""The strategies of operations, by their classes."""


def _of_its_session(operation):
    """Return an operation with the address of its session, and with a token of that alone."""
    if isinstance(operation, account_ops.IssueToken):
        letter = operation.digest[-1]
        operation = replace(
            operation, digest=f"{operation.session.node} {operation.session.number} {letter}"
        )
    if not hasattr(operation, "address"):
        return operation
    is_start = isinstance(operation, ops.StartRoom)
    session = operation.starter if is_start else operation.session
    return replace(operation, address=ADDRESSES.get(session))


OPERATIONS = st.one_of(*BUILT.values()).map(_of_its_session)
