"""Resume tokens of sessions that are present, and of those that have ended."""

import pytest

from chatd.core.names import new_name
from chatd.core.rooms import SessionKey, User
from chatd.core.world import tokens
from chatd.core.world.tokens import ParkedSession, ResumeState

ONE, TWO = SessionKey("here", 1), SessionKey("here", 2)


@pytest.fixture
def state():
    """Return two sessions with the tokens a and b."""
    state = ResumeState()
    state.issue(ONE, "a")
    state.issue(TWO, "b")
    return state


def parked(until=10.0, account=None):
    """Return a session that has ended."""
    return ParkedSession(new_name("Ann"), account, User(None), until)


def test_a_session_has_one_token(state):
    """A new token ends the old one."""
    state.issue(ONE, "c")
    assert [state.present(digest) for digest in "abc"] == [None, TWO, ONE]


def test_drop(state):
    """A token that is removed stands for nothing; another time there is nothing to remove."""
    assert state.drop(ONE) == "a"
    assert state.drop(ONE) is None
    assert state.present("a") is None
    assert not state.park(ONE, parked(), 0)
    assert state.parked("a", 0) is None


def test_a_parked_token_ends(state):
    """It is valid until its time, and not for a session that is present."""
    session = parked(until=10)
    assert state.park(ONE, session, 0)
    assert (state.present("a"), state.parked("a", 9.9), state.parked("a", 10)) == (
        *(None, session, None),
    )
    state.unpark("a")
    assert state.parked("a", 0) is None


def test_the_tokens_of_an_account(state):
    """Those of its sessions that have ended are removed together, those of others stay."""
    state.issue(SessionKey("here", 3), "c")
    for number, account in enumerate((7, None, 7)):
        state.park(SessionKey("here", number + 1), parked(account=account), 0)
    state.unpark_account(7)
    assert [state.parked(digest, 0) is not None for digest in "abc"] == [False, True, False]


def test_the_number_of_parked_tokens(state, monkeypatch):
    """The oldest one goes when there are too many."""
    monkeypatch.setattr(tokens, "MAX_PARKED", 1)
    for session in (ONE, TWO):
        state.park(session, parked(), 0)
    assert [state.parked(digest, 0) is not None for digest in "ab"] == [False, True]


def test_a_token_of_an_account_keeps_no_token_of_a_guest(state):
    """It is valid for longer: expired tokens of guests behind it are removed nevertheless."""
    times = [(ONE, 1, 100.0), (TWO, None, 10.0), (ONE, None, 20.0)]
    for number, (session, account, until) in enumerate(times):
        state.issue(session, str(number))
        state.park(session, ParkedSession(new_name("Ann"), account, User(None), until), until - 5)
    assert state.parked("1", 0.0) is None
    assert state.parked("0", 50.0).account == 1
    assert state.parked("2", 19.0) is not None
