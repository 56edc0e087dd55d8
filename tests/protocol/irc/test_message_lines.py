"""The lines of messages, for clients with some capabilities."""

import irctokens
import pytest

from chatd.core.events import Message, MessageBatch, MessageKind, PrivateMessage
from chatd.core.profiles import Profile
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc.message_lines import MessageLines, private_id

NOW = 1_795_186_276.0425
TIME = "2026-11-20T14:51:16.042Z"
ALL = caps.SHARED


def read(lines):
    """Return the lines in a text, as irctokens understands them; each has its end."""
    *found, rest = lines.split("\r\n")
    assert rest == ""
    assert all(len(each.partition(" ")[2].encode()) <= 510 for each in found)
    return [irctokens.tokenise(each) for each in found]


def said(*texts, **more):
    """Return messages in a room."""
    return MessageBatch("tea", 7, "ann", texts, NOW, **more)


def batch(messages, *capabilities, extra=""):
    """Return the lines of messages in a room."""
    return read(MessageLines(frozenset(capabilities)).batch(messages, extra))


def bodies(lines):
    """Return the commands and parameters of lines."""
    return [(each.command, *each.params) for each in lines]


def test_a_line_without_capabilities():
    """It has a source and no tags."""
    (line,) = batch(said("hi there", profile=Profile("ann")))
    assert line.tags is None
    assert line.source == "ann!~ann@chatd/guest"
    assert bodies([line]) == [("PRIVMSG", "#tea", "hi there")]


def test_tags():
    """Each tag is for those who understand it; the id and the client's are with message-tags."""
    messages = said("hi", account=5, profile=Profile(is_bot=True), tags="+draft/reply=tea/1")
    assert batch(messages, caps.SERVER_TIME)[0].tags == {"time": TIME}
    assert batch(messages, caps.ACCOUNT_TAG)[0].tags == {"account": "ann"}
    (line,) = batch(messages, caps.MESSAGE_TAGS)
    assert line.tags == {"msgid": "tea/7", "bot": "", "+draft/reply": "tea/1"}
    assert batch(messages, extra="label=x")[0].tags == {"label": "x"}
    assert batch(said("hi"), caps.ACCOUNT_TAG)[0].tags is None


def test_several_messages():
    """Each has its own id."""
    lines = batch(said("a", "b"), caps.MESSAGE_TAGS)
    assert [line.tags["msgid"] for line in lines] == ["tea/7", "tea/8"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (MessageKind.ACTION, ("PRIVMSG", "#tea", "\x01ACTION waves\x01")),
        (MessageKind.NOTICE, ("NOTICE", "#tea", "waves")),
    ],
)
def test_kinds(kind, expected):
    """An action is a CTCP, a notice a NOTICE."""
    assert bodies(batch(said("waves", kind=kind))) == [expected]


def test_several_lines_are_a_batch():
    """The tags are those of its start; its lines have blank ones among them, and joined ones."""
    messages = said("\nhow is everyone?", cuts=(8,))
    start, *middle, end = batch(messages, *ALL)
    assert start.command == "BATCH"
    assert start.params == ["+m7", "draft/multiline", "#tea"]
    assert start.tags == {"time": TIME, "msgid": "tea/7"}
    assert [(line.params[1], line.tags) for line in middle] == [
        ("", {"batch": "m7"}),
        ("how is ", {"batch": "m7"}),
        ("everyone?", {"batch": "m7", "draft/multiline-concat": ""}),
    ]
    assert end.params == ["-m7"]


def test_several_lines_without_batches():
    """Blank ones are left out; the id is that of the first line, all else is the same."""
    messages = said("\nhow is everyone?\n\nbye", cuts=(8,), tags="+x=1")
    lines = batch(messages, caps.MESSAGE_TAGS, caps.SERVER_TIME, extra="batch=h")
    assert [line.params[1] for line in lines] == ["how is ", "everyone?", "bye"]
    common = {"time": TIME, "+x": "1", "batch": "h"}
    assert [line.tags for line in lines] == [{**common, "msgid": "tea/7"}, common, common]


def test_blank_lines_alone_are_no_lines():
    """Nothing is sent in their place."""
    assert batch(said("\n\n")) == []


@pytest.mark.parametrize("kind", list(MessageKind))
def test_long_lines_are_cut(kind):
    """No line is longer than 510 bytes, in any kind; the cut is where a line is full."""
    text = "é" * 600
    lines = batch(said(text, kind=kind))
    parts = [line.params[1].removeprefix("\x01ACTION ").removesuffix("\x01") for line in lines]
    assert "".join(parts) == text
    assert len(lines) == 3


def test_a_line_of_the_longest_length_is_one():
    """The source counts, and the end of the line does not."""
    length = 510 - len(":ann!~u@chatd/guest PRIVMSG #tea :")
    assert len(batch(said("x" * length))) == 1
    assert len(batch(said("x" * (length + 1)))) == 2


def test_an_action_is_no_batch():
    """Each of its lines tells what the sender does."""
    lines = batch(said("waves\nsmiles", kind=MessageKind.ACTION), *ALL)
    assert bodies(lines) == [
        ("PRIVMSG", "#tea", "\x01ACTION waves\x01"),
        ("PRIVMSG", "#tea", "\x01ACTION smiles\x01"),
    ]


def test_history():
    """A message of the history has its account, unless the name belongs to another one by now."""
    lines = MessageLines(ALL)
    message = Message("tea", 7, "ann", "hi", NOW, 5)
    (line,) = read(lines.message(message, "batch=h"))
    assert line.source == "ann!~u@chatd/account/ann"
    assert line.tags == {"time": TIME, "msgid": "tea/7", "account": "ann", "batch": "h"}
    (line,) = read(lines.message(message._replace(is_former=True), ""))
    assert line.source == "ann!~u@chatd/former"
    assert "account" not in line.tags
    of_a_guest = message._replace(account=None, is_former=True, text="x\n" * 9)
    assert {line.source for line in read(lines.message(of_a_guest, ""))} == {line.source}


def test_a_batch_in_a_batch():
    """The start of a message of several lines is in the batch that it belongs to."""
    start, first, _, _ = read(
        MessageLines(ALL).message(Message("tea", 7, "ann", "a\nb", NOW), "batch=h")
    )
    assert (start.tags["batch"], first.tags["batch"]) == ("h", "m7")


def test_a_private_message():
    """Its target is the reader, and its id is that of no message in a room."""
    message = PrivateMessage("ann", "hi", NOW, account=5, reader="bob", serial=3)
    (line,) = read(MessageLines(ALL).private(message, "label=x"))
    assert bodies([line]) == [("PRIVMSG", "bob", "hi")]
    assert line.tags == {
        "time": TIME,
        "account": "ann",
        "msgid": "ann/1795186276042500-3",
        "label": "x",
    }
    assert private_id(message) == line.tags["msgid"]


def test_a_private_message_of_several_lines():
    """It is a batch as well."""
    message = PrivateMessage("ann", "a\nb", NOW, reader="bob")
    start, *_ = read(MessageLines(ALL).private(message))
    assert start.params[1:] == ["draft/multiline", "bob"]
    lines = read(MessageLines(frozenset()).private(message))
    assert [line.params for line in lines] == [["bob", "a"], ["bob", "b"]]


def test_a_kept_message_has_its_time():
    """Clients that read no tags read it in the text."""
    message = PrivateMessage("ann", "hi", NOW, reader="bob", is_kept=True)
    (line,) = read(MessageLines(ALL).private(message))
    assert line.params[1] == "hi"
    (line,) = read(MessageLines(frozenset()).private(message))
    assert line.params[1] == "[2026-11-20 14:51:16 UTC] hi"
