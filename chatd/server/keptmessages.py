"""The delivery of private messages that were kept for an account while nobody was logged in to it.

The oldest session of the account's user is sent them once the client has read that it is logged in.
They are removed from the store when its connection has stayed for a while. If it is lost before
that, the session that is the oldest then is sent them again, or the one that logs in next. So no
message is lost, and few are sent twice. A call that the store fails is made again.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core.errors import StoreUnavailableError
from chatd.core.events import PrivateMessage
from chatd.core.records import KeptMessage
from chatd.core.store import IStore
from chatd.core.world.effects import KeptMessagesDue
from chatd.core.world.world import World
from chatd.fanout.buffer import Subscriber
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router

STAY_SECONDS: Final = 5.0
"""How long a connection must stay after messages were written to it."""

RETRY_SECONDS: Final = 10.0
"""How often calls are made again that the store has failed."""

_log = Logger(namespace="chatd")

_Written = Mapping[int, Subscriber | None]


class _Delivery:
    """The messages of an account that are on their way.

    `written` has the ids of messages that are still in the store, and the session that each was
    written to, or None once its connection has stayed; `stayed` has the ids of the latter. With
    `is_due` the store is to be asked for further messages, and `is_asking` while it is asked.
    """

    def __init__(self) -> None:
        self.written: dict[int, Subscriber | None] = {}
        self.stayed: set[int] = set()
        self.is_due = False
        self.is_asking = False


class KeptMessages:
    """Delivers kept messages to the sessions of this server, and removes them from the store.

    `clock` is the part of a reactor that calls later.
    """

    def __init__(
        self, world: World, store: IStore, router: Router, fanout: Fanout, clock: Any
    ) -> None:
        self._world = world
        self._store = store
        self._router = router
        self._fanout = fanout
        self._clock = clock
        self._deliveries: dict[int, _Delivery] = {}

    def welcome(self, session: Subscriber) -> None:
        """Send a session what is kept for its account; its client was told that it is logged in."""
        session.welcomed = session.user
        if session.user.account is not None:
            self._start(session.user.account)

    def on_due(self, due: KeptMessagesDue) -> None:
        """Send the oldest session of a user what is kept, if it is one of this server."""
        if due.user.account is not None:
            self._start(due.user.account)

    async def retry(self) -> None:
        """Make the calls again that the store has failed; raise `StoreUnavailableError`."""
        for account, delivery in list(self._deliveries.items()):
            if delivery.stayed:
                await self._remove(account, delivery)
            if delivery.is_due and not delivery.is_asking:
                await self._deliver(account, delivery)

    def _addressee(self, account: int) -> Subscriber | None:
        """Return the oldest session of an account, if it is here and was welcomed."""
        ref = self._world.accounts.by_id(account)
        user = None if ref is None else self._world.user_of(ref)
        session = None if user is None else self._router.find(user.sessions[0])
        if session is None or session.closed or session.welcomed is not user:
            return None
        return session

    # -- from the store to the session

    def _start(self, account: int) -> None:
        """Ask the store for messages, or once more if it is asked already."""
        delivery = self._deliveries.setdefault(account, _Delivery())
        delivery.is_due = True
        if not delivery.is_asking:
            _run(self._deliver(account, delivery))

    async def _deliver(self, account: int, delivery: _Delivery) -> None:
        """Write to the oldest session what is in the store, and what comes there meanwhile."""
        delivery.is_asking = True
        try:
            while delivery.is_due and self._addressee(account) is not None:
                written = dict(delivery.written)
                delivery.is_due = False
                try:
                    messages = await self._store.kept_messages(account)
                except StoreUnavailableError:
                    delivery.is_due = True
                    raise
                # Those that the store has removed meanwhile may be among its answer.
                self._write(account, delivery, messages, written | delivery.written)
            delivery.is_due = False  # without a session the next one begins again
        finally:
            delivery.is_asking = False
            self._tidy(account, delivery)

    def _write(
        self,
        account: int,
        delivery: _Delivery,
        messages: Sequence[KeptMessage],
        written: _Written,
    ) -> None:
        """Write those messages that no session has, as many as the client can take."""
        session = self._addressee(account)
        if session is None:
            return
        wanted = [message for message in messages if _is_wanted(message.id, written)]
        ids = []
        for message in wanted:
            if session.send_queue.is_behind:
                break
            sender, text, time = message.sender, message.text, message.time
            private = PrivateMessage(
                sender, text, time, account=message.account, is_kept=True, reader=session.user.name
            )
            self._fanout.answer(session, private)
            ids.append(message.id)
        delivery.written.update(dict.fromkeys(ids, session))
        if wanted:
            self._watch(account, delivery, session, ids, len(ids) < len(wanted))

    def _watch(
        self,
        account: int,
        delivery: _Delivery,
        session: Subscriber,
        ids: Sequence[int],
        has_more: bool,
    ) -> None:
        """See after a while whether the connection has stayed; then `has_more` begins again."""

        def check() -> None:
            if session.closed:
                for lost in ids:
                    if delivery.written.get(lost) is session:
                        del delivery.written[lost]
            elif session.send_queue.queued:
                self._watch(account, delivery, session, ids, has_more)
            else:
                delivery.written.update(dict.fromkeys(ids))
                delivery.stayed.update(ids)
                _run(self._remove(account, delivery))
                if has_more:
                    self._start(account)
            self._tidy(account, delivery)

        self._clock.callLater(STAY_SECONDS, check)

    # -- what is delivered

    async def _remove(self, account: int, delivery: _Delivery) -> None:
        """Remove the messages from the store whose connections have stayed."""
        ids = frozenset(delivery.stayed)
        await self._store.remove_kept_messages(ids)
        delivery.stayed -= ids
        for message_id in ids:
            delivery.written.pop(message_id, None)
        self._tidy(account, delivery)

    def _tidy(self, account: int, delivery: _Delivery) -> None:
        """Forget a delivery that is over."""
        is_over = not (delivery.written or delivery.is_due or delivery.is_asking)
        if is_over and self._deliveries.get(account) is delivery:
            del self._deliveries[account]


def _is_wanted(message_id: int, written: _Written) -> bool:
    """Tell whether a message was written to no session, or to one that was lost too early."""
    if message_id not in written:
        return True
    session = written[message_id]
    return session is not None and session.closed


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Begin some work that nobody waits for; a store that is unavailable is tried again later."""
    Deferred.fromCoroutine(work).addErrback(_log_fault)


def _log_fault(failure: Failure) -> None:
    if failure.check(StoreUnavailableError) is None:
        _log.failure("Delivering kept messages failed", failure)
