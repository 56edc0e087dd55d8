"""The lines that say what to do after an answer of the server."""

import pytest

from chatd.client.model.state import ClientState
from chatd.client.ui.advice import advice, leave_first
from chatd.client.ui.frontend import Address
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.core.events import LeaveReason, Left
from chatd.core.room_events import Invited
from chatd.protocol.received import Error, Ok
from tests.client.ui.frontends import texts


@pytest.fixture
def state():
    """Return the state of Ann, who is in two rooms."""
    state = ClientState()
    state.name, state.rooms = "Ann", ["tea", "food"]
    return state


def error(code, command, **data):
    """Return an error of the server."""
    return Error(command, code, "No.", None, data)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            error("in-a-room", "join"),
            ["To leave tea and food, type `quit, once in each; then try again."],
        ),
        (
            error("no-such-room", "join"),
            ["Type `enter and the name of a room to start it, or `list to see all."],
        ),
        (error("no-such-room", "join", suggestion="tea"), []),
        (error("no-such-room", "switch"), []),
        (
            error("name-in-use", "enter"),
            ["Take another name, or `login if it is the name of your account."],
        ),
        (
            Left("tea", "Ann", None, LeaveReason.QUIT, 0.0, is_self=True),
            ["You left chatroom tea in another session."],
        ),
        (Invited("club", "Club", "Bob", 0.0), ["Type `join club to join."]),
        (Left("tea", "Bob", None, LeaveReason.QUIT, 0.0), []),
        (Error("join", "name-in-use", "No.", "rejoin", {}), []),
        (Ok("join", "You join @chatroom tea", None, {}), []),
    ],
)
def test_advice(state, event, words):
    """A user who cannot know what to do is told."""
    assert texts(advice(event, state)) == words


def test_leaving_one_room(state):
    """One room needs one command."""
    state.rooms = ["tea"]
    assert leave_first(state).text == "To leave tea, type `quit; then try again."


def test_joining_a_room_again_makes_it_current():
    """The server would refuse a second join."""
    frontend = TerminalMode()
    frontend.start(Address("localhost", 9999))
    frontend.connected()
    for room in ("Tea", "food"):
        data = {"room": room, "name": "Ann", "last": 0, "members": ["Ann"], "count": 1}
        frontend.handle(Ok("join", "You join.", None, data))
    (send,) = frontend.typed("/join tea")
    assert (send.request.command, send.request.arguments) == ("switch", {"chatroom_id": "Tea"})
    for line in ("/join sports", "/enter tea Bob"):  # the server answers that a name is given
        (send,) = frontend.typed(line)
        assert send.request.command in {"join", "enter"}
