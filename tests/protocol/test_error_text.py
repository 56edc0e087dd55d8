"""The words of errors."""

import pytest

from chatd.core.errors import ChatError, ErrorCode, NameFlaw
from chatd.protocol.error_text import error_text

EVERY_PARAMETER = dict.fromkeys(
    (
        "room",
        "name",
        "id",
        "limit",
        "usage",
        "command",
        "address",
        "network",
        "subject",
        "room_name",
        "role",
        "least",
    ),
    "x",
)


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_words(code):
    """The words end a sentence, or show a usage."""
    words = error_text(ChatError(code, **EVERY_PARAMETER, reason=NameFlaw.BLANK))
    assert words[-1] in ".!" or words.startswith("Usage: ")


@pytest.mark.parametrize("flaw", NameFlaw)
def test_every_flaw_has_words(flaw):
    """A user reads why a name is not allowed."""
    words = error_text(ChatError(ErrorCode.BAD_NAME, name="x", reason=flaw, limit=32))
    assert words.startswith("Name x is not allowed: ")


def test_no_message_of_ones_own():
    """The words name the message that was asked for, if there is one."""
    error = ChatError(ErrorCode.NO_SUCH_MESSAGE, room="1", id=7)
    assert error_text(error) == "Message 7 NOT found!"
    error = ChatError(ErrorCode.NO_SUCH_MESSAGE, room="1")
    assert error_text(error) == "None of the last messages in chatroom 1 is yours."
