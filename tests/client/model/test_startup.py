"""The requests of the start."""

from chatd.client.model.startup import NO_STARTUP, Startup


def test_enter():
    """The rooms are entered in their order; on a return they are only joined."""
    startup = Startup("Ann", ("tea", "food"))
    requests = startup.enter("Ann")
    assert [request.command for request in requests] == ["enter", "enter"]
    assert requests[1].arguments == {"chatroom_id": "food", "chatter_name": "Ann"}
    assert startup.enter("") == []
    assert [each.command for each in Startup(rooms=("1",), returns=True).enter("Ann")] == ["join"]
    assert NO_STARTUP.enter("Ann") == []
