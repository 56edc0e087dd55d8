"""The words of messages, old ones and those that a search finds."""

import pytest

from chatd.core.events import Message, MessageKind, PrivateMessage
from chatd.protocol.message_text import (
    found_words,
    history_lines,
    private_words,
    said_words,
    utc,
)
from chatd.protocol.room_replies import Found

TIME = 1795186276.9
HI = Message("1", 7394, "Alice", "hi", TIME)
WAVES = HI._replace(text="waves", kind=MessageKind.ACTION)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (HI, "Alice: hi"),
        (HI._replace(text="hi\nBob: no"), "Alice: hi\n  Bob: no"),
        (HI._replace(is_former=True), "Alice (former): hi"),
        (HI._replace(text="waves", kind=MessageKind.ACTION), "* Alice waves"),
        (
            HI._replace(text="waves", kind=MessageKind.ACTION, is_former=True),
            "* Alice (former) waves",
        ),
        (HI._replace(text="", is_deleted=True), "Alice: (deleted)"),
        (HI._replace(text="", is_deleted=True, kind=MessageKind.ACTION), "Alice: (deleted)"),
        (HI._replace(text="", is_deleted=True, is_former=True), "Alice (former): (deleted)"),
        (HI._replace(sender="אבג", text="שלום"), "\u2068אבג\u2069: \u2068שלום\u2069"),
        (
            HI._replace(sender="אבג", text="שלום", kind=MessageKind.ACTION),
            "* \u2068אבג\u2069 \u2068שלום\u2069",
        ),
    ],
)
def test_a_message(said, words):
    """Only the name and the text are those of the user, and each is isolated by itself."""
    assert said_words(said) == words


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (PrivateMessage("Alice", "psst", TIME), "Alice (secret): psst"),
        (PrivateMessage("Alice", "psst", TIME, "Bob"), "Alice (secret to Bob): psst"),
        (
            PrivateMessage("Alice", "psst", TIME, is_kept=True),
            "[2026-11-20 14:51:16 UTC] Alice (secret): psst",
        ),
        (
            PrivateMessage("Alice", "a\nServer: b", TIME, is_kept=True),
            "[2026-11-20 14:51:16 UTC] Alice (secret): a\n  Server: b",
        ),
        (
            PrivateMessage("א", "ב", TIME, "ג"),
            "\u2068א\u2069 (secret to \u2068ג\u2069): \u2068ב\u2069",
        ),
    ],
)
def test_a_private_message(message, words):
    """A kept one tells when it was sent."""
    assert private_words(message) == words


def test_a_history():
    """Each message has its time, that of a deleted one too."""
    deleted = Message("1", 7395, "Bob", "", TIME + 4, is_deleted=True)
    assert history_lines([HI, deleted]) == (
        "[2026-11-20 14:51:16 UTC] Alice: hi\n[2026-11-20 14:51:20 UTC] Bob: (deleted)\n"
    )


LINE = "[2026-11-20 14:51:16 UTC] #7394 Alice: hi\n"
OLDER = HI._replace(id=7000, sender="Bob", time=TIME - 60)
OLDER_LINE = "[2026-11-20 14:50:16 UTC] #7000 Bob: hi\n"
IGNORED = OLDER._replace(is_ignored=True)
NEXT = "… older ones: `search hi #before:7000\n"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Found((), "hi"), "No messages found!"),
        (Found((HI,), "hi"), f"\n{LINE}"),
        (Found((HI, OLDER), "hi", more=True), f"\n{LINE}{OLDER_LINE}{NEXT}"),
        (Found((HI, IGNORED), "hi"), f"\n{LINE}"),
        (Found((IGNORED,), "hi"), "No messages found!"),
        (Found((IGNORED,), "hi", more=True), f"\n{NEXT}"),
        (Found((HI, OLDER._replace(room="2")), "hi", more=True), f"\n[1] {LINE}[2] {OLDER_LINE}"),
    ],
)
def test_a_search(found, words):
    """The lines have ids, and the last one asks for the next page, which is one of one room."""
    assert found_words(found) == words


def test_a_search_from_right_to_left():
    """For people, the words of the request are isolated as the messages are."""
    found = Found((Message("1", 7, "א", "ב", TIME),), "ב", more=True)
    assert found_words(found, lambda words: f"<{words}>") == (
        "\n[2026-11-20 14:51:16 UTC] #7 <א>: <ב>\n… older ones: `search <ב> #before:7\n"
    )


def test_a_time():
    """It is that of UTC, in whole seconds."""
    assert utc(TIME) == "2026-11-20 14:51:16"
