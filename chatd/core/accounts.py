"""Accounts: registration, login and logout, the resumption of a lost session.

Beside `Chat`, which has the rooms, and as pure. Refusals are raised as `ChatError`. While a
password is verified or the store works, other calls are carried out: what was checked before is
checked again after. A session changes its user in one synchronous step, `_log_in`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatd.config import Registrants
from chatd.core.chat import Chat
from chatd.core.credentials import Passwords, Tokens
from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import DisconnectReason, LeaveReason
from chatd.core.ignores import Ignores
from chatd.core.ports import Directory, Router
from chatd.core.ratelimit import CountCreation
from chatd.core.records import Account, AccountRef
from chatd.core.rooms import Origin, User, ensure_active


class AccountService:
    """The rules of accounts. An account's user has at most `sessions_per_account` sessions.

    `count_creation` counts the accounts that guests register.
    """

    def __init__(
        self,
        directory: Directory,
        passwords: Passwords,
        tokens: Tokens,
        router: Router,
        chat: Chat,
        sessions_per_account: int,
        count_creation: CountCreation,
        ignores: Ignores,
        registrants: Registrants = Registrants.EVERYONE,
    ) -> None:
        self._directory = directory
        self._passwords = passwords
        self._tokens = tokens
        self._router = router
        self._chat = chat
        self._sessions_per_account = sessions_per_account
        self._count_creation = count_creation
        self._ignores = ignores
        self._registrants = registrants

    # -- for clients

    async def register(self, origin: Origin, username: str, password: str, now: float) -> str:
        """Create an account and log the session's guest in to it; return its name."""
        if self._registrants is Registrants.NOBODY:
            raise ChatError(ErrorCode.REGISTRATION_CLOSED)
        guest = origin.user
        _check_logged_out(guest)
        self._check_unregistered(username)
        name = await self._directory.reserve_name(guest, username)
        try:
            _check_in_no_room(origin)
            self._check_not_banned(name)
            with self._count_creation(guest.address):
                password_hash = await origin.until_closed(
                    self._passwords.hash(password, origin.address)
                )
                identity = await self._passwords.create(name, password_hash, now)
                account = AccountRef(identity, name)
            self._directory.add_account(account)
            # The guest may have been moved or closed in the meantime, or the name banned: then the
            # account exists, and they are not logged in to it.
            self._log_in(origin, account, now)
        finally:
            if guest.name != name:
                self._directory.release_name(guest, name)
        await self._tokens.bind(origin)
        return name

    async def login(self, origin: Origin, username: str, password: str, now: float) -> str:
        """Log the session in to an account, as a further session of its user; return its name."""
        _check_logged_out(origin.user)
        known = self._directory.find_account(username)
        name = known.name if known else username
        account = await origin.until_closed(
            self._passwords.authenticate(name, password, origin.address)
        )
        await self.log_in(origin, AccountRef(account.id, account.name), now)
        return account.name

    def check_can_log_in(self, origin: Origin) -> None:
        """Raise `ChatError` if the session is logged in, or its guest is in a room."""
        _check_logged_out(origin.user)
        _check_in_no_room(origin)

    async def log_in(self, origin: Origin, account: AccountRef, now: float) -> None:
        """Log the session in to an account that it has proved to be the holder of."""
        self.check_can_log_in(origin)
        self._log_in(origin, account, now)
        await self._tokens.bind(origin)

    async def change_password(self, origin: Origin, old: str, new: str) -> None:
        """Change the password of the session's account, and end all other sessions and tokens."""
        user = origin.user
        _check_logged_in(user)
        account, name = user.account, user.name
        verified = await origin.until_closed(self._passwords.verify(name, old, origin.address))
        await self._passwords.replace(verified, new, origin.address)
        # The session may have been replaced in the meantime, by one that has the old password.
        own_session = origin if not origin.closed and origin.user.account == account else None
        reason = DisconnectReason.PASSWORD_CHANGED
        await self.end_other_sessions(verified.id, name, own_session, reason)

    async def logout(self, origin: Origin, now: float) -> str:
        """Make the session one of a new guest without a name; return the account's name."""
        user = origin.user
        _check_logged_in(user)
        name = user.name
        self._tokens.unbind(origin)
        if self._router.move(origin, User(origin.address)):
            self._chat.remove_user(user, LeaveReason.LOGOUT, now)
        await self._tokens.purge()
        return name

    async def issue_resume_token(self, origin: Origin) -> str:
        """Return the token by which a new session resumes this one when its connection is lost."""
        return await self._tokens.issue(origin)

    async def resume(self, origin: Origin, token: str, now: float) -> str:
        """Continue the session that `token` stands for as `origin`; return its user's name.

        If the server has not noticed that the connection of that session is lost, it closes it.
        """
        _check_logged_out(origin.user)
        _check_in_no_room(origin)
        resumable = await self._tokens.find(token)
        former = resumable.origin if resumable.origin is not origin else None
        if resumable.is_account:
            account = self._directory.find_account(resumable.name)
            if account is None:
                raise ChatError(ErrorCode.NO_SUCH_SESSION)
            self._log_in(origin, account, now, former)
            self._tokens.consume(token)
            if former is not None:
                former.disconnect(DisconnectReason.REPLACED)
        else:
            ensure_active(origin)
            former_user = resumable.user if former is None else former.user
            if former is not None:
                former.disconnect(DisconnectReason.REPLACED)
            elif resumable.user is not None:
                self._directory.end_hold(resumable.user)
            async with self._chat.reserved_name(origin.user, resumable.name) as name:
                ensure_active(origin)
                _check_in_no_room(origin)
                self._directory.assign_name(origin.user, name)
            if former_user is not None:
                former_user.continue_as(origin.user)
                self._router.refresh(origin.user)
            self._tokens.consume(token)
        await self._tokens.bind(origin)
        return origin.user.name

    def connection_lost(self, origin: Origin, now: float, *, may_return: bool = True) -> None:
        """End a session whose connection is closed or lost; it can be resumed.

        If the client `may_return`, the name of a guest is held for the session's resume token.
        """
        can_resume = self._tokens.park(origin)
        if self._router.detach(origin):
            user = origin.user
            hold_name = may_return and can_resume and user.account is None
            self._chat.remove_user(user, LeaveReason.LOST, now, hold_name=hold_name)

    async def sign_off(self, origin: Origin, now: float) -> None:
        """End a session that asks for it; it cannot be resumed."""
        self._tokens.discard(origin)
        if self._router.detach(origin):
            self._chat.remove_user(origin.user, LeaveReason.QUIT, now)
        await self._tokens.purge()

    # -- for the administrator

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return await self._passwords.all()

    def require_account(self, username: str) -> AccountRef:
        """Return the account with that name; raise `ChatError` if there is none."""
        account = self._directory.find_account(username)
        if account is None:
            raise ChatError(ErrorCode.NO_SUCH_ACCOUNT, name=username)
        return account

    async def create(self, username: str, password: str, now: float) -> str:
        """Create an account whoever may register; return its name. Nobody is logged in to it."""
        self._check_unregistered(username)
        holder = User(None)  # nobody takes the name meanwhile
        name = await self._directory.reserve_name(holder, username)
        try:
            password_hash = await self._passwords.hash(password, None)
            account = AccountRef(await self._passwords.create(name, password_hash, now), name)
            self._directory.add_account(account)
        finally:
            self._directory.release_name(holder, name)
        return name

    async def set_password(self, username: str, new: str, now: float) -> str:
        """Set the password of an account and disconnect its user; return the account's name."""
        account = self.require_account(username)
        await self._passwords.set_password(account.name, new)
        await self._disconnect_account(account, DisconnectReason.PASSWORD_SET, now)
        return account.name

    async def unregister(self, username: str, now: float) -> str:
        """Remove an account and disconnect its user; return the account's name."""
        account = self.require_account(username)
        await self._passwords.remove(account.name)
        self._directory.remove_account(account)
        self._ignores.forget(account.id)
        await self._disconnect_account(account, DisconnectReason.UNREGISTERED, now)
        return account.name

    # -- the sessions of an account

    async def end_other_sessions(
        self, account: int, name: str, keep: Origin | None, reason: DisconnectReason
    ) -> None:
        """End the sessions of an account but `keep`, and make their resume tokens invalid."""
        present = self._directory.find_user(name)
        if present is not None and present.account == account:
            others = [other for other in self._router.sessions(present) if other is not keep]
            self.end_sessions(others, reason)
        await self._tokens.revoke_account(name, keep)

    def end_sessions(self, origins: Iterable[Origin], reason: DisconnectReason) -> None:
        """End sessions, which cannot be resumed."""
        for origin in origins:
            self._tokens.discard(origin)
            origin.disconnect(reason)

    async def purge_tokens(self) -> None:
        """Remove from the store the resume tokens of sessions that were ended."""
        await self._tokens.purge()

    # -- within

    def _log_in(
        self, origin: Origin, account: AccountRef, now: float, former: Origin | None = None
    ) -> None:
        """Make `origin` a session of the account's user, in place of the session `former`."""
        guest = origin.user
        ensure_active(origin)
        _check_in_no_room(origin)
        if self._directory.find_account(account.name) != account:
            # It has just been removed, and perhaps registered again, or is being registered.
            raise ChatError(ErrorCode.WRONG_PASSWORD)
        self._check_not_banned(account.name)
        if former is None:
            self._end_surplus(account)
        user = self._user_of(account)
        if user is None:
            self._directory.assume(guest, account)
            guest.note_name("", now)
            self._ignores.restore(guest)
        else:
            self._router.move(origin, user)
            self._chat.remove_user(guest, LeaveReason.QUIT, now)

    def _end_surplus(self, account: AccountRef) -> None:
        """End the sessions of an account's user that leave no place for a further one."""
        user = self._user_of(account)
        if user is not None:
            surplus = self._router.surplus(user, self._sessions_per_account - 1)
            self.end_sessions(surplus, DisconnectReason.REPLACED)

    async def _disconnect_account(
        self, account: AccountRef, reason: DisconnectReason, now: float
    ) -> None:
        user = self._user_of(account)
        if user is not None:
            self._chat.remove_user(user, LeaveReason.LOGOUT, now)
            self._router.disconnect(user, reason)
        await self._tokens.revoke_account(account.name)

    def _user_of(self, account: AccountRef) -> User | None:
        """Return the user who is logged in to an account, if there is one."""
        user = self._directory.find_user(account.name)
        return user if user is not None and user.account == account.id else None

    def _check_unregistered(self, username: str) -> None:
        taken = self._directory.find_account(username)
        if taken is not None:
            raise ChatError(ErrorCode.NAME_IN_USE, name=taken.name)

    def _check_not_banned(self, name: str) -> None:
        if (ban := self._directory.name_ban(name)) is not None:
            raise BannedError(ban.reason)


def _check_in_no_room(origin: Origin) -> None:
    if origin.current_room is not None:
        raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=origin.current_room.id)


def _check_logged_out(user: User) -> None:
    if user.account is not None:
        raise ChatError(ErrorCode.LOGGED_IN, name=user.name)


def _check_logged_in(user: User) -> None:
    if user.account is None:
        raise ChatError(ErrorCode.LOGIN_FIRST)
