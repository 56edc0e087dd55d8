"""Replies as data: each has a command, and both codecs can encode each."""

import json
from dataclasses import fields, is_dataclass
from typing import get_args

import pytest

from chatd.core.errors import ErrorCode, NameFlaw
from chatd.core.events import DisconnectReason, Joined, PrivateAddress
from chatd.core.rooms import Room, User
from chatd.protocol import replies
from chatd.protocol.codec import CODECS
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.framing import Framing
from chatd.protocol.replies import Disconnecting, ErrorReply, Reply, Result, RoomInfo

RESULTS = [
    kind
    for kind in vars(replies).values()
    if isinstance(kind, type) and issubclass(kind, Result) and kind is not Result
]


def example(kind):
    """Return a result of a class, with made-up values."""
    required = [
        field
        for field in fields(kind)
        if field.init and field.name not in {"tag", "rooms", "session"}
    ]
    return kind(*("x" for _ in required))


@pytest.mark.parametrize("kind", RESULTS)
def test_result_belongs_to_a_command(kind):
    """Each result is that of one command of the table."""
    assert kind.command in CLIENT_COMMANDS


def test_results_have_different_commands():
    """A client can tell by the command which fields to expect."""
    commands = [kind.command for kind in RESULTS]
    assert len(commands) == len(set(commands))


@pytest.mark.parametrize("kind", RESULTS)
def test_result_has_words_and_an_object(kind):
    """Text and JSON have a form for each result, with the same words."""
    text = CODECS["text"](Framing.NUL, True).encode(example(kind)).decode()
    frame = CODECS["json"](Framing.NUL, True).encode(example(kind))
    reply = json.loads(frame.rstrip(b"\0"))
    assert reply["command"] == kind.command
    # A text client reads in a frame of its own that a user is away.
    assert text.replace("\0Server: ", " ") == f"Server: {reply['text']}\0"


@pytest.mark.parametrize("code", ErrorCode)
def test_error_has_words_and_an_object(code):
    """Text and JSON have a form for each error."""
    params = dict.fromkeys(("room", "name", "id", "limit", "reason", "usage", "command"), "x")
    params |= {"least": 8, "address": "x", "network": "x", "room_name": "x", "role": "x"}
    if code is ErrorCode.BAD_NAME:
        params["reason"] = NameFlaw.BLANK
    reply = ErrorReply(code, {**params, "subject": "x"})
    assert CODECS["text"](Framing.NUL, True).encode(reply).startswith(b"Server: ")
    assert f'"code":"{code}"'.encode() in CODECS["json"](Framing.NUL, True).encode(reply)


@pytest.mark.parametrize("reason", DisconnectReason)
def test_disconnection_has_words_and_an_object(reason):
    """Text and JSON have a form for each reason."""
    reply = Disconnecting(reason)
    assert b": " in CODECS["text"](Framing.NUL, True).encode(reply)
    assert f'"code":"{reason.code}"'.encode() in CODECS["json"](Framing.NUL, True).encode(reply)


def test_replies_are_frozen():
    """A reply is data that nobody changes on its way."""
    assert all(is_dataclass(kind) and kind.__dataclass_params__.frozen for kind in get_args(Reply))


def test_room_info_of_a_room():
    """A list has a room and its members as they are now, and the number of those left out."""
    room, user = Room("1", "tea"), User(("127.0.0.1", 5))
    user.name = "Al"
    room.add(user, 0)
    info = RoomInfo("1", "tea", (("Al", ("127.0.0.1", 5)),))
    assert RoomInfo.of(room) == RoomInfo.for_clients(room, 1) == info
    assert RoomInfo.for_clients(room, 0) == RoomInfo("1", "tea", more=1)


def test_a_private_address_is_for_the_administrator():
    """Clients are not shown where a user is whose address is private."""
    room, user = Room("1", "tea"), User(PrivateAddress("203.0.113.9", 5))
    user.name = "Al"
    room.add(user, 0)
    assert RoomInfo.of(room).chatters == (("Al", ("203.0.113.9", 5)),)
    assert RoomInfo.for_clients(room, 1).chatters == (("Al", None),)
    joined = Joined("1", "Al", user.address, 0.0)
    assert b'"address":null' in CODECS["json"](Framing.NUL, True).encode(joined)
