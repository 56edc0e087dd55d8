"""Chat: everything one can do here, with all the rules of who may and what is refused.

Every door and the console call this and `People` (who one is: accounts, logins, bans) and nothing
below them. It knows no connection and no dialect: what happens goes to the bus as events, what is
refused is raised as `ChatError`, and `now` (seconds since the epoch) is an argument. Membership
changes here and nowhere else, always together with its event, so that the one order of a room is
the order of these calls. While something waits, for the store say, the world goes on: what was
checked before is checked again after.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum

from chatd.core import errors
from chatd.core.events import (
    ADMINISTRATOR,
    Burst,
    Closed,
    Grouped,
    Joined,
    Kicked,
    Left,
    Notice,
    Reason,
    Said,
    Whispered,
)
from chatd.core.ports import IBus, IHistory, IRegistry
from chatd.core.ratelimit import Quota
from chatd.core.rooms import Chatter, Room


class Starters(StrEnum):
    """Who may start rooms, beside the Administrator."""

    EVERYONE = "everyone"
    ACCOUNTS = "accounts"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Rules:
    """What the operator decides about rooms (spec section 1).

    `rooms_per_client`: how many rooms a chatter may be in at once; `require_login`: guests may not
    join.
    """

    rooms_per_client: int = 1
    who_starts: Starters = Starters.EVERYONE
    require_login: bool = False


class Chat:
    """The rules of the chat."""

    def __init__(
        self, registry: IRegistry, bus: IBus, history: IHistory, rules: Rules | None = None
    ) -> None:
        self._registry = registry
        self._bus = bus
        self._history = history
        self._rules = rules or Rules()
        self._quota = Quota()

    # -- rooms

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order in which they were started."""
        return self._registry.rooms()

    def room(self, room_id: str) -> Room:
        """Return the room with that id; raise `ChatError` if there is none."""
        room = self._registry.room(room_id)
        if room is None:
            raise errors.no_such_room(room_id)
        return room

    async def start(self, room_id: str, name: str, now: float, by: Chatter | None = None) -> Room:
        """Start a room; raise `ChatError` if it exists, is not allowed or is one too many.

        `by` is None for the Administrator, who always may.
        """
        if by is not None:
            self._check_may_start(by)
        with self._started(by, now):
            return await self._registry.start_room(room_id, name)

    async def end(self, room_id: str, now: float) -> Room:
        """End a room: its members are told, and are in it no more; its history goes with it."""
        room = self.room(room_id)
        # First, so that nobody says anything in it while the store removes it.
        self._bus.publish(room, Closed(room.id, now))
        for member in list(room.members):
            room.remove(member)
        await self._registry.end_room(room)
        return room

    def announce(self, room_id: str, text: str, now: float) -> None:
        """Let the Administrator say something in a room."""
        room = self.room(room_id)
        self._bus.publish(room, Notice(ADMINISTRATOR, text, now, room.id))

    # -- coming and going

    async def join(self, who: Chatter, room_id: str, name: str | None, now: float) -> Room:
        """Take `who` into a room, under `name` or the one he has; raise `ChatError` if he may not.

        Who is logged in chats as his account, whatever `name` says.
        """
        self._check_may_join(who)
        room = self.room(room_id)
        self._check_place(who, room, who.account or name)
        await self._history.prepare(room)
        async with self.claimed_name(who, who.account or name, now) as his:
            self._check_may_join(who)
            return self._take_in(who, self.room(room_id), his, now)

    async def enter(self, who: Chatter, room_id: str, name: str | None, now: float) -> Room:
        """Take `who` into a room as `join` does; start it, named as its id, if it does not exist."""
        self._check_may_join(who)
        room = self._registry.room(room_id)
        self._check_place(who, room, who.account or name)
        if room is None:
            self._check_may_start(who)
        else:
            await self._history.prepare(room)
        async with self.claimed_name(who, who.account or name, now) as his:
            if self._registry.room(room_id) is None:
                await self._start_unless_started(room_id, who, now)
            self._check_may_join(who)
            return self._take_in(who, self.room(room_id), his, now)

    def switch(self, who: Chatter, room_id: str) -> Room:
        """Make another of his rooms the current one of `who`."""
        room = self.own_room(who, room_id)
        who.current = room
        return room

    def own_room(self, who: Chatter, room_id: str | None = None) -> Room:
        """Return the room of `who` with that id, or his current one; raise `ChatError` if there is none."""
        if room_id is None:
            if who.current is None:
                raise errors.in_no_room()
            return who.current
        room = self._registry.room(room_id)
        if room is None or not who.is_in(room):
            raise errors.not_in_room(room.id if room else room_id)
        return room

    def leave(self, who: Chatter, room: Room, reason: Reason, now: float) -> None:
        """Let `who` go out of `room`, which he is in."""
        room.remove(who)
        self._bus.publish(room, Left(room.id, who.name, who.address, reason, now), who)

    def leave_all(self, who: Chatter, reason: Reason, now: float) -> None:
        """Let `who` go out of all his rooms, and be nobody: without a name, logged out."""
        for room in list(who.rooms.values()):
            self.leave(who, room, reason, now)
        self._become_nobody(who)

    def depart(self, who: Chatter, reason: Reason, now: float) -> None:
        """Let `who` go: he is no longer here."""
        who.gone = True
        self.leave_all(who, reason, now)

    def withdraw(self, who: Chatter) -> None:
        """Let `who` go without a word to anybody: the server is about to stop."""
        who.gone = True
        for room in list(who.rooms.values()):
            room.remove(who)
        self._become_nobody(who)

    def kick(self, name: str, room_id: str, now: float) -> tuple[Chatter, Room]:
        """Put somebody out of a room; return him and the room."""
        room = self._registry.room(room_id)
        who = self._person(name)
        if room is None or who is None or not who.is_in(room):
            raise errors.no_such_chatter_in_room(name, room.id if room else room_id)
        self.leave(who, room, Reason.KICKED, now)
        self._bus.tell(who, Kicked(room.id, room.name, who.name, who.address, now))
        return who, room

    def group(self, name: str, room: Room, now: float) -> Chatter:
        """Bring somebody into `room`, out of his current one if he has no place free; return him."""
        who = self._person(name)
        if who is None:
            raise errors.no_such_chatter(name)
        if not who.is_in(room):
            left = who.current if len(who.rooms) >= self._rules.rooms_per_client else None
            if left is not None:
                self.leave(who, left, Reason.GROUPED, now)
            left_id = left.id if left else None
            self._bus.tell(who, Grouped(room.id, room.name, left_id, who.name, who.address, now))
            self._take_in(who, room, who.name, now)
        return who

    # -- talking

    def say(self, who: Chatter, room: Room, texts: Sequence[str], now: float) -> Burst | None:
        """Say `texts` in `room`, a room of `who`; return what was said, or None if all are empty."""
        if "" in texts:
            texts = [text for text in texts if text]
        return self._bus.say(room, who, texts, now) if texts else None

    async def history(
        self, who: Chatter, room_id: str | None, since: int | None, limit: int
    ) -> tuple[Room, Sequence[Said]]:
        """Return a room of `who` and what was said in it: `IHistory.read` says which messages."""
        room = self.own_room(who, room_id)
        messages = await self._history.read(room, since, limit)
        if who.rooms.get(room.key) is not room:  # he has been put out meanwhile
            raise errors.in_no_room() if who.current is None else errors.not_in_room(room.id)
        return room, messages

    def whisper(self, who: Chatter, name: str, text: str, now: float) -> Chatter:
        """Say `text` to one chatter alone; return him."""
        if not who.name:
            raise errors.in_no_room()
        other = self._person(name)
        if other is None:
            raise errors.no_such_chatter(name)
        self._bus.tell(other, Whispered(who.name, text, now))
        return other

    # -- rules

    def _check_may_join(self, who: Chatter) -> None:
        if self._rules.require_login and who.account is None:
            raise errors.login_first()

    def _check_may_start(self, who: Chatter) -> None:
        may = self._rules.who_starts
        if may is Starters.NOBODY or (may is Starters.ACCOUNTS and who.account is None):
            raise errors.may_not_start()

    def _started(self, by: Chatter | None, now: float) -> AbstractContextManager[None]:
        """Count a room being started, if a guest does."""
        if by is None or by.account is not None:
            return nullcontext()
        return self._quota.spent(by.address, now)

    def _check_place(self, who: Chatter, room: Room | None, name: str | None) -> None:
        """Raise `ChatError` unless `who` can join `room` (None: a new one) as `name` (None: as he is)."""
        if room is not None and who.is_in(room):
            raise errors.no_place_free(room.id)
        if who.current is None:
            return
        renames = name is not None and not self._is_name_of(who, name)
        if renames or len(who.rooms) >= self._rules.rooms_per_client:
            raise errors.no_place_free(who.current.id)

    def _person(self, name: str) -> Chatter | None:
        """Return who has `name`, but not one for whom his first is only being claimed."""
        who = self._registry.find(name)
        return who if who is not None and who.name else None

    def _is_name_of(self, who: Chatter, name: str) -> bool:
        return self._registry.find(name) is who

    @asynccontextmanager
    async def claimed_name(
        self, who: Chatter, name: str | None, now: float, account: str | None = None
    ) -> AsyncIterator[str]:
        """Claim `name`, or keep the one `who` has; what is refused inside gives a new one back.

        `account`: whose owner he has shown to be; the name of an account is for its owner alone.
        """
        if name is None or self._is_name_of(who, name):
            if not who.name:
                raise errors.NameMissingError
            yield who.name
            return
        claimed = await self._registry.claim_name(who, name, account)
        try:
            if self._registry.bars_name(claimed, now):
                raise errors.BannedError
            yield claimed
        finally:
            if who.name != claimed:
                self._registry.release_name(who, claimed)

    def _become_nobody(self, who: Chatter) -> None:
        who.account = None
        self._registry.take_name(who, "")

    async def _start_unless_started(self, room_id: str, by: Chatter, now: float) -> None:
        try:
            await self.start(room_id, room_id, now, by)
        except errors.ChatError as error:
            if error.code != errors.ROOM_EXISTS:
                raise

    def _take_in(self, who: Chatter, room: Room, name: str, now: float) -> Room:
        if who.gone:
            raise errors.gone()
        # While a name was claimed or a room started, he may have been grouped.
        self._check_place(who, room, None)
        if who.name != name:
            self._registry.take_name(who, name)
        room.add(who)
        self._bus.publish(room, Joined(room.id, who.name, who.address, now), who)
        return room
