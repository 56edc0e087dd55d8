"""The fields of replies."""

import json

import pytest

from chatd.core.events import Message
from chatd.core.records import AccessKind
from chatd.protocol import people_replies, replies, room_replies, session_replies
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.json_decoder import decode_event
from chatd.protocol.json_encoder import encode
from chatd.protocol.json_results import RESULTS, RESULTS_BY_COMMAND
from chatd.protocol.received import Ok
from chatd.protocol.replies import EnteredRoom, JoinedRoom, Result, SecretSent
from chatd.protocol.room_replies import (
    AccessInfo,
    AccessList,
    ActDone,
    Found,
    ReadNoted,
    RoomEnded,
    SecretKept,
    SettingReply,
)

MESSAGE = Message("1", 7394, "Alice", "hi", 7.5)
SAID = {"event": "said", "room": "1", "id": 7394, "from": "Alice", "text": "hi"}
SAID |= {"time": "1970-01-01T00:00:07.500Z"}
MODULES = (replies, people_replies, session_replies, room_replies)


@pytest.mark.parametrize(
    ("result", "command", "data"),
    [
        (
            JoinedRoom("1", "Al", 7, "tea", ("Al",), 1, "fish", 5),
            "join",
            {
                "room": "1",
                "name": "Al",
                "last": 7,
                "room_name": "tea",
                "members": ["Al"],
                "count": 1,
                "topic": "fish",
                "read": 5,
            },
        ),
        (
            EnteredRoom("1", "Al", 0),
            "enter",
            {
                "room": "1",
                "name": "Al",
                "last": 0,
                "room_name": "",
                "members": [],
                "count": 0,
                "topic": "",
            },
        ),
        (SecretSent("Bob"), "secret", {"name": "Bob"}),
        (SecretKept("Bob"), "secret", {"name": "Bob", "kept": True}),
        (ActDone("op", "1", "Bob"), "op", {"room": "1", "name": "Bob"}),
        (ActDone("delete", "1", id=7), "delete", {"room": "1", "id": 7}),
        (SettingReply("topic", "1", "tea", ""), "topic", {"room": "1", "topic": ""}),
        (SettingReply("limit", "1", "tea", None), "limit", {"room": "1", "limit": None}),
        (
            SettingReply("open-topic", "1", "tea", True, changed=True),
            "open-topic",
            {"room": "1", "open-topic": True, "changed": True},
        ),
        (RoomEnded("1"), "end", {"room": "1"}),
        (
            AccessList(
                "1",
                (
                    AccessInfo(AccessKind.BAN, "Bob", None, "Alice", 7.5, "spam"),
                    AccessInfo(AccessKind.MUTE, "Eve", 67.5, "Administrator", 7.5),
                ),
            ),
            "bans",
            {
                "room": "1",
                "entries": [
                    {
                        "kind": "ban",
                        "name": "Bob",
                        "until": None,
                        "by": "Alice",
                        "created": "1970-01-01T00:00:07.500Z",
                        "reason": "spam",
                    },
                    {
                        "kind": "mute",
                        "name": "Eve",
                        "until": "1970-01-01T00:01:07.500Z",
                        "by": "Administrator",
                        "created": "1970-01-01T00:00:07.500Z",
                        "reason": "",
                    },
                ],
            },
        ),
        (Found((MESSAGE,), "hi"), "search", {"messages": [SAID]}),
        (Found((MESSAGE,), "hi", more=True), "search", {"messages": [SAID], "more": True}),
        (ReadNoted("1", 7), "read", {"room": "1", "id": 7}),
    ],
)
def test_fields(result, command, data):
    """A reply has the command that asked for it, its words, and the fields for programs."""
    (frame,) = encode(result)
    reply = json.loads(frame)
    assert {name: reply.pop(name) for name in data} == data
    assert reply.keys() == {"event", "command", "text"}
    assert decode_event(frame) == Ok(command, reply["text"], None, data)


@pytest.mark.parametrize(
    "result",
    [
        ActDone("kick", "1", "Bob", tag="t"),
        SettingReply("key", "1", "tea", True, tag="t"),
        Found((), tag="t"),
    ],
)
def test_the_tag(result):
    """Every reply repeats the tag of its request."""
    (frame,) = encode(result)
    assert json.loads(frame)["tag"] == "t"


def test_every_result_is_declared_once():
    """The classes that have no fields but words are the only ones without a shape."""
    kinds = {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Result) and kind is not Result
    }
    shown = [shape.kind for shape in RESULTS]
    assert len(shown) == len(set(shown))
    words_only = {replies.Help, replies.Goodbye, replies.Pong, replies.PasswordChanged}
    assert kinds - set(shown) == {*words_only, SettingReply, people_replies.OthersHere}


def test_commands_of_results():
    """Each command but `secret`, whose result may be kept, has one shape of result."""
    assert RESULTS_BY_COMMAND.keys() <= CLIENT_COMMANDS.keys()
    several = {command for command, shapes in RESULTS_BY_COMMAND.items() if len(shapes) > 1}
    assert several == {"secret"}
