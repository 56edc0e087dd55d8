"""Command mode after a lost connection, without a server."""

from chatd.client.model.rejoin import TAG
from chatd.client.ui.frontend import (
    NOT_CONNECTED,
    Address,
    Connect,
    Line,
    RetryAfter,
    Send,
)
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok
from tests.client.ui.frontends import join, texts


def test_rejoins_in_order(frontend):
    """After a lost connection the rooms are joined in order, and the same one is current."""
    join(frontend, "1", "2").handle(Ok("switch", "…", None, {"room": "1"}))
    assert texts(frontend.disconnected(reconnecting=True)) == ["Connection lost."]
    assert frontend.typed("hi") == [NOT_CONNECTED]
    status, first = frontend.connected()
    assert status == Line("Connected again.")
    assert first == Send(Request("join", {"chatroom_id": "1", "chatter_name": "Alice"}, TAG))
    data = {"room": "1", "name": "Alice", "last": 0}
    _, second = frontend.handle(Ok("join", "You join @chatroom 1", TAG, data))
    assert second == Send(Request("join", {"chatroom_id": "2", "chatter_name": "Alice"}, TAG))
    _, third = frontend.handle(Ok("join", "…", TAG, {**data, "room": "2"}))
    assert third == Send(Request("switch", {"chatroom_id": "1"}, TAG))
    assert frontend.is_rejoining
    assert texts(frontend.handle(Ok("switch", "You are", TAG, {"room": "1"}))) == [
        "Server: You are"
    ]
    assert not frontend.is_rejoining
    assert (frontend.state.rooms, frontend.state.current) == (["1", "2"], "1")


def test_rejoins_a_closed_room(frontend):
    """The server's refusal of a closed room is shown, and the next room is joined."""
    join(frontend, "1", "2").disconnected(reconnecting=True)
    frontend.connected()
    shown, next_join = frontend.handle(Error("join", "no-such-room", "Chatroom 1 NOT exist!", TAG))
    assert shown.text == "Server: Chatroom 1 NOT exist!"
    assert next_join == Send(Request("join", {"chatroom_id": "2", "chatter_name": "Alice"}, TAG))


def test_waits_for_the_name(frontend):
    """While the name is in use the client tries again, with growing pauses."""
    join(frontend, "1").disconnected(reconnecting=True)
    frontend.connected()
    in_use = Error("join", "name-in-use", "Name Alice is already in use!", TAG)
    status, first = frontend.handle(in_use)
    assert status == Line("Your name is still in use. Trying again...")
    assert frontend.retry() == [
        Send(Request("join", {"chatroom_id": "1", "chatter_name": "Alice"}, TAG))
    ]
    (second,) = frontend.handle(in_use)
    assert isinstance(second, RetryAfter)
    assert second.seconds > first.seconds
    pauses = [first.seconds, second.seconds]
    while isinstance((effect := frontend.handle(in_use)[0]), RetryAfter):
        pauses.append(effect.seconds)
    assert effect.text == "Server: Name Alice is already in use!"
    assert sum(pauses) > 120  # the server finds dead connections in two minutes
    assert not frontend.is_rejoining
    assert frontend.retry() == []


def test_lost_again_while_rejoining(frontend):
    """No room is forgotten if the connection is lost again while rooms are joined."""
    join(frontend, "1", "2").disconnected(reconnecting=True)
    frontend.connected()
    frontend.handle(Ok("join", "…", TAG, {"room": "1", "name": "Alice", "last": 0}))
    frontend.disconnected(reconnecting=True)
    _, first = frontend.connected()
    assert first.request.arguments["chatroom_id"] == "1"
    _, second = frontend.handle(Ok("join", "…", TAG, {"room": "1", "name": "Alice", "last": 0}))
    assert second.request.arguments["chatroom_id"] == "2"


def test_join_cancels_rejoining(frontend):
    """A user who joins a room while the client waits for the name is not moved later."""
    join(frontend, "1").disconnected(reconnecting=True)
    frontend.connected()
    frontend.handle(Error("join", "name-in-use", "…", TAG))
    frontend.typed("`join 2 Alicia")
    assert frontend.retry() == []


def test_connect_while_reconnecting(frontend):
    """`connect` to the lost server tries at once; to another, it forgets the rooms."""
    frontend.start(Address("here", 1))
    join(frontend, "1").disconnected(reconnecting=True)
    status, connect = frontend.typed("`connect here 1")
    assert status == Line("Trying again.")
    assert connect == Connect(Address("here", 1), retry_first=True)
    assert frontend.typed("`connect there 2") == [Connect(Address("there", 2))]
    assert frontend.connected() == [Line("Connected.")]
