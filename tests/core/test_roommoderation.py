"""Moderation in rooms, as handlers and the console call it."""

import json

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import AccessKind, RoomAccess
from chatd.core.roommoderation import INVITATION_SECONDS, MAX_REASON, one_line
from chatd.core.rooms import Role
from chatd.core.world.operations import By
from chatd.core.world.room_operations import MemberRef
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import result
from chatd.testing import MemoryServer

WORD = "staple-battery"
OFFSET = 1e9
AMY = By(None, "Amy")


class ModerationHarness:
    """A server with the room `tea`, in which are the account `owen`, who owns it, and Bob."""

    def __init__(self):
        self.store = MemoryStore()
        self.server = MemoryServer(store=self.store, clock_offset=OFFSET, rooms_per_client=2)
        self.owen = self.login("owen")
        self.owen.ask("`enter tea")
        self.bob = self.server.join("tea", "Bob", host="203.0.113.9")
        self.owen.read()

    def login(self, name):
        """Return a client of a new account."""
        client = self.server.connect()
        client.ask(f"`register {name} {WORD}")
        return client

    @property
    def room(self):
        """The room."""
        return self.server.service.world.rooms.by_key("tea")

    @property
    def stored(self):
        """The access list in the store."""
        return list(self.store._rooms["tea"].access.values())

    def call(self, method, *arguments, **named):
        """Return the outcome of a call, or the code of its refusal."""
        service = self.server.service.room_moderation
        try:
            return result(getattr(service, method)(*arguments, **named))
        except ChatError as error:
            return error.code

    def bans(self, by=AMY):
        """Return the list of bans and mutes."""
        return self.server.service.room_moderation.restrictions(by, self.room)


@pytest.fixture
def harness():
    """Return a harness."""
    return ModerationHarness()


# -- roles


def test_roles_of_accounts_are_stored(harness):
    """With the author and the time; an account has one of them, that of a guest is not stored."""
    harness.login("mia")
    account = harness.server.service.world.find_account("mia").id
    for role, kind in ((Role.OPERATOR, AccessKind.OPERATOR), (Role.VOICE, AccessKind.VOICE)):
        former = None if role is Role.OPERATOR else Role.OPERATOR
        call = ("set_role", AMY, "MIA", harness.room, role, OFFSET + 5)
        assert harness.call(*call, former=former) == MemberRef("mia", "tea")
        assert harness.stored == [RoomAccess(kind, "mia", account, by="Amy", created=OFFSET + 5)]
    call = ("set_role", AMY, "mia", harness.room, Role.NONE, OFFSET)
    assert harness.call(*call, former=Role.VOICE) == MemberRef("mia", "tea")
    assert harness.stored == []
    call = ("set_role", AMY, "bob", harness.room, Role.OPERATOR, OFFSET)
    assert harness.call(*call) == MemberRef("Bob", "tea")
    assert harness.stored == []


# -- kick, mute, ban


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("  spam  and\teggs\nfor all ", "spam and eggs for all"),
        ("x" * MAX_REASON, "x" * MAX_REASON),
        (f" {'x' * MAX_REASON} ", "x" * MAX_REASON),
        ("é" * (MAX_REASON // 2), "é" * (MAX_REASON // 2)),
    ],
)
def test_one_line(given, expected):
    """A reason is read on one line."""
    assert one_line(given) == expected


@pytest.mark.parametrize("method", ["kick", "ban"])
@pytest.mark.parametrize("reason", ["x" * (MAX_REASON + 1), "é" * (MAX_REASON // 2 + 1)])
def test_a_long_reason(harness, method, reason):
    """It is refused, and nothing has changed; its bytes count."""
    with pytest.raises(ChatError) as refused:
        one_line(reason)
    assert refused.value.params == {"limit": MAX_REASON}
    minutes = () if method == "kick" else (None,)
    call = (method, AMY, "Bob", harness.room, *minutes, reason, OFFSET)
    assert harness.call(*call) is ErrorCode.REASON_TOO_LONG
    assert harness.bob.read() == []


def test_a_ban_of_a_name_that_nobody_has(harness):
    """It is in the store by the name; names that nobody can have are refused."""
    call = (AMY, "Zoe", harness.room, None, "", OFFSET)
    assert harness.call("ban", *call) is ErrorCode.NO_SUCH_USER
    assert harness.call("ban", *call, of_name=True) == MemberRef("Zoe", "tea")
    assert [(entry.name, entry.account) for entry in harness.stored] == [("Zoe", None)]
    call = (AMY, "Zo*", harness.room, None, "", OFFSET)
    assert harness.call("ban", *call, of_name=True) is ErrorCode.BAD_NAME
    assert harness.call("unban", AMY, "ZOE", harness.room, OFFSET) == MemberRef("Zoe", "tea")
    assert harness.stored == []


@pytest.mark.parametrize("kind", [AccessKind.BAN, AccessKind.MUTE])
def test_minutes(harness, kind):
    """The store has the end by the wall clock; setting that clock changes nothing."""
    is_ban = kind is AccessKind.BAN
    reason, lift = ("spam",) if is_ban else (), "unban" if is_ban else "unmute"
    call = (kind.value, AMY, "bob", harness.room, 5, *reason, OFFSET)
    assert harness.call(*call) == MemberRef("Bob", "tea")
    entry = RoomAccess(
        *(kind, "Bob", None, "203.0.113.9/32", OFFSET + 300, "Amy", OFFSET),
        reason="spam" if is_ban else "",
    )
    assert harness.stored == harness.bans() == [entry]
    harness.server.clock_offset += 9999
    assert harness.bans() == [entry]
    harness.server.turn(299)
    assert harness.bans() == [entry]
    harness.server.turn(1)
    assert harness.bans() == []
    code = ErrorCode.NOT_BANNED if is_ban else ErrorCode.NOT_MUTED
    assert harness.call(lift, AMY, "Bob", harness.room, OFFSET) is code


@pytest.mark.parametrize("minutes", [None, 10**8, 10**15 - 1])
def test_a_long_time(harness, minutes):
    """It can be shown to everybody who asks, and does not end."""
    assert harness.call("ban", AMY, "Bob", harness.room, minutes, "", OFFSET) == ("Bob", "tea")
    (line,) = harness.owen.ask("`bans")[1:]
    until = "for ever" if minutes is None else "until "
    assert line.startswith(f"Server: \nBob banned {until}")
    harness.owen.ask("`format json")
    (reply,) = map(json.loads, harness.owen.ask('{"command":"bans"}'))
    (entry,) = reply["entries"]
    assert (entry["until"] is None) == (minutes is None)
    if minutes == 10**15 - 1:
        assert entry["until"] == "9999-12-31T23:59:59.000Z"
    harness.server.turn(1e8)
    assert len(harness.bans()) == 1


def test_the_list(harness):
    """Bans come first, then mutes; operators alone read it."""
    for name in ("mia", "zoe"):
        harness.login(name)
    harness.call("mute", AMY, "mia", harness.room, None, OFFSET)
    harness.call("ban", AMY, "zoe", harness.room, None, "", OFFSET)
    owen = By(harness.server.service.world.find_user("owen").sessions[0])
    found = [(entry.kind.value, entry.name) for entry in harness.bans(owen)]
    assert found == [("ban", "zoe"), ("mute", "mia")]
    with pytest.raises(ChatError) as refused:
        harness.bans(By(harness.server.service.world.find_user("Bob").sessions[0]))
    assert refused.value.code is ErrorCode.NOT_OPERATOR


def test_names_in_results_are_spelled(harness):
    """By the name as it is spelled; a guest who renames is called by the name of now."""
    calls = [("mute", 5), ("unmute",), ("ban", None, ""), ("unban",)]
    for method, *arguments in calls:
        outcome = harness.call(method, AMY, "BOB", harness.room, *arguments, OFFSET)
        assert outcome == MemberRef("Bob", "tea")
    harness.call("mute", AMY, "Bob", harness.room, None, OFFSET)
    harness.bob.ask("`rename Rob")
    assert harness.call("unmute", AMY, "bob", harness.room, OFFSET) == MemberRef("Rob", "tea")


# -- invitations


def test_an_invitation(harness):
    """It is in the store for a day, with the one who made it."""
    harness.login("mia")
    origin = harness.owen.protocol._session
    outcome = harness.call("invite", origin, "MIA", harness.room, OFFSET)
    assert outcome == MemberRef("mia", "tea")
    account = harness.server.service.world.find_account("mia").id
    until = OFFSET + INVITATION_SECONDS
    kind = AccessKind.INVITATION
    assert harness.stored == [RoomAccess(kind, "mia", account, None, until, "owen", OFFSET)]


def test_an_invitation_ends_by_the_clock_of_durations(harness):
    """A wall clock that is set neither ends it nor lets it last."""
    mia = harness.login("mia")
    harness.owen.ask("`private on")
    harness.owen.ask("`invite mia")
    harness.server.clock_offset += 10 * INVITATION_SECONDS
    assert "tea@tea" in mia.ask("`list")[-1]
    harness.server.clock_offset -= 20 * INVITATION_SECONDS
    harness.server.turn(INVITATION_SECONDS)
    harness.bob.ask("`away lunch")  # time passes in the world with each operation
    assert mia.ask("`join tea") == ["Server: Chatroom tea NOT exist!"]
    assert mia.ask("`list") == ["Server: No room exists!"]
