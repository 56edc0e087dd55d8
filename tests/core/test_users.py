"""Users, and the check that a session and its user are still there."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.rooms import User, ensure_active
from chatd.testing import MemoryServer


def test_a_new_user_is_a_guest_without_a_name():
    """A user has no rooms and no account at first."""
    user = User(("127.0.0.1", 1))
    assert (user.name, user.account, user.rooms, user.closed) == ("", None, {}, False)


@pytest.mark.parametrize("ends", ["session", "user"])
def test_ensure_active(ends):
    """A session that has ended, or whose user has, is refused."""
    session = MemoryServer().open_session()
    ensure_active(session)
    if ends == "session":
        session.closed = True
    else:
        session.user.closed = True
    with pytest.raises(ChatError) as refused:
        ensure_active(session)
    assert refused.value.code is ErrorCode.SESSION_CLOSED
