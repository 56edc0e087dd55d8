"""The codec of a session that ignores somebody: it leaves messages out, or marks them."""

import json
from dataclasses import replace
from weakref import ref

import pytest

from chatd.core.events import Joined, Message, MessageBatch, PrivateMessage, TagMessage
from chatd.core.ignorelist import GuestNames, IgnoreList
from chatd.core.room_events import Invited
from chatd.protocol.codec import json_codec, text_codec
from chatd.protocol.framing import Framing
from chatd.protocol.ignoring import ignoring_codec
from chatd.protocol.replies import History
from chatd.protocol.room_replies import Found

IGNORED = IgnoreList({7: "bob"})
TEXT, JSON = text_codec(Framing.NUL, True), json_codec(Framing.NUL, True)
BATCH = MessageBatch("1", 5, "bob", ["a", "b"], 0.0, 7)
SECRET = PrivateMessage("bob", "psst", 0.0, account=7)


@pytest.mark.parametrize("event", [BATCH, SECRET])
def test_text_leaves_messages_out(event):
    """The trace does not show them either, and those of others are as ever."""
    codec = ignoring_codec(TEXT, IGNORED)
    assert codec.encode(event) == b""
    assert codec.describe(event) == []
    other = event._replace(account=8) if event is BATCH else PrivateMessage("bob", "psst", 0.0)
    assert codec.encode(other) == TEXT.encode(other)
    assert codec.describe(other) == TEXT.describe(other)


def test_json_marks_messages():
    """Each has all its fields and the mark."""
    codec = ignoring_codec(JSON, IGNORED)
    for event in (BATCH, SECRET):
        frames = codec.encode(event).split(b"\0")[:-1]
        plain = [json.loads(frame) for frame in JSON.encode(event).split(b"\0")[:-1]]
        assert [json.loads(frame) for frame in frames] == [
            {**fields, "ignored": True} for fields in plain
        ]
    assert "psst" not in "".join(codec.describe(SECRET))


def test_own_copies_and_other_events():
    """The secrets of the user, and all other events, are as ever."""
    copy = PrivateMessage("ann", "psst", 0.0, "bob", 3)
    joined = Joined("1", "bob", None, 0.0)
    for inner in (TEXT, JSON):
        codec = ignoring_codec(inner, IGNORED)
        for event in (copy, joined):
            assert codec.encode(event) == inner.encode(event)


def test_histories():
    """Text has the messages of others alone, JSON has all, with the mark where it belongs."""
    said = [Message("1", 1, "ann", "x", 0.0, 3), Message("1", 2, "bob", "y", 0.0, 7)]
    history = History("1", tuple(said), "t")
    rest = History("1", (said[0],), "t")
    assert ignoring_codec(TEXT, IGNORED).encode(history) == TEXT.encode(rest)
    sent = json.loads(ignoring_codec(JSON, IGNORED).encode(history).rstrip(b"\0"))
    assert [message.get("ignored") for message in sent["messages"]] == [None, True]


@pytest.mark.parametrize(
    "event",
    [
        Invited("1", "tea", "bob", 0.0, 7),
        PrivateMessage("bob", "psst", 0.0, account=7, is_kept=True),
    ],
)
def test_invitations_and_kept_messages(event):
    """Neither codec has those of ignored users, both have those of others."""
    other = replace(event, account=8)
    for inner in (TEXT, JSON):
        codec = ignoring_codec(inner, IGNORED)
        assert codec.encode(event) == b""
        assert codec.describe(event) == []
        assert codec.encode(other) == inner.encode(other)


class TagCodec:
    """Encodes the tags alone."""

    marks_ignored = False

    def encode(self, event):
        return event.tags.encode()


def test_tags_without_a_message():
    """Those of ignored users are left out."""
    codec = ignoring_codec(TagCodec(), IGNORED)
    tagged = TagMessage("1", "bob", "+typing=active", 0.0, 7)
    assert codec.encode(tagged) == b""
    assert codec.encode(replace(tagged, account=8)) == b"+typing=active"


def test_an_invitation_of_a_guest():
    """A guest is ignored by name."""
    ignored = IgnoreList(guests=(GuestNames("Eve"),))
    codec = ignoring_codec(JSON, ignored)
    assert codec.encode(Invited("1", "tea", "Eve", 0.0)) == b""
    assert codec.encode(Invited("1", "tea", "Eve", 0.0, 7)) != b""


def test_searches():
    """Text has the messages of others alone, but pages behind all; JSON has all, with the mark."""
    said = [Message("1", 9, "ann", "tea", 0.0, 3), Message("1", 2, "bob", "tea", 0.0, 7)]
    found = Found(tuple(said), "tea", more=True, tag="t")
    shown = ignoring_codec(TEXT, IGNORED).encode(found)
    assert shown == b"".join(
        line.encode()
        for line in (
            "Server: \n[1970-01-01 00:00:00 UTC] #9 ann: tea\n",
            "… older ones: `search tea #before:2\n\0",
        )
    )
    sent = json.loads(ignoring_codec(JSON, IGNORED).encode(found).rstrip(b"\0"))
    assert [message.get("ignored") for message in sent["messages"]] == [None, True]
    assert "bob" not in sent["text"]


def test_codecs_in_use():
    """A list keeps no codec that no session uses, nor the codec in it."""
    ignored, codec = IgnoreList({7: "bob"}), TagCodec()
    used, inner = ignoring_codec(codec, ignored), ref(codec)
    del codec
    assert inner() is not None
    assert len(ignored.codecs) == 1
    del used
    assert inner() is None
    assert len(ignored.codecs) == 0


def test_one_codec_for_a_list():
    """Sessions of a user share it, also as the number of their rooms changes."""
    codec = ignoring_codec(TEXT, IGNORED)
    assert ignoring_codec(TEXT, IGNORED) is codec
    assert codec.for_room_count(1) is codec
    assert codec.for_room_count(2) is ignoring_codec(TEXT.for_room_count(2), IGNORED)
    assert codec.for_room_count(2).for_room_count(1) is codec
    assert (codec.is_text, codec.marks_ignored) == (True, False)
    assert ignoring_codec(JSON, IGNORED).marks_ignored
