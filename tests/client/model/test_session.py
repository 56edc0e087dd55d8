"""A session and its connections: phases, resume, login and rooms."""

import pytest

from chatd.client.model.effects import RetryAfter, StopReconnecting
from chatd.client.model.phase import Phase
from chatd.client.model.rejoin import TAG
from chatd.client.model.session import ChatSession
from chatd.core.room_events import ReadUpTo
from chatd.protocol.command import Request
from chatd.protocol.received import Disconnect, Error, History, Ok
from tests.client.model.replies import MISSED, UNKNOWN, asked, bob, join, resumed, sort


def test_resumes(frontend):
    """The client resumes its session, then joins its rooms."""
    frontend.disconnected(reconnecting=True)
    resume = Request("resume", {"session": "token 1"}, TAG)
    assert sort(frontend.connected("token 2")) == (["Connected again."], [resume])
    rejoin = Request("join", {"chatroom_id": "1", "chatter_name": "Alice"}, TAG)
    assert sort(frontend.handle(resumed())) == (["Server: Welcome back, Alice."], [rejoin])
    assert sort(frontend.handle(join(last=5, tag=TAG))) == (["Server: You join"], [])
    assert not frontend.is_rejoining


def test_reading_in_another_session(frontend):
    """How far another session has read is no line."""
    assert frontend.handle(ReadUpTo("1", 5)) == []


def test_newest_token(frontend):
    """A token that comes later replaces the one before."""
    assert frontend.handle(Ok("format", "…", "x", {"session": "token 1b"})) == []
    frontend.disconnected(reconnecting=True)
    _, (resume,) = sort(frontend.connected("token 2"))
    assert resume.arguments == {"session": "token 1b"}


def test_reply_to_resume_lost(frontend):
    """If the reply to `resume` is lost, the old token is tried first, then the next one."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.disconnected(reconnecting=True)
    _, (first,) = sort(frontend.connected("token 3"))
    assert first.arguments == {"session": "token 1"}
    _, (second,) = sort(frontend.handle(UNKNOWN))
    assert second.arguments == {"session": "token 2"}
    frontend.handle(resumed())
    frontend.disconnected(reconnecting=True)
    _, (third,) = sort(frontend.connected("token 4"))
    assert third.arguments == {"session": "token 3"}


@pytest.mark.parametrize("code", ["no-such-session", "name-in-use"])
def test_guest_cannot_resume(frontend, code):
    """A guest whose session cannot be resumed takes the name back by joining, and waits."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    lines, (rejoin,) = sort(frontend.handle(Error("resume", code, "…", TAG)))
    assert (lines, rejoin.command) == ([], "join")
    status, later = frontend.handle(Error("join", "name-in-use", "…", TAG))
    assert status.text == "Your name is still in use. Trying again..."
    assert isinstance(later, RetryAfter)


def test_log_in_again(account):
    """A user who has to log in again is then back in the rooms."""
    assert sort(account.handle(UNKNOWN)) == (["You have to log in again: `login Alice"], [])
    assert not account.is_rejoining
    account.typed("`login Alice password")
    lines, (rejoin,) = sort(account.handle(Ok("login", "Welcome back", None, {"name": "Alice"})))
    assert lines == ["Server: Welcome back"]
    assert rejoin.command == "join"
    _, (history,) = sort(account.handle(join(last=6, tag=TAG)))
    assert history == asked(since=5)


def test_log_in_again_and_lost_again(account):
    """After another loss the user still has to log in, and no token is tried."""
    account.handle(UNKNOWN)
    account.disconnected(reconnecting=True)
    words = ["Connected again.", "You have to log in again: `login Alice"]
    assert sort(account.connected("token 3")) == (words, [])


def test_log_in_to_another_account(account):
    """A user who logs in to another account is not brought into the rooms."""
    account.handle(UNKNOWN)
    assert sort(account.handle(Ok("login", "…", None, {"name": "Carol"})))[1] == []


def test_store_away(account):
    """While the store is unavailable the client tries again, and says so once."""
    error = Error("resume", "unavailable", "…", TAG)
    status, later = account.handle(error)
    assert status.text == "The server cannot reach its store now. Trying again..."
    assert isinstance(later, RetryAfter)
    _, (again,) = sort(account.retry())
    assert again.arguments == {"session": "token 1"}
    assert account.retry() == []
    assert [type(effect) for effect in account.handle(error)] == [RetryAfter]


def test_told_not_to_reconnect(frontend):
    """The client stops reconnecting when the server says that it may not."""
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    status = frontend.handle(Disconnect("banned", "You were banned!", retry=False))
    assert status[1:] == [StopReconnecting()]
    assert sort(frontend.disconnected(reconnecting=False))[0] == ["Not connected."]
    assert frontend.retry() == []


TRANSITIONS = {
    Phase.OFFLINE: {Phase.CONNECTING, Phase.ONLINE},
    Phase.CONNECTING: set(Phase) - {Phase.CONNECTING},
    Phase.RESUMING: set(Phase) - {Phase.RESUMING},
    Phase.AWAITING_LOGIN: {
        Phase.REJOINING,
        Phase.CATCHING_UP,
        Phase.ONLINE,
        Phase.OFFLINE,
        Phase.CONNECTING,
    },
    Phase.REJOINING: {Phase.CATCHING_UP, Phase.ONLINE, Phase.OFFLINE, Phase.CONNECTING},
    Phase.CATCHING_UP: {Phase.ONLINE, Phase.OFFLINE, Phase.CONNECTING},
    Phase.ONLINE: {Phase.CATCHING_UP, Phase.OFFLINE, Phase.CONNECTING},
}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("following", Phase)
def test_transitions(phase, following):
    """A session enters the phases of its table, or stays; every other transition raises."""
    session = ChatSession()
    session.phase = phase
    if following is phase or following in TRANSITIONS[phase]:
        session._enter(following)
        assert session.phase is following
    else:
        with pytest.raises(AssertionError, match="->"):
            session._enter(following)
        assert session.phase is phase


def test_phases_of_a_guest():
    """A session passes through the phases from the first connection to its rooms again."""
    session = ChatSession()
    phases = [session.phase]

    def note(_):
        phases.append(session.phase)

    note(session.connected("token 1"))
    note(session.handle(join(last=5)))
    note(session.disconnected(reconnecting=True))
    note(session.connected("token 2"))
    note(session.handle(resumed()))
    note(session.handle(join(last=6, tag=TAG)))
    note(session.handle(History("1", (bob(6),), MISSED)))
    note(session.reset())
    assert phases == [
        Phase.OFFLINE,
        Phase.ONLINE,
        Phase.ONLINE,
        Phase.CONNECTING,
        Phase.RESUMING,
        Phase.REJOINING,
        Phase.CATCHING_UP,
        Phase.ONLINE,
        Phase.OFFLINE,
    ]


def test_phases_of_an_account(account):
    """A session that cannot be resumed waits for the login before it joins the rooms."""
    session = account.session
    assert session.phase is Phase.RESUMING
    account.handle(UNKNOWN)
    assert session.phase is Phase.AWAITING_LOGIN
    account.handle(Ok("login", "…", None, {"name": "Alice"}))
    assert session.phase is Phase.REJOINING
    account.handle(join(last=5, tag=TAG))
    assert session.phase is Phase.ONLINE


def test_attempts_end(frontend):
    """A client that gives up connecting has no rooms to return to."""
    frontend.disconnected(reconnecting=True)
    frontend.session.not_connected()
    assert frontend.session.phase is Phase.OFFLINE
    assert not frontend.session.has_rooms_to_rejoin


def test_retry_without_a_connection(frontend):
    """A pause that ends without a connection changes nothing."""
    frontend.disconnected(reconnecting=True)
    assert frontend.retry() == []
