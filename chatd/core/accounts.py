"""People: who one is. Accounts, logging in and out, coming back after a lost connection, bans.

Beside `Chat`, which has the rooms, and as pure. What is refused is raised as `ChatError`. While a
password is checked or the store works, the world goes on: what was checked before is checked
again after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatd.core import errors
from chatd.core.bans import ban_on
from chatd.core.chat import Chat
from chatd.core.events import Address, Dismissal, Reason
from chatd.core.ports import IAccounts, IBus, IRegistry, ITickets
from chatd.core.ratelimit import Quota
from chatd.core.records import Account, Ban, BanKind
from chatd.core.rooms import Chatter


class People:
    """The rules of being somebody."""

    def __init__(
        self,
        registry: IRegistry,
        accounts: IAccounts,
        tickets: ITickets,
        bus: IBus,
        chat: Chat,
    ) -> None:
        self._registry = registry
        self._accounts = accounts
        self._tickets = tickets
        self._bus = bus
        self._chat = chat
        self._quota = Quota()

    # -- what a client can do

    async def register(self, who: Chatter, username: str, password: str, now: float) -> str:
        """Make an account, and log `who` in to it; return its name."""
        self._check_logged_out(who)
        taken = self._registry.account_named(username)
        if taken is not None:
            raise errors.name_in_use(taken)
        name = await self._registry.claim_name(who, username)
        try:
            self._check_in_no_room(who)
            self._check_not_banned(name, now)
            with self._quota.spent(who.address, now):
                await self._accounts.create(name, password, now)
            self._registry.add_account(name)
            # He may have been grouped meanwhile, or the name banned: then the account is there,
            # and he is not logged in to it.
            self._check_not_banned(name, now)
            self._become(who, name, account=name)
        finally:
            if who.name != name:
                self._registry.release_name(who, name)
        await self._tickets.bind(who)
        return name

    async def login(self, who: Chatter, username: str, password: str, now: float) -> str:
        """Log `who` in to his account; return its name. Another who is logged in to it has to go."""
        self._check_logged_out(who)
        name = self._registry.account_named(username) or username
        await self._accounts.authenticate(name, password, who.address)
        await self._come_in(who, name, now)
        return name

    async def change_password(self, who: Chatter, old: str, new: str) -> str:
        """Change the password of the account `who` is logged in to; return its name."""
        name = self._logged_in(who)
        await self._accounts.change_password(name, old, new, who.address)
        if who.account == name:
            await self._tickets.bind(who)
        else:  # another has taken his place meanwhile, perhaps by the old one
            await self._tickets.void(name)
        return name

    async def logout(self, who: Chatter, now: float) -> str:
        """Let `who` go out of his rooms and his account; return its name."""
        name = self._logged_in(who)
        self._chat.leave_all(who, Reason.LOGOUT, now)
        await self._tickets.void(name)
        return name

    async def secret(self, who: Chatter) -> str:
        """Return a secret by which `who` can resume what he is when his connection is lost."""
        return await self._tickets.issue(who)

    async def resume(self, who: Chatter, secret: str, now: float) -> str:
        """Let `who` be again who he was on the connection that had `secret`; return his name.

        If the server has not noticed yet that it is lost, it is now.
        """
        self._check_logged_out(who)
        self._check_in_no_room(who)
        lost = await self._tickets.find(secret)
        if lost.account is not None:
            await self._come_in(who, lost.account, now)
            return who.name
        before = lost.chatter
        if before is not None and before is not who and self._registry.find(lost.name) is before:
            self._replace(before, now)
        async with self._chat.claimed_name(who, lost.name, now) as his:
            self._become(who, his)
        self._tickets.spend(secret)
        return who.name

    def lose(self, who: Chatter, now: float) -> None:
        """Let `who` go, whose connection is closed or lost, if he has not gone yet; he may come back."""
        self._tickets.remember(who)
        self._chat.depart(who, Reason.LOST, now)

    async def leave(self, who: Chatter, now: float) -> None:
        """Let `who` go, who does not come back."""
        account = who.account
        self._tickets.forget(who)
        self._chat.depart(who, Reason.QUIT, now)
        if account is not None:
            await self._tickets.void(account)

    # -- what the Administrator can do

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order in which they were registered."""
        return await self._accounts.all()

    def account_named(self, username: str) -> str:
        """Return the name of an account as it was registered; raise `ChatError` if there is none."""
        name = self._registry.account_named(username)
        if name is None:
            raise errors.no_such_account(username)
        return name

    async def set_password(self, username: str, new: str, now: float) -> str:
        """Set the password of an account; who is logged in to it has to go. Return its name."""
        name = self.account_named(username)
        await self._accounts.set_password(name, new)
        await self._put_out(name, Dismissal.PASSWORD_SET, now)
        return name

    async def unregister(self, username: str, now: float) -> str:
        """Remove an account; who is logged in to it has to go. Return its name."""
        name = self.account_named(username)
        await self._accounts.remove(name)
        self._registry.remove_account(name)
        await self._put_out(name, Dismissal.UNREGISTERED, now)
        return name

    async def ban(
        self, subject: str, minutes: int | None, present: Iterable[Chatter], now: float
    ) -> str:
        """Ban a name or an address, for some minutes or for ever; return it as it is shown.

        Those of `present` whom it concerns have to go.
        """
        ban = self._ban_on(subject, None if minutes is None else now + 60 * minutes)
        await self._registry.add_ban(ban)
        for who in list(present):
            if self._is_barred(who, now):
                self._chat.depart(who, Reason.BANNED, now)
                self._bus.dismiss(who, Dismissal.BANNED)
        return ban.subject

    async def unban(self, subject: str, now: float) -> str:
        """Lift a ban; return whose, as it is shown."""
        return (await self._registry.lift_ban(ban_on(subject), now)).subject

    def bans(self, now: float) -> Sequence[Ban]:
        """Return all bans that hold."""
        return self._registry.bans(now)

    def bars(self, address: Address | None, now: float) -> bool:
        """Tell whether nobody may come from an address."""
        return self._registry.bars_address(address, now)

    # -- within

    async def _come_in(self, who: Chatter, name: str, now: float) -> None:
        """Log `who` in, whose account it is."""
        if who.gone:
            raise errors.gone()
        self._check_in_no_room(who)
        if self._registry.account_named(name) != name:
            raise errors.wrong_password()  # it has just been removed
        self._check_not_banned(name, now)
        holder = self._registry.find(name)
        if holder is not None and holder.account is not None:
            self._replace(holder, now)
        async with self._chat.claimed_name(who, name, now, account=name):
            self._become(who, name, account=name)
        await self._tickets.bind(who)

    def _become(self, who: Chatter, name: str, account: str | None = None) -> None:
        if who.gone:
            raise errors.gone()
        self._check_in_no_room(who)
        self._registry.take_name(who, name)
        who.account = account

    async def _put_out(self, account: str, why: Dismissal, now: float) -> None:
        """Let whoever is logged in to an account go, and let nobody come back by a secret."""
        who = self._registry.find(account)
        if who is not None and who.account == account:
            self._chat.depart(who, Reason.LOGOUT, now)
            self._bus.dismiss(who, why)
        await self._tickets.void(account)

    def _replace(self, who: Chatter, now: float) -> None:
        self._chat.depart(who, Reason.LOST, now)
        self._bus.dismiss(who, Dismissal.REPLACED)

    def _ban_on(self, subject: str, until: float | None) -> Ban:
        """Return a ban on a subject, in the spelling of who has that name, if somebody has."""
        ban = ban_on(subject, until)
        if ban.kind is BanKind.ADDRESS:
            return ban
        who = self._registry.find(ban.subject)
        spelled = self._registry.account_named(ban.subject) or (who.name if who else "")
        return Ban(ban.kind, spelled or ban.subject, until)

    def _is_barred(self, who: Chatter, now: float) -> bool:
        named = bool(who.name) and self._registry.bars_name(who.name, now)
        return named or self._registry.bars_address(who.address, now)

    def _check_not_banned(self, name: str, now: float) -> None:
        if self._registry.bars_name(name, now):
            raise errors.BannedError

    def _check_in_no_room(self, who: Chatter) -> None:
        if who.current is not None:
            raise errors.no_place_free(who.current.id)

    def _check_logged_out(self, who: Chatter) -> None:
        if who.account is not None:
            raise errors.logged_in(who.account)

    def _logged_in(self, who: Chatter) -> str:
        if who.account is None:
            raise errors.login_first()
        return who.account
