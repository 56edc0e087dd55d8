"""The messages that a search has found."""

import pytest

from chatd.client.ui.found import found_messages, older_line
from chatd.core.events import Message
from chatd.protocol.received import Ok
from chatd.protocol.room_replies import Found
from tests.client.ui.frontends import server_reply

TEA = Message("1", 7, "Bob", "green tea", 1.5)


def test_found():
    """The messages are those of the server, less those of ignored users."""
    ignored = Message("1", 6, "Eve", "green", 1.0, is_ignored=True)
    reply = server_reply(Found((TEA, ignored), "green", more=True))
    assert found_messages(reply) == [TEA]
    assert older_line(reply) == "… older ones: `search green #before:6"


def test_nothing_more():
    """Without older messages there is no line about them."""
    assert older_line(server_reply(Found((TEA,), "green"))) == ""
    assert found_messages(server_reply(Found((), "green"))) == []


def test_no_list():
    """A reply with other data is refused."""
    with pytest.raises(TypeError):
        found_messages(Ok("search", "", None, {"messages": "none"}))
