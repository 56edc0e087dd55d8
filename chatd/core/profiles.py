"""The data that clients tell about their users, as far as other users read it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Profile(NamedTuple):
    """The data that a client has told about its user, beside the name.

    `username` is the name of the user on their own machine, `about` a line about the user, such as
    the name in real life. `is_bot`: the user is a program.
    """

    username: str = ""
    about: str = ""
    is_bot: bool = False


NO_PROFILE: Final = Profile()


class UserRef(NamedTuple):
    """A user who has done something: name, id of the account if there is one, and profile."""

    name: str
    account: int | None = None
    profile: Profile = NO_PROFILE
