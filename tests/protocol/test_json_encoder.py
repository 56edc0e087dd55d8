"""Events and replies as the server writes them (spec section 7)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ErrorCode
from chatd.core.events import (
    DisconnectReason,
    Joined,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    Moved,
    Notice,
)
from chatd.core.sanitize import sanitize
from chatd.protocol.json_decoder import decode_event
from chatd.protocol.json_encoder import encode
from chatd.protocol.received import Disconnect, Error, Ok
from chatd.protocol.replies import (
    Disconnecting,
    EnteredRoom,
    ErrorReply,
    FormatSet,
    History,
    JoinedRoom,
    LeftRoom,
    LoggedIn,
    Resumed,
    RoomInfo,
    RoomList,
    RoomRef,
)

WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
TIME = st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000)


def test_said_is_word_for_word():
    """The message of the specification is written exactly so, and the next in the batch too."""
    first, second = encode(MessageBatch("1", 7394, "Alice", ["hi", '"'], 1795186276.042))
    assert first == (
        '{"event":"said","room":"1","id":7394,"from":"Alice","text":"hi",'
        '"time":"2026-11-20T14:51:16.042Z"}'
    )
    assert second == first.replace("7394", "7395").replace('"hi"', '"\\""')


CLEAN = WORD.map(sanitize)


@given(
    st.builds(
        MessageBatch,
        CLEAN,
        st.integers(1),
        CLEAN,
        st.lists(CLEAN, min_size=1),
        TIME,
        st.none(),
        st.booleans(),
    )
)
def test_a_batch_is_its_messages(batch):
    """A program reads a batch as its messages one by one."""
    assert encode(batch) == [frame for said in batch.messages() for frame in encode(said)]


@pytest.mark.parametrize(
    ("reply", "frame"),
    [
        (
            JoinedRoom("1", "Al", 7, "tea", ("Bo", "Al"), 2, "fish", 5, tag="a"),
            (
                '{"event":"reply","command":"join","tag":"a","text":"You join @chatroom 1",'
                '"room":"1","name":"Al","last":7,"room_name":"tea","members":["Bo","Al"],"count":2,'
                '"topic":"fish","read":5}'
            ),
        ),
        (
            EnteredRoom("1", "Al", 0, "1", ("Al",), 1),
            (
                '{"event":"reply","command":"enter","text":"You join @chatroom 1",'
                '"room":"1","name":"Al","last":0,"room_name":"1","members":["Al"],"count":1,'
                '"topic":""}'
            ),
        ),
        (
            LeftRoom("1", "tea"),
            (
                '{"event":"reply","command":"quit","text":"You quitted from chatroom tea@1",'
                '"room":"1"}'
            ),
        ),
        (
            LoggedIn("al"),
            '{"event":"reply","command":"login","text":"Welcome back, al.","name":"al"}',
        ),
        (
            LoggedIn("al", (RoomRef("1", "tea"), RoomRef("2", "food"))),
            (
                '{"event":"reply","command":"login","text":"Welcome back, al.","name":"al",'
                '"rooms":["1","2"]}'
            ),
        ),
        (
            Resumed("al", None),
            (
                '{"event":"reply","command":"resume","text":"Welcome back, al.","name":"al",'
                '"account":null}'
            ),
        ),
        (
            FormatSet("json", "token", "chatd 0.1.0", 0, 7, 65536),
            (
                '{"event":"reply","command":"format","text":"You now speak json.","format":"json",'
                '"session":"token","server":"chatd 0.1.0","room_count":0,"user_count":7,'
                '"max_message":65536}'
            ),
        ),
        (
            FormatSet("text", None, "chatd 0.1.0", 3, 0, 65536),
            (
                '{"event":"reply","command":"format","text":"You now speak text.","format":"text",'
                '"server":"chatd 0.1.0","room_count":3,"user_count":0,"max_message":65536}'
            ),
        ),
        (
            ErrorReply(ErrorCode.NO_SUCH_ROOM, {"room": "3"}, "join", "a"),
            (
                '{"event":"error","command":"join","tag":"a","code":"no-such-room",'
                '"text":"Chatroom 3 NOT exist!"}'
            ),
        ),
        (
            ErrorReply(ErrorCode.TOO_LONG, {"limit": 2048}),
            (
                '{"event":"error","command":null,"code":"too-long",'
                '"text":"Message too long (at most 2048 bytes)."}'
            ),
        ),
        (
            ErrorReply(ErrorCode.NOT_STORED, {"room": "1", "id": 5}, "say"),
            (
                '{"event":"error","command":"say","code":"not-stored",'
                '"text":"Your message could not be stored.","room":"1","id":5}'
            ),
        ),
        (
            ErrorReply(ErrorCode.ROOM_FULL, {"room": "1", "room_name": "tea", "limit": 5}, "join"),
            (
                '{"event":"error","command":"join","code":"room-full",'
                '"text":"Chatroom tea@1 is full (at most 5).","limit":5}'
            ),
        ),
        (
            ErrorReply(ErrorCode.NO_SUCH_MESSAGE, {"room": "1"}, "delete"),
            (
                '{"event":"error","command":"delete","code":"no-such-message",'
                '"text":"None of the last messages in chatroom 1 is yours."}'
            ),
        ),
        (RoomList((), "t"), '{"event":"rooms","command":"list","tag":"t","rooms":[]}'),
        (
            History("1", (Message("1", 7, "Al", "hi", 7.5),)),
            (
                '{"event":"history","command":"history","room":"1","messages":[{"event":"said",'
                '"room":"1","id":7,"from":"Al","text":"hi","time":"1970-01-01T00:00:07.500Z"}]}'
            ),
        ),
        (
            Disconnecting(DisconnectReason.SHUTDOWN),
            (
                '{"event":"closing","code":"shutdown","retry":true,"from":"Administrator",'
                '"text":"Chatserver is going to shutdown..."}'
            ),
        ),
    ],
)
def test_replies_are_word_for_word(reply, frame):
    """A reply has its words and what a program needs beside them, and nothing empty."""
    assert encode(reply) == [frame]


def test_client_reads_replies_with_words():
    """A client reads the words of a reply and the fields that a program needs."""
    (joined,) = encode(JoinedRoom("1", "Al", 7, "tea", ("Al",), 1))
    (refused,) = encode(ErrorReply(ErrorCode.BUSY, command="login"))
    (closing,) = encode(Disconnecting(DisconnectReason.IDLE))
    data = {"room": "1", "name": "Al", "last": 7}
    data |= {"room_name": "tea", "members": ["Al"], "count": 1, "topic": ""}
    assert decode_event(joined) == Ok("join", "You join @chatroom 1", None, data)
    assert decode_event(refused) == Error("login", "busy", "Busy, try again.")
    assert decode_event(closing) == Disconnect("idle", "You were idle for too long.", retry=False)


def test_kicked_is_a_notice_and_a_left():
    """A user who is kicked reads why, and a program reads that the user has left."""
    frames = encode(Kicked("1", "tea", "Bob", ("127.0.0.1", 5), 0.0))
    notice, left = map(decode_event, frames)
    text = "You were kicked out from chatroom tea@1 by the Administrator!"
    assert notice == Notice("Server", text, 0.0)
    assert left == Left("1", "Bob", ("127.0.0.1", 5), LeaveReason.KICKED, 0.0)
    frames = encode(Kicked("1", "tea", "Bob", ("127.0.0.1", 5), 0.0, "Administrator", "spam"))
    notice, left = map(json.loads, frames)
    assert notice["text"].endswith(" by the Administrator: spam")
    assert (left["reason"], left["by"], left["text"]) == ("kicked", "Administrator", "spam")


def test_banned_is_a_notice_and_a_left():
    """As with a kick, in other words and with another reason."""
    frames = encode(Kicked("1", "tea", "Bob", "unix", 0.0, "Amy", "spam", is_ban=True))
    notice, left = map(decode_event, frames)
    assert notice == Notice("Server", "You are banned from chatroom tea@1: spam", 0.0)
    assert left == Left("1", "Bob", "unix", LeaveReason.BANNED, 0.0, by="Amy", text="spam")


def test_moved_is_a_notice_a_left_and_a_joined():
    """A user who is moved reads why, and a program reads in which room the user is now."""
    frames = encode(Moved("2", "food", "1", "Bob", "unix", 0.0))
    notice, left, joined = map(decode_event, frames)
    assert notice.text == "You were grouped into chatroom food@2 by the Administrator."
    assert left == Left("1", "Bob", "unix", LeaveReason.GROUPED, 0.0)
    assert joined == Joined("2", "Bob", "unix", 0.0)


HERE = ("127.0.0.1", 5)


@pytest.mark.parametrize(
    "event",
    [
        Joined("1", "Bob", HERE, 0.0),
        Left("1", "Bob", HERE, LeaveReason.QUIT, 0.0),
        Kicked("1", "tea", "Bob", HERE, 0.0),
        Moved("2", "food", "1", "Bob", HERE, 0.0),
        RoomList((RoomInfo("1", "tea", (("Bob", HERE),)),)),
    ],
)
def test_hidden_addresses(event):
    """With addresses hidden, no event has one."""
    frames = "".join(encode(event, show_addresses=False))
    assert "127.0.0.1" not in frames
    assert '"address":null' in frames
