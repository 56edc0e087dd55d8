"""The requests for typed commands, where typed words differ from those of JSON."""

import pytest

from chatd.client.model.state import ClientState
from chatd.client.ui.requests import as_sent
from chatd.core.errors import ChatError
from chatd.protocol.command import Request
from chatd.testing import MemoryServer


@pytest.fixture
def state():
    """Return the state of a user in the rooms tea and food; food is the current one."""
    state = ClientState()
    state.rooms, state.current = ["tea", "food"], "food"
    return state


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("topic", {"text": "-"}), {"text": ""}),
        (Request("topic", {"text": "- laps"}), {"text": "- laps"}),
        (Request("topic"), {}),
        (Request("join", {"chatroom_id": "1", "chatter_name": "-"}), {"chatroom_id": "1"}),
        (
            Request("enter", {"chatroom_id": "-", "chatter_name": "-", "key": "fish"}),
            {"chatroom_id": "-", "key": "fish"},
        ),
        (Request("search", {"words": "green"}), {"words": "green", "chatroom_id": "food"}),
        (
            Request("kick", {"chatter_name": "Bob", "reason": "the tea"}),
            {"chatter_name": "Bob", "reason": "the tea"},
        ),
        (Request("say", {"text": "-"}), {"text": "-"}),
    ],
)
def test_as_sent(state, request_, expected):
    """A word that stands for nothing is not sent; a search is one of the current room."""
    assert as_sent(request_, state) == Request(request_.command, expected)


def test_search_in_no_room():
    """The server is asked, and refuses."""
    request = Request("search", {"words": "green"})
    assert as_sent(request, ClientState()) == request


@pytest.mark.parametrize("command", ["kick", "ban"])
def test_room_as_reason(state, command):
    """The id of a room of the user is no reason."""
    with pytest.raises(ChatError, match="usage"):
        as_sent(Request(command, {"chatter_name": "Bob", "reason": "tea now"}), state)


@pytest.fixture
def typists(make_harness):
    """Return a user with a text session, and one with a client on a pipe: operators of rooms."""
    server = MemoryServer(rooms_per_client=2)
    nc = server.join("one", "Ann")
    nc.ask("`enter two")
    client = make_harness(server)
    client.start()
    client.type("`enter three Bea", "`enter four")
    server.join("two", "Nat").ask("hello")
    server.join("four", "Pip").ask("hello")
    client.read()
    nc.read()
    return nc, client


@pytest.mark.parametrize(
    ("nc_types", "client_types"),
    [
        ("`kick Nat one", "`kick Pip three"),
        ("`kick Nat spam", "`kick Pip spam"),
        ("`ban Nat 5 two", "`ban Pip 5 four"),
        ("`mute Nat", "`mute Pip"),
        ("`topic laps", "`topic laps"),
        ("`topic -", "`topic -"),
        ("`topic", "`topic"),
        ("`moderated on", "`moderated on"),
        ("`limit", "`limit"),
        ("`key fish", "`key fish"),
        ("`voice Nat", "`voice Pip"),
        ("`invite Nat", "`invite Pip"),
        ("`delete", "`delete"),
        ("`who", "`who"),
    ],
)
def test_same_words_as_text(typists, nc_types, client_types):
    """A user of the client on a pipe reads what a user of nc does, with other names."""
    nc, client = typists
    shown = "\n".join(client.type(client_types))
    for own, others in (("Bea", "Ann"), ("Pip", "Nat"), ("four", "two"), ("three", "one")):
        shown = shown.replace(own, others)
    assert shown == "\n".join(nc.ask(nc_types))
