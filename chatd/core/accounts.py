"""People: who one is. Accounts, logging in and out, coming back after a lost connection, bans.

Beside `Chat`, which has the rooms, and as pure. What is refused is raised as `ChatError`. While a
password is checked or the store works, the world goes on: what was checked before is checked
again after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatd.core.bans import parse_ban
from chatd.core.chat import Chat
from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import Address, DisconnectReason, LeaveReason
from chatd.core.ports import IAccounts, IBus, IRegistry, ITickets
from chatd.core.ratelimit import CreationLimit
from chatd.core.records import Account, Ban, BanKind
from chatd.core.rooms import User


class People:
    """The rules of being somebody."""

    def __init__(
        self,
        directory: IRegistry,
        accounts: IAccounts,
        resume_tokens: ITickets,
        bus: IBus,
        chat: Chat,
    ) -> None:
        self._directory = directory
        self._accounts = accounts
        self._resume_tokens = resume_tokens
        self._bus = bus
        self._chat = chat
        self._quota = CreationLimit()

    # -- what a client can do

    async def register(self, user: User, username: str, password: str, now: float) -> str:
        """Make an account, and log `who` in to it; return its name."""
        self._check_logged_out(user)
        taken = self._directory.find_account(username)
        if taken is not None:
            raise ChatError(ErrorCode.NAME_IN_USE, name=taken)
        name = await self._directory.reserve_name(user, username)
        try:
            self._check_in_no_room(user)
            self._check_not_banned(name, now)
            with self._quota.consume(user.address, now):
                await self._accounts.create(name, password, now)
            self._directory.add_account(name)
            # He may have been grouped meanwhile, or the name banned: then the account is there,
            # and he is not logged in to it.
            self._check_not_banned(name, now)
            self._become(user, name, account=name)
        finally:
            if user.name != name:
                self._directory.release_name(user, name)
        await self._resume_tokens.bind(user)
        return name

    async def login(self, user: User, username: str, password: str, now: float) -> str:
        """Log `who` in to his account; return its name. Another who is logged in to it has to go."""
        self._check_logged_out(user)
        name = self._directory.find_account(username) or username
        await self._accounts.authenticate(name, password, user.address)
        await self._come_in(user, name, now)
        return name

    async def change_password(self, user: User, old: str, new: str) -> str:
        """Change the password of the account `who` is logged in to; return its name."""
        name = self._logged_in(user)
        await self._accounts.change_password(name, old, new, user.address)
        if user.account == name:
            await self._resume_tokens.bind(user)
        else:  # another has taken his place meanwhile, perhaps by the old one
            await self._resume_tokens.void(name)
        return name

    async def logout(self, user: User, now: float) -> str:
        """Let `who` go out of his rooms and his account; return its name."""
        name = self._logged_in(user)
        self._chat.leave_all(user, LeaveReason.LOGOUT, now)
        await self._resume_tokens.void(name)
        return name

    async def secret(self, user: User) -> str:
        """Return a secret by which `who` can resume what he is when his connection is lost."""
        return await self._resume_tokens.issue(user)

    async def resume(self, user: User, secret: str, now: float) -> str:
        """Let `who` be again who he was on the connection that had `secret`; return his name.

        If the server has not noticed yet that it is lost, it is now.
        """
        self._check_logged_out(user)
        self._check_in_no_room(user)
        lost = await self._resume_tokens.find(secret)
        if lost.account is not None:
            await self._come_in(user, lost.account, now)
            return user.name
        before = lost.user
        if before is not None and before is not user and self._directory.find(lost.name) is before:
            self._replace(before, now)
        async with self._chat.reserved_name(user, lost.name, now) as his:
            self._become(user, his)
        self._resume_tokens.spend(secret)
        return user.name

    def lose(self, user: User, now: float) -> None:
        """Let `who` go, whose connection is closed or lost, if he has not gone yet; he may come back."""
        self._resume_tokens.remember(user)
        self._chat.remove_user(user, LeaveReason.LOST, now)

    async def leave(self, user: User, now: float) -> None:
        """Let `who` go, who does not come back."""
        account = user.account
        self._resume_tokens.forget(user)
        self._chat.remove_user(user, LeaveReason.QUIT, now)
        if account is not None:
            await self._resume_tokens.void(account)

    # -- what the Administrator can do

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order in which they were registered."""
        return await self._accounts.all()

    def find_account(self, username: str) -> str:
        """Return the name of an account as it was registered; raise `ChatError` if there is none."""
        name = self._directory.find_account(username)
        if name is None:
            raise ChatError(ErrorCode.NO_SUCH_ACCOUNT, name=username)
        return name

    async def set_password(self, username: str, new: str, now: float) -> str:
        """Set the password of an account; who is logged in to it has to go. Return its name."""
        name = self.find_account(username)
        await self._accounts.set_password(name, new)
        await self._put_out(name, DisconnectReason.PASSWORD_SET, now)
        return name

    async def unregister(self, username: str, now: float) -> str:
        """Remove an account; who is logged in to it has to go. Return its name."""
        name = self.find_account(username)
        await self._accounts.remove(name)
        self._directory.remove_account(name)
        await self._put_out(name, DisconnectReason.UNREGISTERED, now)
        return name

    async def ban(
        self, subject: str, minutes: int | None, present: Iterable[User], now: float
    ) -> str:
        """Ban a name or an address, for some minutes or for ever; return it as it is shown.

        Those of `present` whom it concerns have to go.
        """
        ban = self._ban_on(subject, None if minutes is None else now + 60 * minutes)
        await self._directory.add_ban(ban)
        for user in list(present):
            if self._is_barred(user, now):
                self._chat.remove_user(user, LeaveReason.BANNED, now)
                self._bus.dismiss(user, DisconnectReason.BANNED)
        return ban.subject

    async def unban(self, subject: str, now: float) -> str:
        """Lift a ban; return whose, as it is shown."""
        return (await self._directory.remove_ban(parse_ban(subject), now)).subject

    def bans(self, now: float) -> Sequence[Ban]:
        """Return all bans that hold."""
        return self._directory.bans(now)

    def bars(self, address: Address | None, now: float) -> bool:
        """Tell whether nobody may come from an address."""
        return self._directory.is_address_banned(address, now)

    # -- within

    async def _come_in(self, user: User, name: str, now: float) -> None:
        """Log `who` in, whose account it is."""
        if user.gone:
            raise ChatError(ErrorCode.SESSION_CLOSED)
        self._check_in_no_room(user)
        if self._directory.find_account(name) != name:
            raise ChatError(ErrorCode.WRONG_PASSWORD)  # it has just been removed
        self._check_not_banned(name, now)
        holder = self._directory.find(name)
        if holder is not None and holder.account is not None:
            self._replace(holder, now)
        async with self._chat.reserved_name(user, name, now, account=name):
            self._become(user, name, account=name)
        await self._resume_tokens.bind(user)

    def _become(self, user: User, name: str, account: str | None = None) -> None:
        if user.gone:
            raise ChatError(ErrorCode.SESSION_CLOSED)
        self._check_in_no_room(user)
        self._directory.assign_name(user, name)
        user.account = account

    async def _put_out(self, account: str, why: DisconnectReason, now: float) -> None:
        """Let whoever is logged in to an account go, and let nobody come back by a secret."""
        user = self._directory.find(account)
        if user is not None and user.account == account:
            self._chat.remove_user(user, LeaveReason.LOGOUT, now)
            self._bus.dismiss(user, why)
        await self._resume_tokens.void(account)

    def _replace(self, user: User, now: float) -> None:
        self._chat.remove_user(user, LeaveReason.LOST, now)
        self._bus.dismiss(user, DisconnectReason.REPLACED)

    def _ban_on(self, subject: str, until: float | None) -> Ban:
        """Return a ban on a subject, in the spelling of who has that name, if somebody has."""
        ban = parse_ban(subject, until)
        if ban.kind is BanKind.ADDRESS:
            return ban
        user = self._directory.find(ban.subject)
        spelled = self._directory.find_account(ban.subject) or (user.name if user else "")
        return Ban(ban.kind, spelled or ban.subject, until)

    def _is_barred(self, user: User, now: float) -> bool:
        named = bool(user.name) and self._directory.is_name_banned(user.name, now)
        return named or self._directory.is_address_banned(user.address, now)

    def _check_not_banned(self, name: str, now: float) -> None:
        if self._directory.is_name_banned(name, now):
            raise BannedError

    def _check_in_no_room(self, user: User) -> None:
        if user.current is not None:
            raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=user.current.id)

    def _check_logged_out(self, user: User) -> None:
        if user.account is not None:
            raise ChatError(ErrorCode.LOGGED_IN, name=user.account)

    def _logged_in(self, user: User) -> str:
        if user.account is None:
            raise ChatError(ErrorCode.LOGIN_FIRST)
        return user.account
