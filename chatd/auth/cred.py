"""Accounts as twisted.cred sees them: credentials go in, the holder of an account comes out.

For every way to log in, now or later, that a name and a password suffice for. Knows nothing of
connections, nor of how often somebody tried. Refused is only what is wrong (`UnauthorizedLogin`);
that the store is out of reach or too much is to be done comes through as the `ChatError` it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface, implementer

from chatd.auth.passwords import Passwords
from chatd.core.errors import ChatError


class IAccountHolder(Interface):
    """Who has shown that an account is his."""

    name: str = Attribute("The account's name as it was registered.")


@implementer(IAccountHolder)
@dataclass(frozen=True, slots=True)
class AccountHolder:
    """Who has given the password of the account `name`."""

    name: str


def account_portal(passwords: Passwords) -> Portal:
    """Return the portal that lets in who has an account."""
    return Portal(AccountRealm(), [AccountChecker(passwords)])


def credentials(name: str, password: str) -> UsernamePassword:
    """Return the credentials that are text; half a surrogate pair makes them wrong, and no error."""
    return UsernamePassword(
        name.encode("utf-8", "surrogatepass"), password.encode("utf-8", "surrogatepass")
    )


@implementer(ICredentialsChecker)
class AccountChecker:
    """Finds a name and a password right or wrong; the avatar's id is the account's name in UTF-8."""

    credentialInterfaces = (IUsernamePassword,)  # noqa: N815 -- Twisted's

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def requestAvatarId(self, credentials: IUsernamePassword) -> Deferred[bytes | tuple[()]]:
        """Return the account's name, or fail with `UnauthorizedLogin`."""
        # What is no UTF-8 becomes text that is never right: no exception may hold a password.
        name = credentials.username.decode("utf-8", "surrogateescape")
        password = credentials.password.decode("utf-8", "surrogateescape")
        return Deferred.fromCoroutine(self._account_name(name, password))

    async def _account_name(self, name: str, password: str) -> bytes | tuple[()]:
        account = await self._passwords.owned(name, password)
        if account is None:
            raise UnauthorizedLogin
        # The password was right, and that decides: what fails here is done at the next login.
        with suppress(ChatError):
            await self._passwords.renew(account, password)
        return account.name.encode()


@implementer(IRealm)
class AccountRealm:
    """Gives who has shown that an account is his an `IAccountHolder`."""

    def requestAvatar(
        self,
        avatarId: bytes | tuple[()],  # noqa: N803 -- Twisted's
        mind: object,  # noqa: ARG002 -- Twisted's
        *interfaces: type[Interface],
    ) -> tuple[type[Interface], AccountHolder, Callable[[], None]]:
        """Return the holder of an account; there is nothing to undo when he leaves."""
        if IAccountHolder not in interfaces or not isinstance(avatarId, bytes):
            raise NotImplementedError("a realm of accounts: it has nothing but IAccountHolder")
        return IAccountHolder, AccountHolder(avatarId.decode()), lambda: None
