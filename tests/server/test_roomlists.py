"""The list of rooms comes in pages, which clients share."""

import json

import pytest

from chatd.core.rooms import User
from chatd.storage.testing import result
from chatd.testing import MemoryServer


@pytest.fixture
def server():
    """Return a server with 212 rooms, and 62 users in the first one."""
    rooms = tuple((str(number), f"room {number}") for number in range(212))
    server = MemoryServer(rooms=rooms, hide_addresses=True)
    for number in range(62):
        session = server.open_session()
        result(server.service.chat.join(session, "0", f"user{number}", 0))
    server.turn()
    return server


def ask(client, **arguments):
    """Ask for a list in JSON; return the answer."""
    return json.loads(client.ask(json.dumps({"command": "list", **arguments}))[0])


def json_client(server):
    """Return a client that uses JSON."""
    client = server.connect()
    client.ask("`format json")
    return client


def test_text(server):
    """The text has the first 200 rooms and 50 users of each, and says how many more there are."""
    lines = server.connect().ask("`list")[0].split("\n")
    users = "".join(f"user{number} " for number in range(50))
    assert lines[:3] == ["Server: ", f"room 0@0: {users}… and 12 more", "room 1@1: no chatters!"]
    assert lines[-3:] == ["room 199@199: no chatters!", "… and 12 more", ""]
    assert len(lines) == 203


def test_pages(server):
    """A program reads page after page until nothing is left out."""
    client = json_client(server)
    first = ask(client, tag="a")
    assert (len(first["rooms"]), first["more"], first["tag"]) == (200, 12, "a")
    assert (len(first["rooms"][0]["chatters"]), first["rooms"][0]["more"]) == (50, 12)
    last = ask(client, since=first["rooms"][-1]["id"])
    assert [room["id"] for room in last["rooms"]] == [str(number) for number in range(200, 212)]
    assert "more" not in last
    page = ask(client, since="3", limit=2)
    assert ([room["id"] for room in page["rooms"]], page["more"]) == (["4", "5"], 206)
    assert len(ask(client, limit=1000)["rooms"]) == 200
    assert [room["id"] for room in ask(client, chatroom_id="7")["rooms"]] == ["7"]
    assert ask(client, since="none")["code"] == "no-such-room"
    assert ask(client, chatroom_id="none")["code"] == "no-such-room"


def test_clients_share_a_page(server):
    """In one turn all clients get the same bytes, until something changes."""
    lists, one, other = server.service.room_lists, User("unix"), User("unix")
    assert lists.page(one) is lists.page(other)
    client = json_client(server)
    before = lists.page(one)
    ask(client, tag="x")
    ask(client, tag="y")
    server.turn()
    assert lists.page(one) is not before


def test_changes_within_a_turn(server):
    """A list is up to date, also if it was asked for before in the same turn."""
    client = server.connect()
    client.send("`list", "`enter 5 Ann", "`list", "`rename Bea", "`list", "`quit", "`list")
    lists = [frame for frame in client.read() if frame.startswith("Server: \n")]
    rows = [text.split("\n")[6] for text in lists]
    assert rows == [f"room 5@5: {who}" for who in ("no chatters!", "Ann ", "Bea ", "no chatters!")]
    client.send("`list", "`start x new", "`list")
    assert [frame.split("\n")[-2] for frame in client.read()[::2]] == [
        "… and 12 more",
        "… and 13 more",
    ]


def test_one_rendering_in_a_turn(server, monkeypatch):
    """However many clients ask in one turn, the list is encoded once for each codec."""
    calls = []
    monkeypatch.setattr("chatd.protocol.text.room_lines", lambda *_, **__: calls.append(1) or "")
    clients = [server.connect() for _ in range(8)]
    for client in clients:
        client.send("`list")
    assert len(calls) == 1


def test_the_console_lists_all(server):
    """The administrator sees every room and user."""
    lines = server.console("list")
    assert "user61" in lines[1]
    assert lines[-2] == "Administrator: room 211@211: no chatters!" or "211" in lines[-2]
