"""Rights: which users see a room, join it and talk in it, and their ranks there."""

from dataclasses import replace

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import room_name_key
from chatd.core.rooms import Role
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world import rights
from chatd.core.world.rights import Rank
from tests.core.world.club import ACCOUNTS, NAMES, RANKS
from tests.core.world.harness import NOW, ban, end, invite, join, mute, set_role, setting, start

PRIVATE = ("private",)
BOTH = ("invite-only", "unlisted")


def refusal(call, *arguments, **named):
    """Return the code and the parameters with which a call is refused, None if it is not."""
    try:
        call(*arguments, **named)
    except ChatError as error:
        return error.code, error.params
    return None


def hide(harness, *settings, room="1"):
    """Turn settings of a room on; return the room."""
    for name in settings:
        harness.do(setting(name, True, room))
    return harness.world.rooms.by_key(room)


def start_named(harness, room, name):
    """Create a room with a name."""
    harness.do(replace(start(room), name=name, name_key=room_name_key(name)))
    harness.do(ops.SettleRoom(room, True))


# -- ranks


@pytest.mark.parametrize("name", RANKS)
def test_ranks(club, name):
    """Each user has the rank of the role, an administrator the same in every room."""
    user = None if name == "console" else club.member(name)
    assert rights.rank_of(club.world, user, club.club) is RANKS[name]
    elsewhere = RANKS[name] if RANKS[name] >= Rank.ADMINISTRATOR else Rank.NONE
    assert rights.rank_of(club.world, user, club.world.rooms.by_key("hall")) is elsewhere


@pytest.mark.parametrize("name", NAMES)
def test_ranks_of_users_who_are_elsewhere(club, name):
    """An account keeps its rank, a guest does not."""
    user = club.member(name)
    club.leave(name)
    expected = RANKS[name] if name in ACCOUNTS else Rank.NONE
    assert rights.rank_of(club.world, user, club.club) is expected
    if name in ACCOUNTS:
        account = club.accounts[name].id
        assert rights.rank_of_account(club.world, account, club.club) is expected


def test_the_rank_of_an_administrator_ends(club):
    """Then the account has the one of its role."""
    club.do(set_role("alma", Role.VOICE, room="club"))
    for name, expected in (("adam", Rank.NONE), ("alma", Rank.VOICE)):
        club.do(account_ops.SetAdmin(club.accounts[name].id, False))
        assert rights.rank_of(club.world, club.member(name), club.club) is expected


def test_check_rank(club):
    """A member of at least that rank acts, an administrator and the console from anywhere."""

    def check(name, least, room=club.club):
        return refusal(rights.check_rank, club.world, club.by(name), room, least)

    labels = {"room": "club", "room_name": "room club"}
    assert check("vic", Rank.NONE) is None
    assert check("vic", Rank.OPERATOR) == (ErrorCode.NOT_OPERATOR, labels)
    assert check("opal", Rank.OWNER) == (ErrorCode.NOT_OWNER, labels)
    club.leave("owen", "adam")
    assert check("owen", Rank.NONE) == (ErrorCode.NOT_IN_ROOM, {"room": "club"})
    hall = club.world.rooms.by_key("hall")
    assert check("adam", Rank.OWNER, hall) is check("console", Rank.OWNER, hall) is None
    club.log_out("opal")
    assert check("opal", Rank.NONE) == (ErrorCode.NOT_IN_ROOM, {"room": "club"})


def test_who_acts(club):
    """A session that has ended acts no more; the administrator has the name that is given."""
    assert rights.actor(club.world, club.by("opal")) is club.member("opal")
    assert rights.actor_name(club.world, club.by("opal")) == "opal"
    assert rights.actor(club.world, ops.By(None, "Amy")) is None
    assert rights.actor_name(club.world, ops.By(None, "Amy")) == "Amy"
    gone = club.by("opal")
    club.do(account_ops.EndSessions(club.accounts["opal"].id, None, None, None, None, NOW))
    assert refusal(rights.actor, club.world, gone) == (ErrorCode.SESSION_CLOSED, {})


# -- what a user sees


@pytest.mark.parametrize("settings", [(), ("invite-only",), ("unlisted",), PRIVATE, BOTH])
def test_visible_rooms(club, settings):
    """A stranger sees all but private rooms, and lists all but unlisted ones."""
    room = hide(club, *settings, room="club")
    stranger = club.user(club.guest("Stranger"))
    assert rights.sees(club.world, stranger, room) == (settings not in {PRIVATE, BOTH})
    assert rights.lists(club.world, stranger, room) == (settings in {(), ("invite-only",)})
    club.leave("mia", "guest", "guestv", "guesto", "adam", "owen", "vic")
    known = {"adam", "owen", "opal", "vic"}  # an administrator, roles of accounts, a member
    for name in (*known, "mia", "guest", "guestv", "guesto"):
        expected = name in known or settings not in {PRIVATE, BOTH}
        assert (name, rights.sees(club.world, club.member(name), room)) == (name, expected)
    club.do(invite("guest", "club"))
    assert rights.lists(club.world, club.member("guest"), room)
    assert rights.sees(club.world, None, room)


def test_a_part_of_private_that_is_turned_off(harness):
    """The room exists for strangers again, though it is not listed."""
    room, stranger = hide(harness, *PRIVATE), harness.user(harness.guest("Bob"))
    harness.do(setting("invite-only", False))
    assert rights.sees(harness.world, stranger, room)
    assert not rights.lists(harness.world, stranger, room)
    harness.do(setting("private", True))
    harness.do(setting("private", False))
    assert rights.lists(harness.world, stranger, room)


@pytest.mark.parametrize("settings", [PRIVATE, BOTH])
def test_a_hidden_room_is_not_found(harness, settings):
    """By its id in any spelling, nor by its name; errors have what was typed."""
    world, stranger = harness.world, harness.user(harness.guest("Bob"))
    room = harness.start("Tea-House")
    member = harness.user(harness.guest("Ann", "tea-house"))
    hide(harness, *settings, room="tea-house")
    for typed in ("Tea-House", "TEA-HOUSE", "ｔｅａ-house", "room Tea-House", "ROOM  tea-house"):
        assert rights.find_room(world, typed, member) is room
        assert rights.find_room(world, typed, stranger) is None
        unknown = (ErrorCode.NO_SUCH_ROOM, {"room": typed})
        assert refusal(rights.require_room, world, typed, stranger) == unknown
        assert refusal(rights.require_listed, world, typed, stranger) == unknown
        not_there = (ErrorCode.NOT_IN_ROOM, {"room": typed})
        assert refusal(rights.joined_room, world, typed, stranger) == not_there
        assert rights.joined_room(world, typed, member) is room


def test_a_hidden_room_does_not_share_its_name(harness):
    """A name that one visible room has is that room's, and no more for whom sees both."""
    start_named(harness, "7", "tea")
    start_named(harness, "8", "tea")
    world, stranger = harness.world, harness.user(harness.guest("Bob"))
    member = harness.user(harness.guest("Ann", "8"))
    assert rights.find_room(world, "tea", stranger) is None
    hide(harness, *PRIVATE, room="8")
    assert rights.find_room(world, "tea", stranger).id == "7"
    assert rights.find_room(world, "tea", member) is None
    assert rights.joined_room(world, "tea", member).id == "8"


def test_a_hidden_id_is_no_longer_a_name(harness):
    """A visible room whose name is the id of a hidden one is found by it."""
    start_named(harness, "7", "2")
    world, stranger = harness.world, harness.user(harness.guest("Bob"))
    member = harness.user(harness.guest("Ann", "2"))
    hide(harness, *PRIVATE, room="2")
    assert rights.find_room(world, "2", stranger).id == "7"
    assert rights.find_room(world, "2", member).id == "2"


@pytest.mark.parametrize("settings", [("unlisted",), PRIVATE])
def test_suggestions(harness, settings):
    """Nobody is led to a room that is not listed for them."""
    harness.start("coffee")
    stranger, member = (harness.user(harness.guest(name)) for name in ("Bob", "Ann"))
    harness.do(join(member.sessions[0], "coffee"))
    hide(harness, *settings, room="coffee")
    near = {"room": "cofee", "suggestion": "coffee", "name": "room coffee"}
    assert rights.no_such_room(harness.world, "cofee", member).params == near
    assert rights.no_such_room(harness.world, "cofee", stranger).params == {"room": "cofee"}
    assert rights.no_such_room(harness.world, "cofee", None).params == near


# -- joining


def test_the_order_of_refusals(harness):
    """Not visible, banned, invite-only, key, full, and at last the room to quit first."""
    ann = harness.guest("Ann", "2")
    harness.guest("Bob", "1")
    for operation in (
        *(setting("private", True), ban("Ann")),
        *(setting("key", "sesame"), setting("limit", 1)),
    ):
        harness.do(operation)
    amy, zoe = harness.account("amy"), harness.account("zoe")

    def code(session=ann, key=None, max_rooms=1):
        return harness.refusal(join(session, "1", max_rooms=max_rooms, key=key))[0]

    assert code() is ErrorCode.NO_SUCH_ROOM
    harness.do(setting("unlisted", False))
    assert code() is ErrorCode.BANNED_FROM_ROOM
    other = harness.guest("Cid", "2", host="198.51.100.1")
    assert code(other) is ErrorCode.INVITE_ONLY
    harness.do(set_role("amy", Role.VOICE))
    voice = harness.log_in(amy, "2")
    assert code(voice) is ErrorCode.WRONG_KEY
    assert code(voice, "sesam") is ErrorCode.WRONG_KEY
    assert code(voice, "sesame") is ErrorCode.ROOM_FULL
    harness.do(invite("Cid"))
    assert code(other) is ErrorCode.ROOM_FULL
    harness.do(setting("limit", 2))
    assert code(voice, "sesame") is ErrorCode.ALREADY_IN_ROOM
    harness.do(set_role("zoe", Role.OPERATOR))
    harness.do(setting("limit", 1))
    operator = harness.log_in(zoe, "2")
    assert code(operator) is ErrorCode.ALREADY_IN_ROOM
    harness.do(join(operator, "1"))
    assert code(operator) is ErrorCode.ALREADY_IN_ROOM


def test_refusals_name_the_room(harness):
    """By its id and its name; that of a full one has the limit."""
    harness.guest("Bob", "1")
    ann = harness.guest("Ann")
    labels = {"room": "1", "room_name": "room 1"}
    harness.do(setting("limit", 1))
    assert harness.refusal(join(ann, "1")) == (ErrorCode.ROOM_FULL, {**labels, "limit": 1})
    for operation, code in (
        (setting("key", "sesame"), ErrorCode.WRONG_KEY),
        (setting("invite-only", True), ErrorCode.INVITE_ONLY),
        (ban("Ann"), ErrorCode.BANNED_FROM_ROOM),
    ):
        harness.do(operation)
        assert harness.refusal(join(ann, "1")) == (code, labels)


@pytest.mark.parametrize("key", ["sesame", "schlüssel", "鍵"])
def test_a_key(harness, key):
    """It is the whole word, with its case; nothing is needed without it."""
    harness.do(setting("key", key))
    for number, wrong in enumerate([None, "", key.upper(), f"{key} ", f"{key}{key}"]):
        if wrong != key:
            guest = harness.guest(f"Guest{number}")
            assert harness.refusal(join(guest, "1", key=wrong))[0] is ErrorCode.WRONG_KEY
    harness.do(join(harness.guest("Ann"), "1", key=key))
    harness.do(setting("key", ""))
    harness.do(join(harness.guest("Bob"), "1"))
    harness.do(join(harness.guest("Cid"), "1", key="needless"))


def test_a_banned_name_on_joining(harness):
    """A guest who asks for it is refused as one who has it."""
    eve = harness.guest("Eve")
    harness.do(ban("Eve"))
    harness.do(end(eve, keep_token=False))
    stranger = harness.session(host="198.51.100.1")
    assert harness.refusal(join(stranger, "1", "Eve"))[0] is ErrorCode.BANNED_FROM_ROOM
    harness.do(setting("invite-only", True))
    assert harness.refusal(join(stranger, "1", "Eve"))[0] is ErrorCode.BANNED_FROM_ROOM
    assert harness.refusal(join(stranger, "1", "Zoe"))[0] is ErrorCode.INVITE_ONLY


def test_a_refusal_does_not_depend_on_what_texts_look_like(harness):
    """A server may have other tables of Unicode: a rule suggests no room."""
    ann = harness.guest("Ann")
    harness.start("coffee")
    operation = ops.Join(ann, None, "cofee", "cofee", None, None, 2, NOW)
    assert harness.refusal(operation) == (ErrorCode.NO_SUCH_ROOM, {"room": "cofee"})


# -- talking


@pytest.mark.parametrize("name", NAMES)
def test_a_moderated_room(club, name):
    """Operators and voices talk, and whoever has a higher rank."""
    club.do(setting("moderated", True, "club"))
    call = refusal(rights.check_can_talk, club.world, club.member(name), club.club, 0)
    labels = {"room": "club", "room_name": "room club"}
    assert call == (None if RANKS[name] >= Rank.VOICE else (ErrorCode.MODERATED, labels))


@pytest.mark.parametrize("name", NAMES)
def test_a_muted_member(club, name):
    """Nobody talks who is muted, up to its end."""
    club.do(mute(name, 1, 60.0, "club"))

    def code(seconds):
        return refusal(rights.check_can_talk, club.world, club.member(name), club.club, seconds)

    assert code(59.9) == (ErrorCode.MUTED, {"room": "club", "room_name": "room club"})
    assert code(60.0) is None
    other = club.member("mia" if name != "mia" else "vic")
    assert refusal(rights.check_can_talk, club.world, other, club.club, 0) is None
