"""Spec section 7: events and requests as JSON."""

import json as stdlib_json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError
from chatd.core.events import (
    Joined,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    Moved,
    Notice,
    PrivateMessage,
    RoomClosed,
)
from chatd.core.sanitize import sanitize
from chatd.protocol import json_decoder, json_encoder, jsonio
from chatd.protocol.commands import CLIENT_COMMANDS, Request
from chatd.protocol.replies import Disconnect, Error, Ok, RoomInfo, RoomList
from chatd.protocol.text import error_text

WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
ADDRESS = st.one_of(st.tuples(WORD, st.integers(0, 65535)), st.just("unix"), st.none())
TIME = st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000)
ROW = st.builds(RoomInfo, WORD, WORD, st.lists(st.tuples(WORD, ADDRESS)).map(tuple))
TAG = st.none() | WORD
EVENTS = st.one_of(
    st.builds(Message, WORD, st.integers(1), WORD, WORD, TIME, account=st.none()),
    st.builds(Joined, WORD, WORD, ADDRESS, TIME),
    st.builds(Left, WORD, WORD, ADDRESS, st.sampled_from(LeaveReason), TIME),
    st.builds(RoomClosed, WORD, TIME),
    st.builds(Notice, WORD, WORD, TIME, st.none() | WORD),
    st.builds(PrivateMessage, WORD, WORD, TIME),
    st.builds(Ok, WORD, WORD, TAG, st.dictionaries(st.sampled_from(["room", "last"]), WORD)),
    st.builds(Error, st.none() | WORD, WORD, WORD, TAG),
    st.builds(RoomList, st.lists(ROW).map(tuple), TAG),
    st.builds(Disconnect, WORD, WORD, st.booleans(), WORD),
)


@given(EVENTS)
def test_event_round_trip(event):
    """What the server tells is what the client reads, to the millisecond."""
    (frame,) = json_encoder.encode(event)
    read = json_decoder.decode_event(frame)
    if hasattr(event, "time"):
        assert read.time == pytest.approx(event.time, abs=0.0011)
        read = type(read)(**{**fields(read), "time": event.time})
    assert read == event


def fields(event):
    """Return the fields of an event."""
    names = getattr(event, "_fields", None) or event.__dataclass_fields__
    return {name: getattr(event, name) for name in names}


@given(EVENTS)
def test_event_is_one_line_of_json(event):
    """A frame is one object and holds no newline, so that it fits both framings."""
    (frame,) = json_encoder.encode(event)
    assert "\n" not in frame
    assert isinstance(stdlib_json.loads(frame), dict)


def test_said_is_word_for_word():
    """The example of the spec, and what is said right after it."""
    first, second = json_encoder.encode(
        MessageBatch("1", 7394, "Alice", ["hi", '"'], 1795186276.042)
    )
    assert first == (
        '{"event":"said","room":"1","id":7394,"from":"Alice","text":"hi",'
        '"time":"2026-11-20T14:51:16.042Z"}'
    )
    assert second == first.replace("7394", "7395").replace('"hi"', '"\\""')


CLEAN = WORD.map(sanitize)


@given(st.builds(MessageBatch, CLEAN, st.integers(1), CLEAN, st.lists(CLEAN, min_size=1), TIME))
def test_a_burst_is_its_messages(burst):
    """To a program a burst is no more than its messages one by one."""
    one_by_one = [frame for said in burst.messages() for frame in json_encoder.encode(said)]
    assert list(json_encoder.encode(burst)) == one_by_one


def test_kicked_is_a_notice_and_a_left():
    """Who is kicked reads why, and a program of his that he has left."""
    frames = json_encoder.encode(Kicked("1", "tea", "Bob", ("127.0.0.1", 5), 0.0))
    notice, left = map(json_decoder.decode_event, frames)
    text = "You were kicked out from chatroom tea@1 by the Administrator!"
    assert notice == Notice("Server", text, 0.0)
    assert left == Left("1", "Bob", ("127.0.0.1", 5), LeaveReason.KICKED, 0.0)


def test_grouped_is_a_notice_a_left_and_a_joined():
    """Who is grouped reads why, and a program of his where he is now."""
    frames = json_encoder.encode(Moved("2", "food", "1", "Bob", "unix", 0.0))
    notice, left, joined = map(json_decoder.decode_event, frames)
    assert notice.text == "You were grouped into chatroom food@2 by the Administrator."
    assert left == Left("1", "Bob", "unix", LeaveReason.GROUPED, 0.0)
    assert joined == Joined("2", "Bob", "unix", 0.0)


def test_hidden_addresses():
    """With addresses hidden, none is in any event."""
    event = Joined("1", "Bob", ("127.0.0.1", 5), 0.0)
    (frame,) = json_encoder.encode(event, show_addresses=False)
    assert stdlib_json.loads(frame)["address"] is None


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        "1",
        "{",
        "{}",
        "[" * 10_000,
        "1" * 5000,
        '{"command":1}',
        '{"command":"list","tag":7}',
        '{"command":"list","tag":"\\ud800"}',
    ],
)
def test_bad_json(frame):
    """What is no request is the peer's fault, and told with a code."""
    with pytest.raises(ChatError) as refused:
        jsonio.decode_request(frame, CLIENT_COMMANDS)
    assert refused.value.code == "bad-json"
    error_text(refused.value).encode()


def test_refused_request_keeps_its_tag():
    """A program can tell which of its requests was refused."""
    with pytest.raises(jsonio.RefusedRequestError) as refused:
        jsonio.decode_request('{"command":"start","chatroom_id":"1","tag":"x"}', CLIENT_COMMANDS)
    assert (refused.value.command, refused.value.tag) == ("start", "x")
    assert error_text(refused.value) == "Usage: `start <chatroom_id> <chatroom_name>"


def test_parameters_must_be_strings():
    """A number where a string belongs is refused, not guessed at."""
    with pytest.raises(jsonio.RefusedRequestError):
        jsonio.decode_request('{"command":"switch","chatroom_id":1}', CLIENT_COMMANDS)


def test_request_round_trip():
    """What the client asks is what the server reads."""
    request = Request("say", {"text": "hi", "chatroom_id": "1"}, "7")
    assert jsonio.decode_request(jsonio.encode_request(request), CLIENT_COMMANDS) == request


def test_strings_are_cleaned():
    """JSON is no way round the rules of safe text."""
    request = jsonio.decode_request(r'{"command":"say","text":"a\u001b\u2028b"}', CLIENT_COMMANDS)
    assert request.arguments == {"text": "a\nb"}


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{}",
        '{"event":"dance"}',
        '{"event":"said"}',
        "[" * 10_000,
        '{"event":"error","command":"x","code":"x","text":"x","tag":5}',
        '{"event":"error","command":5,"code":"x","text":"x"}',
        '{"event":"reply","command":"x","text":"x","tag":[]}',
        '{"event":"rooms","rooms":[],"tag":5}',
        '{"event":"history","room":"1","messages":[],"tag":5}',
        '{"event":"stored","room":"1","id":1,"tag":5}',
        '{"event":"closed","room":"1","time":"9999-12-31T23:59:59-23:59"}',
        '{"event":"closed","room":"1","time":"9999-12-31T23:59:59.999999Z"}',
    ],
)
def test_unknown_events(frame):
    """A client passes over what it does not know."""
    with pytest.raises(json_decoder.UnknownEventError):
        json_decoder.decode_event(frame)


@given(st.text(max_size=200))
def test_redact_never_fails(text):
    """Whatever comes can be traced."""
    assert isinstance(jsonio.mask(text, CLIENT_COMMANDS), str)


def test_redact_masks_secrets():
    """The trace shows that there was a secret, not what it was."""
    frame = '{"command":"secret","chatter_name":"Bob","message":"psst"}'
    assert jsonio.mask(frame, CLIENT_COMMANDS) == frame.replace("psst", "…")
