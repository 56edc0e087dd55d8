"""Codecs: which bytes a session reads, and how a codec takes frames apart."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core import sanitize
from chatd.core.events import Joined, JoinsFolded, MessageBatch, Notice, PrivateMessage
from chatd.core.room_events import ReadUpTo, RoomChanged
from chatd.protocol import codec as codec_module
from chatd.protocol.codec import CODECS, json_codec, text_codec
from chatd.protocol.command import MASK, PASSWORD_MASK, Request
from chatd.protocol.framing import Framing
from chatd.protocol.replies import FormatSet, RoomStarted
from chatd.protocol.room_replies import ActDone, SettingReply

TEXT, JSON = text_codec(Framing.NUL, True), json_codec(Framing.NUL, True)
BATCH = MessageBatch("2", 7, "Bob", ["hi", "a\nb"], 0.0)


@pytest.mark.parametrize(
    ("framing", "wire"),
    [
        (Framing.NUL, b"Bob: hi\0Bob: a\n  b\0"),
        (Framing.LF, b"Bob: hi\nBob: a\n  b\n"),
        (Framing.CRLF, b"Bob: hi\r\nBob: a\r\n  b\r\n"),
    ],
)
def test_text_of_a_batch(framing, wire):
    """Each message is a frame, and all newlines are those of the framing."""
    assert text_codec(framing, True).encode(BATCH) == wire


def test_json_of_a_batch():
    """Each message is an object in a frame of its own."""
    *frames, end = JSON.encode(BATCH).split(b"\0")
    assert [(json.loads(frame)["id"], json.loads(frame)["text"]) for frame in frames] == [
        (7, "hi"),
        (8, "a\nb"),
    ]
    assert end == b""


def test_equal_arguments_return_the_same_codec():
    """An event is encoded once for all of them."""
    assert CODECS["text"](Framing.LF, True) is CODECS["text"](Framing.LF, True)
    assert CODECS["json"](Framing.LF, True) is CODECS["json"](Framing.LF, True)
    assert TEXT.for_room_count(1) is TEXT


def test_room_tags_from_the_second_room_on():
    """A user in several rooms reads which room a frame is from; JSON always tells."""
    tagged = TEXT.for_room_count(2)
    assert tagged.encode(BATCH) == b"[2] Bob: hi\0[2] Bob: a\n  b\0"
    assert tagged.encode(Notice("Server", "hi", 0.0)) == b"Server: hi\0"
    assert JSON.for_room_count(2) is JSON


@pytest.mark.parametrize(
    ("frames", "messages"),
    [
        ([b"a"], ["a"]),
        ([b"a", b"b`c", b" `d"], ["a", "b`c", " `d"]),
        ([b"a", b"`list", b"b"], ["a"]),
        ([b"`list", b"a"], []),
        ([b"\1`list", b"a"], []),
        ([b"a", b"\1`list", b"b"], ["a"]),
        ([b"caf\xe9", b"`"], ["caf\ufffd"]),
    ],
)
def test_leading_messages(frames, messages):
    """The messages before the first command are taken together."""
    assert TEXT.leading_messages(frames) == messages


@given(st.lists(st.binary(max_size=4) | st.sampled_from([b"`a", b"a", b"\0`"]), min_size=1))
def test_leading_messages_are_those_that_decode_as_messages(frames):
    """Taken together, messages are the same as taken one by one."""
    texts = [sanitize.sanitize(frame.decode(errors="replace")) for frame in frames]
    commands = [at for at, text in enumerate(texts) if text.startswith("`")]
    assert TEXT.leading_messages(frames) == texts[: commands[0] if commands else None]


def test_frames_behind_a_command_are_not_decoded(monkeypatch):
    """The cost of a command does not depend on how many frames came with it in one read."""
    decoded = []

    def decode_frames(frames, joined):
        decoded.extend(frames)
        return sanitize.decode_frames(frames, joined)

    monkeypatch.setattr(codec_module, "decode_frames", decode_frames)
    waiting = [b"hi", *[b"`list"] * 50]
    for at in range(len(waiting)):
        TEXT.leading_messages(waiting[at:])
    assert decoded == [b"hi"]


def test_json_has_no_messages():
    """Every frame is a request."""
    assert JSON.leading_messages([b"hi"]) == []


@pytest.mark.parametrize(
    ("codec", "frame"), [(TEXT, b"`quit 2"), (JSON, b'{"command":"quit","chatroom_id":"2"}')]
)
def test_decode(codec, frame):
    """A request is the same whatever codec it comes through."""
    assert codec.decode(frame) == Request("quit", {"chatroom_id": "2"})


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (RoomStarted("1"), ["Chatroom 1 started!"]),
        (Joined("1", "Al", None, 0.0), ["Al: joined us @chatroom 1."]),
        (BATCH, ["Bob: hi", "Bob: a\n  b"]),
        (PrivateMessage("Al", "psst", 0.0), [f"Al (secret): {MASK}"]),
    ],
)
def test_describe(event, shown):
    """The trace shows the words, those of a reply without `Server: `, and no private message."""
    assert TEXT.describe(event) == shown


@pytest.mark.parametrize(
    "event",
    [
        ReadUpTo("1", 7),
        ActDone("kick", "1", "Bob"),
        SettingReply("limit", "1", "tea", 5, changed=True),
    ],
)
def test_events_without_words(event):
    """Text has no frame for them, in any framing and with room tags, and JSON has one."""
    for framing in Framing:
        assert text_codec(framing, True).encode(event) == b""
        assert text_codec(framing, True, True).encode(event) == b""
    assert TEXT.describe(event) == []
    assert JSON.encode(event).count(b"\0") == len(JSON.describe(event)) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (ActDone("invite", "1", "Bob"), b"Server: You invited Bob.\0"),
        (SettingReply("limit", "1", "tea", 5), b"Server: The limit is 5.\0"),
    ],
)
def test_replies_without_events(reply, words):
    """Text has the words where no event of the room tells of it; no tag is in front."""
    assert TEXT.for_room_count(2).encode(reply) == words


FOLDED = Joined("1", "Al", None, 0.0, is_folded=True)


@pytest.mark.parametrize(("codec", "event"), [(TEXT, FOLDED), (JSON, JoinsFolded("1", 2, "Al", 0))])
@pytest.mark.parametrize("room_count", [1, 2])
def test_events_for_one_format_alone(codec, event, room_count):
    """Text has no folded join and JSON has no number of them: there is no frame, nor a trace."""
    codec = codec.for_room_count(room_count)
    assert (codec.encode(event), codec.describe(event)) == (b"", [])


def test_a_folded_join_in_json():
    """It is a join as all others are."""
    assert JSON.encode(FOLDED) == JSON.encode(replace(FOLDED, is_folded=False))


def test_describe_masks_resume_tokens():
    """The trace shows that there is a token, and not which."""
    (shown,) = JSON.describe(FormatSet("json", "token"))
    assert json.loads(shown)["session"] == PASSWORD_MASK


def test_describe_frame_masks_passwords():
    """The trace shows requests without passwords, in text and in JSON."""
    assert TEXT.describe_frame(b"`login al pass-word") == f"`login al {PASSWORD_MASK}"
    frame = b'{"command":"login","username":"al","password":"pass-word"}'
    assert json.loads(JSON.describe_frame(frame))["password"] == PASSWORD_MASK


def test_describe_frame_masks_keys():
    """The trace shows no key of a room: not where it is set, nor where it is given."""
    assert TEXT.describe_frame(b"`join 1 Ann fish") == f"`join 1 Ann {PASSWORD_MASK}"
    assert TEXT.describe_frame(b"`enter 1 - fish") == f"`enter 1 - {PASSWORD_MASK}"
    assert TEXT.describe_frame(b"`key fish") == f"`key {PASSWORD_MASK}"
    assert TEXT.describe_frame(b"`join 1 Ann") == "`join 1 Ann"
    frame = b'{"command":"join","chatroom_id":"1","key":"fish"}'
    assert json.loads(JSON.describe_frame(frame))["key"] == PASSWORD_MASK
    assert JSON.describe(RoomChanged("1", "Al", 0.0, {"key": True}))[0].endswith('"key":true}')
