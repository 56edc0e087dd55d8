"""Requests as JSON objects (spec section 7), and the objects themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError
from chatd.protocol import jsonio
from chatd.protocol.command import Request
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.error_text import error_text


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
    """A frame that is no request raises an error with a code and words that can be sent."""
    with pytest.raises(ChatError) as refused:
        jsonio.decode_request(frame, CLIENT_COMMANDS)
    assert refused.value.code == "bad-json"
    error_text(refused.value).encode()


def test_invalid_request_keeps_its_tag():
    """A program can tell which of its requests was refused."""
    frame = '{"command":"start","chatroom_id":"1","tag":"x"}'
    with pytest.raises(jsonio.InvalidRequestError) as refused:
        jsonio.decode_request(frame, CLIENT_COMMANDS)
    assert (refused.value.command, refused.value.tag) == ("start", "x")
    assert error_text(refused.value) == "Usage: `start <chatroom_id> <chatroom_name>"


@pytest.mark.parametrize(
    "frame",
    [
        '{"command":"switch","chatroom_id":1}',
        '{"command":"history","limit":true}',
        '{"command":"history","limit":7.9}',
        '{"command":"history","limit":-1}',
        '{"command":"format","format":"xml"}',
        '{"command":"private","private":1}',
        '{"command":"private","private":"yes"}',
        '{"command":"format","format":true}',
        '{"command":"limit","limit":false}',
        '{"command":"key","key":true}',
    ],
)
def test_parameters_have_their_types(frame):
    """A value of another type than the parameter's is refused with the usage, not converted."""
    with pytest.raises(jsonio.InvalidRequestError) as refused:
        jsonio.decode_request(frame, CLIENT_COMMANDS)
    assert refused.value.code == "usage"


def test_number_parameters_may_be_numbers():
    """A whole number may be written as a number or as a string."""
    for limit in ("20", '"20"'):
        request = jsonio.decode_request(f'{{"command":"history","limit":{limit}}}', CLIENT_COMMANDS)
        assert request == Request("history", {"limit": "20"})


@pytest.mark.parametrize(
    ("value", "word"), [("true", "on"), ("false", "off"), ('"on"', "on"), ('"off"', "off")]
)
def test_a_switch_may_be_a_boolean(value, word):
    """A switch, which is typed as on or off, may be true or false."""
    frame = f'{{"command":"open-topic","open-topic":{value}}}'
    request = jsonio.decode_request(frame, CLIENT_COMMANDS)
    assert request == Request("open-topic", {"open-topic": word})


def test_a_limit_may_be_a_number_or_off():
    """It is read as the word that is typed."""
    for value, word in (("5", "5"), ('"5"', "5"), ('"off"', "off")):
        request = jsonio.decode_request(f'{{"command":"limit","limit":{value}}}', CLIENT_COMMANDS)
        assert request == Request("limit", {"limit": word})


def test_request_round_trip():
    """The server reads the request that the client writes."""
    request = Request("say", {"text": "hi", "chatroom_id": "1"}, "7")
    assert jsonio.decode_request(jsonio.encode_request(request), CLIENT_COMMANDS) == request


def test_strings_are_sanitized():
    """JSON is no way round the rules of safe text."""
    request = jsonio.decode_request(r'{"command":"say","text":"a\u001b\u2028b"}', CLIENT_COMMANDS)
    assert request.arguments == {"text": "a\nb"}


@given(st.text(max_size=200))
def test_mask_takes_anything(text):
    """Every frame can be traced."""
    assert isinstance(jsonio.mask(text, CLIENT_COMMANDS), str)


def test_mask_hides_private_messages():
    """The trace shows that there was a private message, and not its text."""
    frame = '{"command":"secret","chatter_name":"Bob","message":"psst"}'
    assert jsonio.mask(frame, CLIENT_COMMANDS) == frame.replace("psst", "…")
