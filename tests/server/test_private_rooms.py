"""A private room leaks nothing: a stranger reads the same on a server that has one and without."""

import json

import pytest
from twisted.internet.testing import StringTransport

from chatd.testing import MemoryServer

WORD = "staple-battery"
ID, NAME = "tea", "Tea house"
WORDS = (ID, "TEA", "tee", "teaa", NAME, "tea house", "Tea hous", "t\u0435a")
"""The id and the name of the private room, and texts that are near or look alike."""

TYPED = (
    *("`list", "`rooms", "`who", "`users", "`history", "`search secret", "`search tea"),
    *("`sessions", "`quit", "`bans", "`topic", "`private", "`key", "`limit", "`delete"),
    *(f"{command} {{0}}" for command in ("`join", "`who", "`switch", "`quit", "`end")),
    *("`join {0} Zed", "`join {0} Zed sesame", "`broadcast {0} hi", "`invite alice {0}"),
    *("`kick alice {0}", "`search {0}", "`secret alice {0}", "`topic {0}", "`admin end {0}"),
)
REQUESTS = (
    {"command": "list"},
    {"command": "list", "chatroom_id": "{0}"},
    {"command": "list", "since": "{0}"},
    {"command": "list", "since": "1", "limit": "1"},
    {"command": "join", "chatroom_id": "{0}"},
    {"command": "join", "chatroom_id": "{0}", "key": "sesame"},
    {"command": "who", "chatroom_id": "{0}"},
    {"command": "history", "chatroom_id": "{0}", "since": "0"},
    {"command": "history", "chatroom_id": "{0}", "before": "9"},
    {"command": "search", "words": "secret"},
    {"command": "search", "words": "secret", "chatroom_id": "{0}"},
    {"command": "search", "words": "secret", "chatroom_id": "{0}", "before": "9"},
    {"command": "say", "text": "hi", "chatroom_id": "{0}"},
    {"command": "me", "text": "hi", "chatroom_id": "{0}"},
    {"command": "read", "id": "1", "chatroom_id": "{0}"},
    {"command": "delete", "id": "1", "chatroom_id": "{0}"},
    {"command": "bans", "chatroom_id": "{0}"},
    {"command": "topic", "chatroom_id": "{0}"},
    {"command": "topic", "text": "x", "chatroom_id": "{0}"},
    *(
        {"command": command, "chatter_name": "alice", "chatroom_id": "{0}"}
        for command in ("op", "deop", "voice", "devoice", "kick", "mute", "unmute", "ban", "unban")
    ),
    {"command": "invite", "chatter_name": "mallory", "chatroom_id": "{0}"},
    *(
        {"command": command, "chatroom_id": "{0}"}
        for command in ("private", "invite-only", "unlisted", "moderated", "open-topic", "key")
    ),
    {"command": "private", "private": False, "chatroom_id": "{0}"},
    {"command": "limit", "limit": 1, "chatroom_id": "{0}"},
    {"command": "end", "chatroom_id": "{0}"},
    {"command": "format", "format": "json"},
)


class House:
    """A server with room 1, and, if it `has_private`, a private room of alice and bob.

    Mallory, a guest or an account, is in room 1 with Carl.
    """

    def __init__(self, *, has_private, as_account=False):
        self.server = MemoryServer(
            rooms=(("1", "room 1"), ("team", "The team")),
            rooms_per_client=3,
            metrics="tcp:9990",
        )
        alice, bob = self._account("alice"), self._account("bob")
        self.mallory = self._account("mallory") if as_account else self.server.connect()
        self.carl = self.server.join("1", "Carl")
        self.mallory.ask("`join 1" if as_account else "`join 1 Mallory")
        if has_private:
            alice.ask(f"`start {ID} {NAME}")
            alice.ask(f"`join {ID}")
            alice.ask("`topic about secret things")
            alice.ask("`private on")
            alice.ask("`key sesame")
            alice.ask("`invite bob")
            bob.ask(f"`join {ID}")
        alice.ask("the secret is out")
        bob.ask("`me waves")
        self.server.turn(1)
        self.mallory.read()

    def _account(self, name):
        client = self.server.connect()
        client.ask(f"`register {name} {WORD}")
        return client

    def ask(self, request):
        """Return all that mallory reads after a request, less what differs in every session."""
        self.mallory.send(request)
        self.server.turn(1)
        assert not self.mallory.closed
        frames = self.mallory.read()
        return [_without_token(frame) for frame in frames]

    def metrics(self):
        """Return the values of the metrics that count rooms and users in rooms."""
        protocol = self.server.reactor.tcpServers[0][1].buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        lines = transport.value().decode().splitlines()
        return [line for line in lines if line.startswith(("chatd_rooms ", "chatd_chatters "))]


def _without_token(frame):
    if not frame.startswith("{"):
        return frame
    fields = json.loads(frame)
    fields.pop("session", None)
    return fields


@pytest.mark.parametrize("as_account", [False, True], ids=["guest", "account"])
def test_a_stranger_reads_the_same_in_text(as_account):
    """No typed command tells whether a private room exists."""
    for typed in TYPED:
        for word in WORDS:
            with_room = House(has_private=True, as_account=as_account)
            without = House(has_private=False, as_account=as_account)
            line = typed.format(word)
            assert (line, with_room.ask(line)) == (line, without.ask(line))
            assert with_room.carl.read() == without.carl.read()
            if "{0}" not in typed:
                break


@pytest.mark.parametrize("as_account", [False, True], ids=["guest", "account"])
def test_a_stranger_reads_the_same_in_json(as_account):
    """No request in JSON tells whether a private room exists."""
    with_room = House(has_private=True, as_account=as_account)
    without = House(has_private=False, as_account=as_account)
    assert with_room.ask("`format json") == without.ask("`format json")
    for request in REQUESTS:
        for word in WORDS:
            filled = {
                name: value.format(word) if isinstance(value, str) else value
                for name, value in request.items()
            }
            frame = json.dumps(filled)
            assert (frame, with_room.ask(frame)) == (frame, without.ask(frame))


def test_metrics():
    """They count the rooms that are listed, and the users in these."""
    assert House(has_private=True).metrics() == House(has_private=False).metrics()


@pytest.mark.parametrize("word", [ID, "TEA"])
def test_the_id_cannot_be_taken(word):
    """That is the one thing that can be learnt, and it is so after the end of the room as well."""
    house = House(has_private=True)
    house.ask("`quit")
    refused = [f"Server: Chatroom id {word} is not allowed."]
    for line in (f"`start {word} x", f"`enter {word} Mallory"):
        assert house.ask(line) == refused
    house.server.console(f"end {ID}")
    for line in (f"`start {word} x", f"`enter {word} Mallory"):
        assert house.ask(line) == refused
    alice = house.server.connect()
    alice.ask(f"`login alice {WORD}")
    assert alice.ask(f"`start {word} x") == [f"Server: Chatroom {word} started!"]
    assert house.ask(f"`join {word} Mallory") == [f"Server: You join @chatroom {word}"]


def test_nothing_of_the_room_is_found_when_it_is_started_again():
    """The messages of the private room are neither read nor found in the next one of that id."""
    house = House(has_private=True)
    house.server.console(f"end {ID}")
    house.server.console(f"start {ID} new")
    house.ask("`quit")
    house.ask(f"`join {ID} Mallory")
    assert house.ask("`history") == [f"Server: No messages in chatroom {ID}!"]
    assert house.ask("`search secret") == ["Server: No messages found!"]
