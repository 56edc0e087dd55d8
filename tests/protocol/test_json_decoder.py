"""Events and replies as a client reads them: by the declared types, and nothing else."""

import json

import pytest

from chatd.core.events import Joined, Message
from chatd.protocol.json_decoder import UnknownEventError, decode_event
from chatd.protocol.received import Disconnect, Error, History, Ok, Receipt, RoomInfo, RoomList

TIME = "1970-01-01T00:00:07.500Z"


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (
            {"event": "said", "room": "1", "id": 3, "from": "Al", "text": "hi", "time": TIME},
            Message("1", 3, "Al", "hi", 7.5),
        ),
        (
            {"event": "said", "room": "1", "id": 3, "from": "Al", "deleted": True, "time": TIME},
            Message("1", 3, "Al", "", 7.5, is_deleted=True),
        ),
        (
            {
                "event": "said",
                "room": "1",
                "id": 3,
                "from": "Al",
                "text": "hi",
                "deleted": True,
                "time": TIME,
            },
            Message("1", 3, "Al", "", 7.5, is_deleted=True),
        ),
        (
            {"event": "reply", "command": "limit", "text": "x", "room": "1", "limit": None},
            Ok("limit", "x", None, {"room": "1", "limit": None}),
        ),
        (
            {"event": "joined", "room": "1", "who": "Al", "address": None, "time": TIME},
            Joined("1", "Al", None, 7.5),
        ),
        (
            {"event": "reply", "command": "join", "tag": "a", "text": "You join", "last": 3},
            Ok("join", "You join", "a", {"last": 3}),
        ),
        (
            {"event": "error", "command": None, "code": "x", "text": "Y", "room": "1"},
            Error(None, "x", "Y", None, {"room": "1"}),
        ),
        (
            {
                "event": "rooms",
                "command": "list",
                "tag": "t",
                "rooms": [
                    {"id": "1", "name": "tea", "chatters": [{"name": "Al", "address": ["::1", 5]}]}
                ],
            },
            RoomList((RoomInfo("1", "tea", (("Al", ("::1", 5)),)),), "t"),
        ),
        (
            {"event": "history", "command": "history", "room": "1", "messages": []},
            History("1", ()),
        ),
        ({"event": "stored", "room": "1", "id": 3, "tag": None}, Receipt("1", 3)),
        (
            {"event": "closing", "code": "idle", "retry": False, "text": "Bye", "from": "Server"},
            Disconnect("idle", "Bye", retry=False),
        ),
        (
            {"event": "reply", "command": "dance", "text": "ü", "steps": 3},
            Ok("dance", "ü", None, {"steps": 3}),
        ),
    ],
)
def test_decode(frame, event):
    """An object becomes its event; the fields of a reply that are not declared are data."""
    assert decode_event(json.dumps(frame)) == event


def test_unknown_fields_are_passed_over():
    """A later server may send more fields."""
    frame = '{"event":"stored","room":"1","id":3,"colour":"red"}'
    assert decode_event(frame) == Receipt("1", 3)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{}",
        '{"event":"dance"}',
        '{"event":["said"]}',
        '{"event":"said"}',
        "[" * 10_000,
        '{"event":"error","command":"x","code":"x","text":"x","tag":5}',
        '{"event":"error","command":5,"code":"x","text":"x"}',
        '{"event":"reply","command":"x","text":"x","tag":[]}',
        '{"event":"rooms","rooms":[],"tag":5}',
        '{"event":"rooms","rooms":{}}',
        '{"event":"rooms","rooms":[{"id":"1","name":"tea","chatters":"Al"}]}',
        '{"event":"history","room":"1","messages":[],"tag":5}',
        '{"event":"history","room":"1","messages":[{"event":"said"}]}',
        '{"event":"stored","room":"1","id":1,"tag":5}',
        '{"event":"stored","room":"1","id":"7"}',
        '{"event":"stored","room":"1","id":7.9}',
        '{"event":"stored","room":"1","id":true}',
        '{"event":"closing","code":"idle","retry":1,"text":"x","from":"x"}',
        '{"event":"joined","room":"1","who":"Al","address":["::1","5"],"time":"1970-01-01T00:00Z"}',
        '{"event":"joined","room":"1","who":"Al","address":["::1",5,6],"time":"1970-01-01T00:00Z"}',
        '{"event":"closed","room":"1","time":5}',
        '{"event":"closed","room":"1","time":"9999-12-31T23:59:59-23:59"}',
        '{"event":"closed","room":"1","time":"9999-12-31T23:59:59.999999Z"}',
        '{"event":"reply","command":"join","text":"x","last":"7"}',
        '{"event":"reply","command":"login","text":"x","rooms":[1]}',
        '{"event":"reply","command":"kick","text":"x","name":7}',
        '{"event":"reply","command":"secret","text":"x","name":7}',
        '{"event":"reply","command":"limit","text":"x","limit":"5"}',
        '{"event":"reply","command":"search","text":"x","messages":[{"event":"said"}]}',
        '{"event":"room-changed","room":"1","by":"Al","time":"1970-01-01T00:00Z"}',
        '{"event":"room-changed","room":"1","by":"Al","time":"1970-01-01T00:00Z","topic":5}',
        '{"event":"read","room":"1","id":"7"}',
        (
            '{"event":"role","room":"1","who":"Al","role":"king","by":"Bo",'
            '"time":"1970-01-01T00:00Z"}'
        ),
    ],
)
def test_unknown_events(frame):
    """An object with a field that is missing or of another type than declared is no event."""
    with pytest.raises(UnknownEventError):
        decode_event(frame)
