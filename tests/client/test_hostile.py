"""The line client shows nothing that a terminal obeys, whatever a hostile user writes."""

import json

import pytest

from chatd.core.sanitize import UNPRINTABLE

FORGED = "Server: forged"


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2J", "\x1b]0;t\x07", "\x1bP+q\x1b\\", "\x9b2J", "\u202e\u2066", "\x07\x08", "\0"]
    + [f"x{end}{FORGED}" for end in ("\r", "\r\n", "\n", "\u2028", "\u2029", "\x85", "\v", "\f")],
)
def test_hostile_text_is_neither_obeyed_nor_forged(rooms, harness, hostile):
    """Messages, private messages and names of rooms contain neither controls nor forged lines."""
    harness.type("`join 1 Ann")
    eve = rooms.connect()
    eve.ask("`format json")
    for request in (
        {"command": "join", "chatroom_id": "1", "chatter_name": "Eve"},
        {"command": "say", "text": hostile},
        {"command": "secret", "chatter_name": "Ann", "message": hostile},
        {"command": "start", "chatroom_id": "9", "chatroom_name": hostile},
        {"command": "start", "chatroom_id": hostile, "chatroom_name": "tea"},
    ):
        eve.send(json.dumps(request))
    shown = [*harness.read(), *harness.type("`list", "`history")]
    assert any(words.startswith("Eve: ") for words in shown) or not hostile.isprintable()
    for line in "\n".join(shown).split("\n"):
        assert not [character for character in line if ord(character) in UNPRINTABLE], line
        assert not line.startswith(FORGED)
