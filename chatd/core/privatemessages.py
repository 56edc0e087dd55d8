"""Private messages between two users, which are kept for an account that nobody is logged in to."""

from __future__ import annotations

from typing import Final, NamedTuple

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import MessageKind
from chatd.core.names import typed_name
from chatd.core.network import limit_key
from chatd.core.ports import ILog
from chatd.core.records import AccountRef, KeptMessage
from chatd.core.rooms import Origin
from chatd.core.store import IStore
from chatd.core.textlimits import TextLimits
from chatd.core.world.operations import MessageKept, SentPrivately, Whisper
from chatd.core.world.world import World

MAX_KEPT: Final = 100
"""How many private messages are kept for an account."""

MAX_KEPT_OF_SENDER: Final = 10
"""How many of these are from one sender: an account, or the guests of an address."""

_DAY: Final = 86_400.0


class KeptFor(NamedTuple):
    """The account that a private message is kept for."""

    name: str


class PrivateMessages:
    """Sends private messages, and keeps those to accounts for `keep_days`; 0: keeps none."""

    def __init__(
        self, world: World, log: ILog, store: IStore, limits: TextLimits, keep_days: int
    ) -> None:
        self._world = world
        self._log = log
        self._store = store
        self._limits = limits
        self._keep_seconds = keep_days * _DAY
        # By the accounts of recipients and then of senders whom they ignore: the times of messages
        # that would be kept otherwise. Such a sender is refused further ones as others are.
        self._dropped: dict[int, dict[int, list[float]]] = {}

    async def send(
        self,
        origin: Origin,
        name: str,
        text: str,
        now: float,
        kind: MessageKind = MessageKind.TEXT,
        tags: str = "",
    ) -> SentPrivately | KeptFor:
        """Send `text` to all sessions of the user `name`, or keep it; return the recipient.

        It is kept if nobody is logged in to the account of that name, an action as a text with the
        sender's name in it; a notice is not kept, as it is about what happens now. The sender's
        other sessions read the message and its recipient. Raises `ChatError`.
        """
        self._limits.check(text)
        if not origin.user.name:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        whisper = Whisper(origin.key, typed_name(name), text, now, kind, tags)
        try:
            return await self._log.submit(whisper, origin)
        except ChatError as error:
            is_kept = self._keep_seconds and kind is not MessageKind.NOTICE
            account = self._world.find_account(name) if is_kept else None
            if error.code is not ErrorCode.NO_SUCH_USER or account is None:
                raise
        if kind is MessageKind.ACTION:
            text = f"* {origin.user.name} {text}"
        await self._keep(origin, account, text, now)
        return KeptFor(account.name)

    def logged_in(self, account: int) -> None:
        """Note that the messages that were kept for an account are delivered."""
        self._dropped.pop(account, None)

    async def purge(self, now: float) -> None:
        """Remove from the store what was kept for too long."""
        await self._store.remove_kept_messages_before(now - self._keep_seconds)

    async def _keep(self, origin: Origin, account: AccountRef, text: str, now: float) -> None:
        sender = origin.user
        guest_origin = limit_key(sender.address) if sender.account is None else None
        message = KeptMessage(0, sender.name, sender.account, text, now, guest_origin)
        if self._world.accounts.ignored_by(account.id).has(message.sender, message.account, now):
            is_kept = await self._drop(account, message)
        else:
            is_kept = await self._store.keep_message(
                account.id, message, MAX_KEPT_OF_SENDER, MAX_KEPT
            )
        if self._world.accounts.by_id(account.id) is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=account.name)
        if not is_kept:
            raise ChatError(ErrorCode.TOO_MANY_KEPT, name=account.name)
        # The message is in the store, whatever becomes of this operation and of the session: it is
        # for a recipient who has logged in meanwhile.
        self._log.submit(MessageKept(origin.key, account.id, text, now))

    async def _drop(self, account: AccountRef, message: KeptMessage) -> bool:
        """Drop a message of an ignored sender; return whether that of another would be kept."""
        kept = await self._store.kept_messages(account.id)
        assert message.account is not None  # no account ignores guests beyond a session
        dropped, since = self._dropped.setdefault(account.id, {}), message.time - self._keep_seconds
        times = [time for time in dropped.get(message.account, ()) if time >= since]
        if len(kept) >= MAX_KEPT or len(times) >= MAX_KEPT_OF_SENDER:
            return False
        dropped[message.account] = [*times, message.time]
        return True
