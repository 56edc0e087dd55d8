"""Errors: codes with parameters, whose words are in one table."""

import pytest

from chatd.core.errors import BannedError, ChatError, ErrorCode, StoreUnavailableError
from chatd.protocol.error_text import error_text


def test_error_has_code_and_parameters():
    """The session makes the reply of the code and its parameters."""
    error = ChatError(ErrorCode.NO_SUCH_ROOM, room="3")
    assert (error.code, error.params) == ("no-such-room", {"room": "3"})
    assert error_text(error) == "Chatroom 3 NOT exist!"


@pytest.mark.parametrize(
    ("error", "code"),
    [(BannedError(), "banned"), (StoreUnavailableError("no disk"), "unavailable")],
)
def test_errors_with_a_fixed_code(error, code):
    """An error that the server treats specially has the code and the words of any other."""
    assert error.code == code
    assert error_text(error)


def test_the_reason_of_an_outage_is_not_told():
    """The reason why the store is away is for the log, not for users."""
    assert "no disk" not in error_text(StoreUnavailableError("no disk"))
