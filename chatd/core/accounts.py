"""Accounts: registration, login and logout, the resumption of a lost session.

Refusals are raised as `ChatError`. A password is
verified, and the store is asked, before an operation is submitted to the log: it logs the session
in if that is still possible when it is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatd.config import Registrants
from chatd.core.credentials import Passwords, Tokens
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import DisconnectReason, LeaveReason
from chatd.core.names import Name, new_name
from chatd.core.ports import ILog, Router
from chatd.core.ratelimit import CountCreation
from chatd.core.records import Account, AccountRef
from chatd.core.rooms import Origin, SessionKey, User
from chatd.core.world.account_operations import (
    AddAccount,
    EndSession,
    EndSessions,
    LogIn,
    LogOut,
    ReleaseName,
    RemoveAccount,
    ReserveName,
    Resume,
)
from chatd.core.world.accounts_rules import check_in_no_room, check_logged_out
from chatd.core.world.world import World


class AccountService:
    """The rules of accounts. An account's user has at most `sessions_per_account` sessions.

    `count_creation` counts the accounts that guests register.
    """

    def __init__(
        self,
        world: World,
        log: ILog,
        passwords: Passwords,
        tokens: Tokens,
        router: Router,
        sessions_per_account: int,
        count_creation: CountCreation,
        registrants: Registrants = Registrants.EVERYONE,
    ) -> None:
        self._world = world
        self._log = log
        self._passwords = passwords
        self._tokens = tokens
        self._router = router
        self._sessions_per_account = sessions_per_account
        self._count_creation = count_creation
        self._registrants = registrants

    # -- for clients

    async def register(self, origin: Origin, username: str, password: str, now: float) -> str:
        """Create an account and log the session's guest in to it; return its name."""
        if self._registrants is Registrants.NOBODY:
            raise ChatError(ErrorCode.REGISTRATION_CLOSED)
        guest = origin.user
        check_logged_out(guest)
        self._check_unregistered(username)
        name = new_name(username)
        current = None if origin.current_room is None else origin.current_room.id
        await self._log.submit(ReserveName(origin.key, name, current), origin)
        try:
            self._world.check_not_banned(name, self._log.seconds())
            with self._count_creation(guest.address):
                password_hash = await origin.until_closed(
                    self._passwords.hash(password, origin.address)
                )
                account = await self._create(name, password_hash, now)
        finally:
            self._log.submit(ReleaseName(origin.key))
        # The guest may have been moved or closed in the meantime, or the name banned: then the
        # account exists, and they are not logged in to it.
        await self.log_in(origin, account, now)
        return account.name

    async def login(self, origin: Origin, username: str, password: str, now: float) -> str:
        """Log the session in to an account, as a further session of its user; return its name."""
        account = await self.authenticate(origin, username, password)
        await self.log_in(origin, account, now)
        return account.name

    async def authenticate(self, origin: Origin, username: str, password: str) -> AccountRef:
        """Return the account of a name and a password, for `log_in`. Raises `ChatError`."""
        check_logged_out(origin.user)
        known = self._world.find_account(username)
        name = known.name if known else username
        account = await origin.until_closed(
            self._passwords.authenticate(name, password, origin.address)
        )
        return AccountRef(account.id, account.name)

    def check_can_log_in(self, origin: Origin) -> None:
        """Raise `ChatError` if the session is logged in, or its guest is in a room."""
        check_logged_out(origin.user)
        current = origin.current_room
        check_in_no_room(origin.user, None if current is None else current.id)

    async def log_in(self, origin: Origin, account: AccountRef, now: float) -> None:
        """Log the session in to an account that it has proved to be the holder of."""
        await self.enter_account(origin, account, now)
        await self.bind_token(origin)

    async def enter_account(self, origin: Origin, account: AccountRef, now: float) -> None:
        """Do the part of `log_in` that needs no store; `bind_token` is to follow.

        When it returns, nothing else has happened since the session is logged in.
        """
        self.check_can_log_in(origin)
        limit, silent = self._sessions_per_account, self._by_silence(account)
        log_in = LogIn(origin.key, origin.address, account, limit, silent, now)
        await self._log.submit(log_in, origin)

    async def bind_token(self, origin: Origin) -> None:
        """Store the resume token of a session that has logged in, and remove invalid ones."""
        await self._tokens.bind(origin)

    async def change_password(self, origin: Origin, old: str, new: str, now: float) -> None:
        """Change the password of the session's account, and end all other sessions and tokens."""
        user = origin.user
        _check_logged_in(user)
        account, name = user.account, user.name
        verified = await origin.until_closed(self._passwords.verify(name, old, origin.address))
        await self._passwords.replace(verified, new, origin.address)
        # The session may have been replaced in the meantime, by one that has the old password.
        own_session = origin if not origin.closed and origin.user.account == account else None
        reason = DisconnectReason.PASSWORD_CHANGED
        await self.end_other_sessions(AccountRef(verified.id, name), own_session, reason, now)

    async def logout(self, origin: Origin, now: float) -> str:
        """Make the session one of a new guest without a name; return the account's name."""
        _check_logged_in(origin.user)
        name = await self._log.submit(LogOut(origin.key, now), origin)
        self._tokens.unbind(origin)
        await self._tokens.purge()
        return name

    async def issue_resume_token(self, origin: Origin) -> str:
        """Return the token by which a new session resumes this one when its connection is lost."""
        return await self._tokens.issue(origin)

    async def resume(self, origin: Origin, token: str, now: float) -> str:
        """Continue the session that `token` stands for as `origin`; return its user's name.

        If the server has not noticed that the connection of that session is lost, it closes it.
        """
        self.check_can_log_in(origin)
        digest, stored = await self._tokens.find(token)
        account = None if stored is None else self._world.find_account(stored)
        silent = self._by_silence(account or self._world.account_of_token(digest))
        limit = self._sessions_per_account
        resume = Resume(origin.key, origin.address, digest, account, limit, silent, now)
        name = await self._log.submit(resume, origin)
        await self._tokens.bind(origin)
        return name

    def connection_lost(self, origin: Origin, now: float, *, may_return: bool = True) -> None:
        """End a session whose connection is closed or lost; it can be resumed.

        If the client `may_return`, the name of a guest is held for the session's resume token.
        """
        self._end(origin, LeaveReason.LOST, now, keep_token=True, hold_name=may_return)

    async def sign_off(self, origin: Origin, now: float, text: str = "") -> None:
        """End a session that asks for it, with last words; it cannot be resumed."""
        self._end(origin, LeaveReason.QUIT, now, keep_token=False, hold_name=False, text=text)
        await self._tokens.purge()

    # -- for the administrator

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return await self._passwords.all()

    def require_account(self, username: str) -> AccountRef:
        """Return the account with that name; raise `ChatError` if there is none."""
        account = self._world.find_account(username)
        if account is None:
            raise ChatError(ErrorCode.NO_SUCH_ACCOUNT, name=username)
        return account

    async def create(self, username: str, password: str, now: float) -> str:
        """Create an account whoever may register; return its name. Nobody is logged in to it."""
        self._check_unregistered(username)
        name, holder = new_name(username), self._router.new_key()
        await self._log.submit(ReserveName(holder, name))  # nobody takes the name meanwhile
        try:
            password_hash = await self._passwords.hash(password, None)
            await self._create(name, password_hash, now)
        finally:
            self._log.submit(ReleaseName(holder))
        return name.text

    async def set_password(self, username: str, new: str, now: float) -> str:
        """Set the password of an account and disconnect its user; return the account's name."""
        account = self.require_account(username)
        await self._passwords.set_password(account.name, new)
        reason = DisconnectReason.PASSWORD_SET
        await self.end_other_sessions(account, None, reason, now, LeaveReason.LOGOUT)
        return account.name

    async def unregister(self, username: str, now: float) -> str:
        """Remove an account and disconnect its user; return the account's name."""
        account = self.require_account(username)
        await self._passwords.remove(account.name)
        await self._log.submit(RemoveAccount(account.id, now))
        await self._tokens.revoke_account(account.name)
        return account.name

    # -- the sessions of an account

    async def end_other_sessions(
        self,
        account: AccountRef,
        keep: Origin | None,
        reason: DisconnectReason,
        now: float,
        leave: LeaveReason = LeaveReason.LOST,
    ) -> None:
        """End the sessions of an account but `keep`, and make their resume tokens invalid.

        If none is left, the user leaves for `leave`.
        """
        kept = None if keep is None else keep.key
        await self._log.submit(EndSessions(account.id, None, kept, reason, leave, now))
        await self._tokens.revoke_account(account.name, keep)

    async def end_sessions(
        self, account: int, sessions: Iterable[SessionKey], reason: DisconnectReason, now: float
    ) -> None:
        """End sessions of an account, which cannot be resumed."""
        ended = EndSessions(account, tuple(sessions), None, reason, LeaveReason.LOST, now)
        await self._log.submit(ended)
        await self._tokens.purge()

    # -- within

    def _end(
        self,
        origin: Origin,
        reason: LeaveReason,
        now: float,
        *,
        keep_token: bool,
        hold_name: bool,
        text: str = "",
    ) -> None:
        self._router.forget(origin)
        if origin.has_key:
            end = EndSession(origin.key, reason, keep_token, hold_name, now, text or None)
            self._log.submit(end)
        self._tokens.forget(origin)

    async def _create(self, name: Name, password_hash: str, now: float) -> AccountRef:
        """Add an account, whose name is reserved, to the store and to the world."""
        identity = await self._passwords.create(name.text, password_hash, now)
        account = AccountRef(identity, name.text)
        await self._log.submit(AddAccount(account, name.keys))
        return account

    def _by_silence(self, account: AccountRef | None) -> tuple[SessionKey, ...]:
        """Return the sessions of an account here, the one that is silent for longest first."""
        user = None if account is None else self._world.user_of(account)
        return () if user is None else tuple(self._router.by_silence(user))

    def _check_unregistered(self, username: str) -> None:
        taken = self._world.find_account(username)
        if taken is not None:
            raise ChatError(ErrorCode.NAME_IN_USE, name=taken.name)


def _check_logged_in(user: User) -> None:
    if user.account is None:
        raise ChatError(ErrorCode.LOGIN_FIRST)
