"""The rules of resuming a session, by operations on a world."""

from dataclasses import replace

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import DisconnectReason, LeaveReason
from chatd.core.lookalikes import name_keys
from chatd.core.records import Ban, BanKind
from chatd.core.rooms import SessionKey
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world.effects import (
    IgnoresChanged,
    KeptMessagesDue,
    NameChanged,
    SessionEnded,
    SessionMoved,
    TokenRevoked,
)
from chatd.core.world.names import HOLD_SECONDS
from chatd.core.world.tokens import ACCOUNT_RESUME_SECONDS, GUEST_RESUME_SECONDS
from tests.core.world.harness import NOW, end, left, rename, resume, who

REPLACED = DisconnectReason.REPLACED


@pytest.fixture
def amy(harness):
    """Return the account amy."""
    return harness.account("amy")


def test_resume_of_a_present_guest(harness):
    """The former session is told and leaves the rooms, then the new one has the name."""
    ann, new = harness.guest("Ann", "1"), harness.session()
    harness.do(ops.SetAway(ann, "lunch", NOW))
    user = who(harness, ann)
    assert harness.do(resume(harness, new, ann)) == "Ann"
    assert harness.effects == [
        SessionEnded(ann, REPLACED),
        left(harness, user, LeaveReason.LOST, "1"),
        NameChanged(user[2], "Ann"),
        NameChanged(harness.user(new), ""),
        IgnoresChanged(harness.user(new)),
    ]
    assert (harness.find("Ann"), harness.user(new).away.text) == ((new,), "lunch")
    other = harness.session()
    assert harness.refusal(resume(harness, other, ann)) == (ErrorCode.NO_SUCH_SESSION, {})


def test_a_guest_resumes_the_own_session(harness):
    """It goes on, and the token is used."""
    ann = harness.guest("Ann")
    assert harness.do(resume(harness, ann, ann)) == "Ann"
    assert (harness.effects, harness.find("Ann")) == ([], (ann,))
    assert harness.refusal(resume(harness, ann, ann)) == (ErrorCode.NO_SUCH_SESSION, {})


def test_resume_of_a_present_session_of_an_account(harness, amy):
    """The user stays in the rooms, with the new session in place of the former."""
    former, other, new = harness.log_in(amy, "1"), harness.log_in(amy), harness.session()
    user = harness.user(former)
    assert harness.do(resume(harness, new, former)) == "amy"
    assert harness.effects == [
        SessionMoved(new, user),
        TokenRevoked(harness.token(former), "here"),
        SessionEnded(former, REPLACED),
        KeptMessagesDue(user),
    ]
    assert (harness.find("amy"), len(user.rooms)) == ((other, new), 1)


def test_resume_of_a_guest_who_was_lost(harness):
    """The held name is that of the new session; the token is used once."""
    ann, new = harness.guest("Ann"), harness.guest("Bob")
    harness.do(ops.SetAway(ann, "lunch", NOW))
    harness.do(end(ann))
    assert harness.do(resume(harness, new, ann)) == "Ann"
    user = harness.user(new)
    assert harness.effects == [NameChanged(user, "Bob"), IgnoresChanged(user)]
    assert (harness.find("Ann"), harness.find("Bob")) == ((new,), None)
    assert harness.world.names.count(HOLD_SECONDS) == 1
    assert harness.user(new).away.text == "lunch"
    other = harness.session()
    assert harness.refusal(resume(harness, other, ann)) == (ErrorCode.NO_SUCH_SESSION, {})
    harness.do(end(new, keep_token=False))
    harness.do(rename(other, "Ann"))


def test_resume_of_a_guest_who_is_late(harness):
    """Another guest may have the name, until which the token stays valid; it ends with its time."""
    ann = harness.guest("Ann")
    harness.do(end(ann))
    harness.seconds = HOLD_SECONDS
    other, new = harness.guest("Ann"), harness.session()
    assert harness.refusal(resume(harness, new, ann)) == (ErrorCode.NAME_IN_USE, {"name": "Ann"})
    harness.do(rename(other, "Bob"))
    harness.seconds = GUEST_RESUME_SECONDS
    assert harness.refusal(resume(harness, new, ann)) == (ErrorCode.NO_SUCH_SESSION, {})
    harness.seconds -= 1
    assert harness.do(resume(harness, new, ann)) == "Ann"


def test_resume_of_a_lost_session_of_an_account(harness, amy):
    """It logs in; the token is removed from the store by the server of the new session."""
    former = harness.log_in(amy)
    harness.do(end(former))
    harness.seconds = ACCOUNT_RESUME_SECONDS - 1
    new = harness.session(node="there")
    assert harness.do(resume(harness, new, former)) == "amy"
    assert harness.effects == [
        NameChanged(harness.user(new), ""),
        IgnoresChanged(harness.user(new)),
        TokenRevoked(harness.token(former), "there"),
    ]
    assert harness.find("amy") == (new,)


def test_resume_of_a_session_that_the_store_has(harness, amy):
    """It logs in to the account if that exists still."""
    new, former = harness.session(), SessionKey("before", 1)
    assert harness.do(resume(harness, new, former, amy)) == "amy"
    assert harness.effects[-1] == TokenRevoked(harness.token(former), "here")
    harness.do(account_ops.RemoveAccount(amy.id, NOW))
    refused = harness.refusal(resume(harness, harness.session(), former, amy))
    assert refused == (ErrorCode.NO_SUCH_SESSION, {})


def test_resume_refused(harness, amy):
    """A session that is logged in or in a room, one without a name, and a name that is banned."""
    lost, ann, bob = harness.guest("Lost"), harness.guest("Ann"), harness.guest("Bob", "1")
    amys, new = harness.log_in(amy), harness.session()
    harness.do(end(lost))
    harness.do(ops.AddBan(Ban(BanKind.NAME, "Lost"), name_keys("Lost"), None, NOW))
    for operation, expected in (
        (resume(harness, amys, ann), (ErrorCode.LOGGED_IN, {"name": "amy"})),
        (resume(harness, bob, ann), (ErrorCode.ALREADY_IN_ROOM, {"room": "1"})),
        (resume(harness, new, harness.session()), (ErrorCode.NO_SUCH_SESSION, {})),
        (resume(harness, new, SessionKey("here", 99)), (ErrorCode.NO_SUCH_SESSION, {})),
        (resume(harness, new, lost), (ErrorCode.BANNED, {})),
    ):
        assert harness.refusal(operation) == expected


@pytest.mark.parametrize(("max_sessions", "ended"), [(3, 0), (2, 1), (1, 2)])
def test_a_resumed_session_counts(harness, amy, max_sessions, ended):
    """The account has no more sessions than is allowed: the silent ones end, then the oldest."""
    lost = harness.log_in(amy)
    harness.do(end(lost))
    here = [harness.log_in(amy) for _ in range(2)]
    new = harness.session()
    operation = replace(resume(harness, new, lost), max_sessions=max_sessions, silent=(here[1],))
    harness.do(operation)
    told = [each.session for each in harness.effects if isinstance(each, SessionEnded)]
    assert told == [here[1], here[0]][:ended]
    assert harness.user(new).sessions == (*(key for key in here if key not in told), new)
